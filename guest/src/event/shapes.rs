//! What keys came behind which: events of one kind have the same members in the
//! same order, so most keys are told by comparing them with the ones that came
//! there before, without looking for their ends or for where they lead.
//!
//! It is a memory of what [`Projection::step`](super::Projection) said, so what a scan finds
//! does not depend on it.

use super::bytes::halves;
use super::place::{EdgeId, NONE, NOWHERE, NodeId, Place};

/// The edge that leads to the outermost value.
pub(super) const ROOT: EdgeId = 0;

/// Longest remembered key, with its quotes and what is around them.
const KEY_BYTES_MAX: usize = 32;

/// Most remembered keys: hostile events may have ever new ones. Once there are
/// so many all are forgotten, so that those of later events are remembered.
const EDGES_MAX: usize = 4096;

/// Keys are found by a hash that events may have many of the same of; so many
/// are looked at.
const ALIKE_MAX: usize = 16;

/// Keys and what comes behind them.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    edges: Vec<Edge>,
    /// Of each edge the node that it comes from, and the edge with the same hash
    /// that was added before.
    links: Vec<(NodeId, EdgeId)>,
    /// By hash the edge that was added last.
    newest: Vec<EdgeId>,
}

/// A key of the objects at one path. In 64 bytes, so that one is found by a shift.
#[derive(Clone, Debug)]
struct Edge {
    /// All from the comma on to the colon, white space included: `,"key":`, and
    /// zeros. Where the key comes first there is a bracket for the comma.
    key: [u8; KEY_BYTES_MAX],
    /// As many ones as it has bytes, less the first, which is not compared.
    mask: u32,
    /// Where the key leads.
    place: Place,
    /// Three keys that came behind its value last, the last one first; then two
    /// that came first in its value, if that is an object.
    expected: [EdgeId; 5],
}

/// A place in an object: at its beginning, or behind a member. Of an edge that
/// is [`NONE`] nothing is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct After {
    edge: EdgeId,
    /// The byte in front of the next key.
    separator: u8,
    /// Where in [`Edge::expected`] the next keys are.
    expected: (usize, usize),
}

impl After {
    /// Behind the bracket of an object that the edge led to.
    #[inline(always)]
    pub(super) fn opening(edge: EdgeId) -> Self {
        Self { edge, separator: b'{', expected: (3, 5) }
    }

    /// Behind the value that the edge led to.
    #[inline(always)]
    pub(super) fn member(edge: EdgeId) -> Self {
        Self { edge, separator: b',', expected: (0, 3) }
    }

    /// The byte in front of the next key: a bracket or a comma.
    #[inline(always)]
    pub(super) fn separator(self) -> u8 {
        self.separator
    }
}

impl Shapes {
    /// Makes it ready for an event.
    pub(super) fn prepare(&mut self) {
        if self.edges.len() >= EDGES_MAX {
            *self = Self::default();
        }
        if self.edges.is_empty() {
            self.edges.push(Edge::new(&[], Place::NOWHERE));
            self.links.push((NOWHERE, NONE));
            self.newest.resize(EDGES_MAX, NONE);
        }
    }

    /// Where the key leads in front of which `bytes` begin with a bracket or
    /// comma, and how long it is from there on to its colon, if it is one of those
    /// that came here last. What is in front of it is for the caller to compare.
    #[inline(always)]
    pub(super) fn tell(&self, after: After, bytes: &[u8; KEY_BYTES_MAX]) -> Option<(Place, usize)> {
        let expected = &self.edges.get(after.edge as usize)?.expected;
        let often = self.edges.get(*expected.get(after.expected.0)? as usize)?;
        if often.is(bytes) {
            return Some((often.place, often.length()));
        }
        self.tell_seldom(after, bytes)
    }

    #[inline(never)]
    fn tell_seldom(&self, after: After, bytes: &[u8; KEY_BYTES_MAX]) -> Option<(Place, usize)> {
        let expected = self.edges.get(after.edge as usize)?.expected.get(after.expected.0 + 1..after.expected.1)?;
        let mut edges = expected.iter().filter_map(|&number| self.edges.get(number as usize));
        edges.find(|edge| edge.is(bytes)).map(|edge| (edge.place, edge.length()))
    }

    /// Remembers that `key`, written from bracket or comma to colon, came here in
    /// an object at `parent` and leads to `place`. Answers with that place, its
    /// edge included.
    pub(super) fn learn(&mut self, after: After, parent: Place, place: Place, key: &[u8]) -> Place {
        let Some(number) = self.edge_of(parent, place, key) else { return place };
        let edge = self.edges.get_mut(after.edge as usize);
        let expected = edge.and_then(|edge| edge.expected.get_mut(after.expected.0..after.expected.1));
        if let Some(expected) = expected {
            // One that is there already only moves to the front.
            let known = expected.iter().position(|&one| one == number).unwrap_or(expected.len() - 1);
            expected.iter_mut().take(known + 1).fold(number, |before, one| std::mem::replace(one, before));
        }
        place.by(number)
    }

    fn edge_of(&mut self, parent: Place, place: Place, key: &[u8]) -> Option<EdgeId> {
        if key.len() > KEY_BYTES_MAX {
            return None;
        }
        let hash = hash(parent.node(), key.get(1..).unwrap_or_default());
        self.known(hash, parent.node(), key)?.or_else(|| self.add(hash, parent.node(), place, key))
    }

