//! Java's syntax (`java.util.regex.Pattern`), as far as it is regular.
//!
//! A text matches if all of it does (`matches`), so that greedy and lazy repetitions come to the
//! same, and the start and the end of the text may be named only where they are. Everything else
//! that looks around (`\b`, `(?=…)`), refers back or does not give back (`a++`) is refused, and so
//! are classes by Unicode's properties.

mod class;
mod escape;
mod reader;

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::limit::MAX_DEPTH;

use self::class::class;
use self::escape::{Escape, LINE_ENDS, either_case, escape, vertical};
use self::reader::Reader;
use super::chars::Chars;
use super::error::{RegexError, RegexErrorKind};
use super::tree::Tree;

/// Reads a pattern. `ignore_case`: as Java's `CASE_INSENSITIVE` alone, which is about ASCII.
pub(super) fn parse(pattern: &str, ignore_case: bool) -> Result<Tree, RegexError> {
    let flags = Flags { ignore_case, dot_is_all: false };
    let mut parser = Parser { reader: Reader::new(pattern), flags, depth: 0, names: BTreeSet::new() };
    let node = parser.union()?;
    if parser.reader.is_at_end() { Ok(node.tree) } else { Err(RegexErrorKind::Unopened.at(parser.reader.place())) }
}

struct Parser {
    reader: Reader,
    flags: Flags,
    depth: usize,
    /// Those of groups.
    names: BTreeSet<String>,
}

#[derive(Clone, Copy)]
struct Flags {
    /// `i`.
    ignore_case: bool,
    /// `s`.
    dot_is_all: bool,
}

/// What was read.
struct Node {
    tree: Tree,
    /// How deep repetitions go in it.
    height: usize,
    /// Where it asks for the start of the text, which must be where it begins.
    start: Option<usize>,
    /// Where it asks for the end of the text, which must be where it ends.
    end: Option<usize>,
    /// Where it asks for a line break. Java gives none back that it has taken as one of several.
    line_break: Option<usize>,
}

impl From<Tree> for Node {
    fn from(tree: Tree) -> Self {
        Self { tree, height: 0, start: None, end: None, line_break: None }
    }
}

impl From<Chars> for Node {
    fn from(chars: Chars) -> Self {
        Tree::Chars(chars).into()
    }
}

type Read<T> = Result<T, RegexError>;

impl Parser {
    fn union(&mut self) -> Read<Node> {
        let mut node = self.sequence()?;
        let mut trees = Vec::from([node.tree]);
        while self.reader.eat('|') {
            let next = self.sequence()?;
            node.height = node.height.max(next.height);
            node.start = node.start.or(next.start);
            node.end = node.end.or(next.end);
            node.line_break = node.line_break.or(next.line_break);
            trees.push(next.tree);
        }
        Ok(Node { tree: Tree::joined(trees, Tree::Union), ..node })
    }

    fn sequence(&mut self) -> Read<Node> {
        let mut all = Node::from(Tree::EMPTY);
        let mut trees = Vec::new();
        while !self.reader.is_at_end() && !matches!(self.reader.peek(), Some('|' | ')')) {
            let Some(node) = self.item()? else { continue };
            all.height = all.height.max(node.height);
            // Something stands ahead of the start, or behind the end.
            let is_end = node.end.is_some() && node.tree == Tree::EMPTY;
            let misplaced = node.start.filter(|_| !trees.is_empty()).or(all.end.filter(|_| !is_end));
            if let Some(place) = misplaced {
                return Err(RegexErrorKind::Unsupported.at(place));
            }
            all.start = all.start.or(node.start);
            all.end = all.end.or(node.end);
            all.line_break = all.line_break.or(node.line_break);
            if node.tree != Tree::EMPTY {
                trees.push(node.tree);
            }
        }
        Ok(Node { tree: Tree::joined(trees, Tree::Sequence), ..all })
    }

    /// Something that may be repeated; none if flags are all that was read.
    fn item(&mut self) -> Read<Option<Node>> {
        let place = self.reader.place();
        let node = match self.reader.peek() {
            Some('(') => match self.group()? {
                Some(group) => group,
                None => return Ok(None),
            },
            Some('?' | '*' | '+') => return Err(RegexErrorKind::NothingToRepeat.at(place)),
            // A count behind another one, or at the start, is about the empty text.
            Some('{') => Tree::EMPTY.into(),
            Some('[') => {
                self.reader.take();
                class(&mut self.reader, place, self.depth, self.flags.ignore_case)?.into()
            }
            Some('\\') => self.escape()?,
            Some('.') => {
                self.reader.take();
                let dot_is_all = self.flags.dot_is_all;
                if dot_is_all { Chars::all() } else { LINE_ENDS.into_iter().collect::<Chars>().inverse() }.into()
            }
            Some('^') => {
                self.reader.take();
                Node { start: Some(place), ..Tree::EMPTY.into() }
            }
            Some('$') => {
                self.reader.take();
                Node { end: Some(place), ..Tree::EMPTY.into() }
            }
            _ => {
                let c = self.reader.literal()?;
                self.folded(c).into()
            }
        };
        self.repetition(node).map(Some)
    }

