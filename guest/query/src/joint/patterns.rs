//! Patterns with stars, all of them laid over a text at once.
//!
//! One automaton (Aho and Corasick's) finds the pieces that stand between stars. What they come to
//! is a tree: its edges are pieces, and each pattern is a way from the root. An edge is passed once
//! for a text, as early as may be, which is all that a star asks for; only edges whose time has come
//! wait for their piece. So a text costs what its bytes cost, the pieces found in it, and the edges
//! passed.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::{Builder, NFA};
use aho_corasick::{Anchored, BuildError};

use super::findings::Work;

/// Patterns, ready to be laid over texts.
#[derive(Clone, Debug)]
pub(super) struct Patterns<T> {
    automaton: NFA,
    /// What is found, by the automaton's numbers.
    pieces: Vec<Piece>,
    nodes: Vec<Node>,
    /// The targets of the nodes, one behind the other.
    targets: Vec<T>,
    /// How long the shortest piece is.
    shortest: usize,
}

/// A text that stands in patterns.
#[derive(Clone, Debug)]
struct Piece {
    length: u32,
    /// Where it leads from the root, by how it is anchored; the root if nowhere.
    from_root: [NodeId; 3],
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// Edges to pieces that may be anywhere behind, and to those at the end of the text.
    edges: [Vec<(PieceId, NodeId)>; 2],
    /// The targets of the patterns that end here.
    targets: core::ops::Range<u32>,
}

type NodeId = u32;
type PieceId = u32;
const ROOT: NodeId = 0;

/// How a piece is anchored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    /// At the start of the text, from the root only.
    Start,
    /// Anywhere behind what came before.
    Anywhere,
    /// At the end of the text.
    End,
}

/// Memory that laying patterns over a text takes.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// For each node the last text in which it was reached.
    reached: Vec<u32>,
    /// The number of the present text.
    text: u32,
    /// For each piece the nodes that wait for it, anywhere and at the end, with the end of what came
    /// before. Empty between two texts.
    waiting: [Vec<Vec<(NodeId, u32)>>; 2],
    /// The pieces that something waits for.
    waited_for: Vec<PieceId>,
}

/// What patterns are made of.
#[derive(Debug)]
pub(super) struct PatternsBuilder<T> {
    ignore_case: bool,
    pieces: Vec<String>,
    numbers: BTreeMap<String, PieceId>,
    nodes: Vec<BTreeMap<(At, PieceId), NodeId>>,
    targets: Vec<Vec<T>>,
}

impl<T: Copy> PatternsBuilder<T> {
    /// `ignore_case`: that of ASCII letters makes no difference.
    pub(super) fn new(ignore_case: bool) -> Self {
        let (nodes, targets) = (Vec::from([BTreeMap::new()]), Vec::from([Vec::new()]));
        Self { ignore_case, pieces: Vec::new(), numbers: BTreeMap::new(), nodes, targets }
    }

    /// Adds a pattern by the texts around its stars, one more than there are stars, at least one.
    pub(super) fn add(&mut self, texts: &[String], target: T) {
        let mut node = ROOT as usize;
        if let [first, rest @ ..] = texts {
            if !first.is_empty() {
                node = self.edge(node, At::Start, first);
            }
            if let [inner @ .., last] = rest {
                for text in inner.iter().filter(|text| !text.is_empty()) {
                    node = self.edge(node, At::Anywhere, text);
                }
                if !last.is_empty() {
                    node = self.edge(node, At::End, last);
                }
            }
        }
        if let Some(targets) = self.targets.get_mut(node) {
            targets.push(target);
        }
    }

    fn edge(&mut self, from: usize, at: At, text: &str) -> usize {
        let text = if self.ignore_case { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) };
        let piece = match self.numbers.get(&*text) {
            Some(&known) => known,
            None => {
                let number = self.pieces.len() as PieceId;
                self.pieces.push(String::from(&*text));
                self.numbers.insert(text.into_owned(), number);
                number
            }
        };
        let next = self.nodes.len() as NodeId;
        let Some(edges) = self.nodes.get_mut(from) else { return from };
        let to = *edges.entry((at, piece)).or_insert(next);
        if to == next {
            self.nodes.push(BTreeMap::new());
            self.targets.push(Vec::new());
        }
        to as usize
    }

    pub(super) fn is_empty(&self) -> bool {
        self.targets.iter().all(Vec::is_empty)
    }

    /// The patterns; none if nothing was added.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where the pieces are too long together.
    pub(super) fn build(self) -> Result<Option<Patterns<T>>, BuildError> {
        if self.is_empty() {
            return Ok(None);
        }
        let mut builder = Builder::new();
        let automaton = builder.ascii_case_insensitive(self.ignore_case).prefilter(false).build(&self.pieces)?;
        let piece = |text: &String| Piece { length: text.len() as u32, from_root: [ROOT; 3] };
        let mut pieces: Vec<Piece> = self.pieces.iter().map(piece).collect();
        let mut nodes = Vec::with_capacity(self.nodes.len());
        let mut targets = Vec::new();
        for (id, (edges, own)) in self.nodes.into_iter().zip(self.targets).enumerate() {
            let mut node = Node::default();
            for ((at, piece), to) in edges {
                if id == ROOT as usize {
                    if let Some(Piece { from_root: [start, anywhere, end], .. }) = pieces.get_mut(piece as usize) {
                        *match at {
                            At::Start => start,
                            At::Anywhere => anywhere,
                            At::End => end,
                        } = to;
                    }
                } else {
                    let [behind, at_end] = &mut node.edges;
                    if at == At::End { at_end } else { behind }.push((piece, to));
                }
            }
            let start = targets.len() as u32;
            targets.extend(own);
            node.targets = start..targets.len() as u32;
            nodes.push(node);
        }
        let shortest = self.pieces.iter().map(String::len).min().unwrap_or(usize::MAX);
        Ok(Some(Patterns { automaton, pieces, nodes, targets, shortest }))
    }
}