    /// The edge of a key, or that there is none; nothing where too many were
    /// looked at.
    fn known(&self, hash: usize, parent: NodeId, key: &[u8]) -> Option<Option<EdgeId>> {
        let mut number = *self.newest.get(hash)?;
        for _ in 0..ALIKE_MAX {
            let Some(edge) = self.edges.get(number as usize) else { return Some(None) };
            let (from, next) = *self.links.get(number as usize)?;
            if from == parent && edge.key().get(1..) == key.get(1..) {
                return Some(Some(number));
            }
            number = next;
        }
        None
    }

    fn add(&mut self, hash: usize, parent: NodeId, place: Place, key: &[u8]) -> Option<EdgeId> {
        if self.edges.len() >= EDGES_MAX {
            return None;
        }
        let number = self.edges.len() as EdgeId;
        let newest = self.newest.get_mut(hash)?;
        self.edges.push(Edge::new(key, place.by(number)));
        self.links.push((parent, *newest));
        *newest = number;
        Some(number)
    }
}

/// A number below [`EDGES_MAX`] for a key of the objects at a node.
fn hash(node: NodeId, key: &[u8]) -> usize {
    let mix = |hash: u32, byte: u32| (hash ^ byte).wrapping_mul(0x0100_0193);
    let hash = key.iter().fold(mix(0x811c_9dc5, node), |hash, &byte| mix(hash, byte.into()));
    (hash >> 16) as usize % EDGES_MAX
}

impl Edge {
    fn new(key: &[u8], place: Place) -> Self {
        let mut bytes = [0; KEY_BYTES_MAX];
        bytes.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        let mask = u32::MAX.checked_shr((KEY_BYTES_MAX - key.len()) as u32).unwrap_or(0);
        Self { key: bytes, mask: mask & !1, place, expected: [NONE; 5] }
    }

    /// Whether it is the key that begins here; the bracket or comma is not
    /// compared.
    #[inline(always)]
    fn is(&self, bytes: &[u8; KEY_BYTES_MAX]) -> bool {
        let [low, high] = halves(bytes);
        let [own_low, own_high] = halves(&self.key);
        let same = low.equal(own_low).bits() | high.equal(own_high).bits() << 16;
        self.mask & !same == 0
    }

    #[inline(always)]
    fn length(&self) -> usize {
        (u32::BITS - self.mask.leading_zeros()) as usize
    }

    fn key(&self) -> &[u8] {
        self.key.get(..self.length()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use firstseen_query::Layout;

    use super::*;
    use crate::event::Projection;

    fn opening() -> After {
        After::opening(ROOT)
    }

    fn shapes() -> (Shapes, [Place; 3]) {
        let mut projection = Projection::default();
        projection.values("a");
        projection.values("b");
        let mut shapes = Shapes::default();
        shapes.prepare();
        let edges = [ROOT, NONE, NONE];
        (shapes, [0, 1, 2].map(|node| projection.place(node, edges[node as usize])))
    }

    fn padded(text: &str) -> Vec<u8> {
        format!("{text}{}", " ".repeat(KEY_BYTES_MAX)).into_bytes()
    }

    fn at(line: &[u8], at: usize) -> &[u8; KEY_BYTES_MAX] {
        line[at..].first_chunk().unwrap()
    }

    #[test]
    fn tells_what_came_before() {
        let (mut shapes, [root, a, b]) = shapes();
        let line = padded(r#"{"a":1,"b":2}"#);
        assert!(shapes.tell(opening(), at(&line, 0)).is_none());
        let a = shapes.learn(opening(), root, a, br#"{"a":"#);
        let behind_a = After::member(a.edge);
        let b = shapes.learn(behind_a, root, b, br#","b":"#);
        assert_eq!(shapes.tell(opening(), at(&line, 0)), Some((a, 5)));
        assert_eq!(shapes.tell(behind_a, at(&line, 6)), Some((b, 5)));
        assert!(shapes.tell(behind_a, at(&padded(r#",'b":2"#), 0)).is_none());
        assert!(shapes.tell(opening(), at(&line, 6)).is_none());
        assert!(shapes.tell(After::member(NONE), at(&line, 0)).is_none());
        // The other way round as well; both are known then.
        assert_eq!(shapes.learn(opening(), root, b, br#"{"b":"#), b);
        assert_eq!(shapes.tell(opening(), at(&line, 6)), Some((b, 5)));
        assert_eq!(shapes.tell(opening(), at(&line, 0)), Some((a, 5)));
    }

    #[test]
    fn a_key_of_every_length() {
        for length in 1..=40 {
            let (mut shapes, [root, a, _]) = shapes();
            let key = format!("{{\"{}\":", "k".repeat(length));
            let learnt = shapes.learn(opening(), root, a, key.as_bytes());
            let fits = key.len() <= KEY_BYTES_MAX;
            assert_eq!(learnt.edge != NONE, fits, "{length}");
            let told = shapes.tell(opening(), at(&padded(&format!("{key}1")), 0));
            assert_eq!(told, fits.then_some((learnt, key.len())));
            let other = padded(&format!("{{\"{}x\":", "k".repeat(length - 1)));
            assert!(shapes.tell(opening(), at(&other, 0)).is_none());
        }
    }

    #[test]
    fn ever_new_keys_are_not_kept() {
        let mut projection = Projection::default();
        for number in 0..1000 {
            projection.values(&number.to_string());
        }
        let mut shapes = Shapes::default();
        shapes.prepare();
        for parent in 0..1000 {
            let parent = projection.place(parent, NONE);
            for number in 0..300 {
                shapes.learn(After::member(NONE), parent, Place::NOWHERE, format!(",\"{number}\":").as_bytes());
            }
        }
        assert_eq!(shapes.edges.len(), EDGES_MAX);
        shapes.prepare();
        assert_eq!(shapes.edges.len(), 1);
    }
}