    fn folded(&self, c: char) -> Chars {
        either_case(c, c, self.flags.ignore_case)
    }

    fn escape(&mut self) -> Read<Node> {
        let place = self.reader.place();
        self.reader.take();
        Ok(match escape(&mut self.reader, place, false, self.flags.ignore_case)? {
            Escape::Char(c) => self.folded(c).into(),
            Escape::Class(chars) => chars.into(),
            Escape::Start => Node { start: Some(place), ..Tree::EMPTY.into() },
            Escape::End => Node { end: Some(place), ..Tree::EMPTY.into() },
            Escape::LineBreak => {
                let both = ['\r', '\n'].map(|c| Tree::Chars(Chars::one(c)));
                let tree = Tree::Union(Vec::from([Tree::Sequence(Vec::from(both)), Tree::Chars(vertical())]));
                Node { line_break: Some(place), ..tree.into() }
            }
        })
    }

    /// What follows something that may be repeated.
    fn repetition(&mut self, node: Node) -> Read<Node> {
        let place = self.reader.place();
        let (min, max) = match self.reader.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                self.reader.take();
                self.counts(place)?
            }
            _ => return Ok(node),
        };
        // Of a count, what is left of it: its closing brace.
        self.reader.take();
        if self.reader.peek() == Some('+') {
            return Err(RegexErrorKind::Unsupported.at(self.reader.place()));
        }
        self.reader.eat('?');
        if let Some(place) = node.start.or(node.end).or(node.line_break) {
            return Err(RegexErrorKind::Unsupported.at(place));
        }
        if node.height == MAX_DEPTH {
            return Err(RegexErrorKind::TooDeep.at(place));
        }
        Ok(Node { height: node.height + 1, tree: node.tree.repeated(min, max), ..node })
    }

    /// What stands in the braces that open at `place`, without the closing one.
    fn counts(&mut self, place: usize) -> Read<(u32, Option<u32>)> {
        let bad = RegexErrorKind::BadRepetition.at(place);
        let min = self.number().ok_or(bad)?.ok_or(bad)?;
        let max = if self.reader.eat(',') { self.number().ok_or(bad)? } else { Some(min) };
        match self.reader.peek() {
            Some('}') if max.is_none_or(|max| min <= max) => Ok((min, max)),
            None if self.reader.is_at_end() => Err(RegexErrorKind::Unclosed('{').at(place)),
            _ => Err(bad),
        }
    }

    /// A number, if one is next; nothing at all if it is too large.
    fn number(&mut self) -> Option<Option<u32>> {
        let Some(mut number) = self.reader.digit(10) else { return Some(None) };
        while let Some(digit) = self.reader.digit(10) {
            number = number.checked_mul(10)?.checked_add(digit).filter(|&number| number <= i32::MAX as u32)?;
        }
        Some(Some(number))
    }

    /// A group; none if it only sets flags.
    fn group(&mut self) -> Read<Option<Node>> {
        let place = self.reader.place();
        self.reader.take();
        let outer = self.flags;
        if self.reader.eat('?') && !self.group_kind(place)? {
            return Ok(None);
        }
        if self.depth == MAX_DEPTH {
            return Err(RegexErrorKind::TooDeep.at(place));
        }
        self.depth += 1;
        let node = self.union()?;
        self.depth -= 1;
        if !self.reader.eat(')') {
            return Err(RegexErrorKind::Unclosed('(').at(place));
        }
        self.flags = outer;
        Ok(Some(node))
    }

    /// What follows the `(?` at `place`, up to what the group holds; whether it holds anything.
    fn group_kind(&mut self, place: usize) -> Read<bool> {
        let bad = RegexErrorKind::BadGroup.at(place);
        match self.reader.peek() {
            Some('=' | '!' | '>') => return Err(RegexErrorKind::Unsupported.at(place)),
            Some('<') => {
                self.reader.take();
                if matches!(self.reader.peek(), Some('=' | '!')) {
                    return Err(RegexErrorKind::Unsupported.at(place));
                }
                let name = self.name().ok_or(bad)?;
                return if self.names.insert(name) { Ok(true) } else { Err(bad) };
            }
            _ => {}
        }
        let mut on = true;
        loop {
            match self.reader.take().ok_or(bad)? {
                'i' => self.flags.ignore_case = on,
                's' => self.flags.dot_is_all = on,
                '-' if on => on = false,
                ':' => return Ok(true),
                ')' => return Ok(false),
                // Taking those away changes nothing where they cannot be.
                'm' | 'd' | 'u' | 'c' | 'x' | 'U' if !on => {}
                'm' | 'd' | 'u' | 'c' | 'x' | 'U' => return Err(RegexErrorKind::Unsupported.at(place)),
                _ => return Err(bad),
            }
        }
    }

    /// The name of a group, and the `>` behind it.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            match self.reader.take()? {
                '>' if !name.is_empty() => return Some(name),
                c if c.is_ascii_alphabetic() || (c.is_ascii_digit() && !name.is_empty()) => name.push(c),
                _ => return None,
            }
        }
    }
}