impl<T: Copy> Patterns<T> {
    /// Calls `found` with the targets of the patterns that match a text, each once. False where
    /// there was not enough work left to find all.
    pub(super) fn lay_over(
        &self,
        text: &str,
        scratch: &mut Scratch,
        work: &mut Work,
        mut found: impl FnMut(&[T]),
    ) -> bool {
        if text.len() < self.shortest {
            if let Some(root) = self.nodes.first() {
                found(self.targets_of(root));
            }
            return true;
        }
        scratch.begin(self.nodes.len(), self.pieces.len());
        let mut laying = Laying { patterns: self, scratch, found: &mut found, steps: 0 };
        let is_through = laying.go_through(text.as_bytes(), work);
        scratch.end();
        is_through
    }
}

impl<T> Patterns<T> {
    fn targets_of(&self, node: &Node) -> &[T] {
        self.targets.get(node.targets.start as usize..node.targets.end as usize).unwrap_or_default()
    }
}

impl Scratch {
    fn begin(&mut self, nodes: usize, pieces: usize) {
        self.text = self.text.wrapping_add(1);
        if self.text == 0 {
            self.reached.clear();
            self.text = 1;
        }
        if self.reached.len() < nodes {
            self.reached.resize(nodes, 0);
        }
        for waiting in &mut self.waiting {
            if waiting.len() < pieces {
                waiting.resize_with(pieces, Vec::new);
            }
        }
    }

    fn waiting_for(&mut self, which: usize, piece: PieceId) -> Option<&mut Vec<(NodeId, u32)>> {
        self.waiting.get_mut(which)?.get_mut(piece as usize)
    }

    fn end(&mut self) {
        for piece in self.waited_for.drain(..) {
            for waiting in &mut self.waiting {
                if let Some(waiting) = waiting.get_mut(piece as usize) {
                    waiting.clear();
                }
            }
        }
    }
}

/// Patterns on their way over a text.
struct Laying<'p, 's, 'f, T> {
    patterns: &'p Patterns<T>,
    scratch: &'s mut Scratch,
    found: &'f mut dyn FnMut(&[T]),
    /// Pieces and edges that were looked at since work was counted last.
    steps: u64,
}

impl<T: Copy> Laying<'_, '_, '_, T> {
    fn go_through(&mut self, text: &[u8], work: &mut Work) -> bool {
        let automaton = &self.patterns.automaton;
        // Unanchored searches are what it was built for.
        let Ok(mut state) = automaton.start_state(Anchored::No) else { return false };
        if !work.spend(text.len() as u64) {
            return false;
        }
        self.reach(ROOT, 0);
        for (at, &byte) in text.iter().enumerate() {
            state = automaton.next_state(Anchored::No, state, byte);
            if !automaton.is_special(state) || !automaton.is_match(state) {
                continue;
            }
            for number in 0..automaton.match_len(state) {
                let piece = automaton.match_pattern(state, number).as_u32();
                self.pass(piece, at as u32 + 1, at + 1 == text.len());
            }
            if !work.spend(core::mem::take(&mut self.steps)) {
                return false;
            }
        }
        true
    }

    /// Passes the edges of a piece that ends at `end`.
    fn pass(&mut self, piece: PieceId, end: u32, is_last: bool) {
        self.steps += 1;
        let Some(&Piece { length, from_root }) = self.patterns.pieces.get(piece as usize) else { return };
        let start = end.saturating_sub(length);
        for (node, is_here) in from_root.into_iter().zip([start == 0, true, is_last]) {
            if node != ROOT && is_here {
                self.reach(node, end);
            }
        }
        self.pass_waiting(0, piece, start, end);
        if is_last {
            self.pass_waiting(1, piece, start, end);
        }
    }

    fn pass_waiting(&mut self, which: usize, piece: PieceId, start: u32, end: u32) {
        let Some(waiting) = self.scratch.waiting_for(which, piece).filter(|waiting| !waiting.is_empty()) else {
            return;
        };
        // Taken out, since the same piece may be waited for anew.
        let mut taken = core::mem::take(waiting);
        self.steps += taken.len() as u64;
        taken.retain(|&(node, before)| {
            let has_room = before <= start;
            if has_room {
                self.reach(node, end);
            }
            !has_room
        });
        if let Some(waiting) = self.scratch.waiting_for(which, piece) {
            taken.append(waiting);
            *waiting = taken;
        }
    }

    /// A node is reached by what ends at `end`, unless it was before.
    fn reach(&mut self, id: NodeId, end: u32) {
        let Some(reached) = self.scratch.reached.get_mut(id as usize) else { return };
        if core::mem::replace(reached, self.scratch.text) == self.scratch.text {
            return;
        }
        let Some(node) = self.patterns.nodes.get(id as usize) else { return };
        for (which, edges) in node.edges.iter().enumerate() {
            self.steps += edges.len() as u64;
            for &(piece, to) in edges {
                if let Some(waiting) = self.scratch.waiting_for(which, piece) {
                    waiting.push((to, end));
                    self.scratch.waited_for.push(piece);
                }
            }
        }
        let targets = self.patterns.targets_of(node);
        if !targets.is_empty() {
            self.steps += targets.len() as u64;
            (self.found)(targets);
        }
    }
}
