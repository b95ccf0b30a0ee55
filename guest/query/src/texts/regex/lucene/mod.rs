//! Lucene's syntax, as `RegExp` of Lucene 10 reads it with every optional operator.
//!
//! That is what Elasticsearch's `regexp` query asks for. What looks like an operator where none can
//! stand is taken for itself, and so are `^` and `$`.

mod collapse;
mod interval;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::limit::MAX_DEPTH;

use self::collapse::collapsed;
use self::interval::interval;
use super::chars::{Chars, Span};
use super::error::{RegexError, RegexErrorKind};
use super::fold::variants;
use super::tree::Tree;

/// Reads a pattern. `ignore_case`: a character that stands alone, in brackets too, is each of its
/// [variants]; the ends of a range are not.
pub(super) fn parse(pattern: &str, ignore_case: bool) -> Result<Tree, RegexError> {
    if pattern.is_empty() {
        return Ok(Tree::EMPTY);
    }
    let mut parser = Parser { chars: collapsed(pattern), at: 0, end: pattern.len(), depth: 0, ignore_case };
    let node = parser.union()?;
    match parser.peek() {
        None => Ok(node.tree),
        // All else would have been taken for something.
        Some(_) => Err(RegexErrorKind::Unopened.at(parser.place())),
    }
}

struct Parser {
    chars: Vec<(usize, char)>,
    at: usize,
    /// The length of the pattern.
    end: usize,
    depth: usize,
    ignore_case: bool,
}

/// What was read.
struct Node {
    tree: Tree,
    /// How deep repetitions and complements go in it.
    height: usize,
}

impl Node {
    const fn leaf(tree: Tree) -> Self {
        Self { tree, height: 0 }
    }
}

type Read<T> = Result<T, RegexError>;

impl Parser {
    fn union(&mut self) -> Read<Node> {
        self.chain('|', Tree::Union, Self::intersection)
    }

    fn intersection(&mut self) -> Read<Node> {
        self.chain('&', Tree::Intersection, Self::sequence)
    }

    /// One operand, or several with an operator between them.
    fn chain(
        &mut self,
        operator: char,
        join: fn(Vec<Tree>) -> Tree,
        operand: fn(&mut Self) -> Read<Node>,
    ) -> Read<Node> {
        let Node { tree, mut height } = operand(self)?;
        let mut trees = Vec::from([tree]);
        while self.eat(operator) {
            let node = operand(self)?;
            height = height.max(node.height);
            trees.push(node.tree);
        }
        Ok(Node { tree: Tree::joined(trees, join), height })
    }

    fn sequence(&mut self) -> Read<Node> {
        let Node { tree, mut height } = self.repetition()?;
        let mut trees = Vec::from([tree]);
        while self.peek().is_some_and(|c| !matches!(c, ')' | '|' | '&')) {
            let node = self.repetition()?;
            height = height.max(node.height);
            trees.push(node.tree);
        }
        Ok(Node { tree: Tree::joined(trees, Tree::Sequence), height })
    }

    fn repetition(&mut self) -> Read<Node> {
        let mut node = self.complement()?;
        loop {
            let place = self.place();
            let (min, max) = match self.peek() {
                Some('?') => (0, Some(1)),
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('{') => {
                    self.at += 1;
                    node = self.above(node, place, |parser, tree| {
                        let (min, max) = parser.counts(place)?;
                        Ok(tree.repeated(min, max))
                    })?;
                    continue;
                }
                _ => return Ok(node),
            };
            self.at += 1;
            node = self.above(node, place, |_, tree| Ok(tree.repeated(min, max)))?;
        }
    }

    /// Puts something on top of a tree, if it is not too deep for that.
    fn above(&mut self, node: Node, place: usize, wrap: impl FnOnce(&mut Self, Tree) -> Read<Tree>) -> Read<Node> {
        if node.height == MAX_DEPTH {
            return Err(RegexErrorKind::TooDeep.at(place));
        }
        Ok(Node { tree: wrap(self, node.tree)?, height: node.height + 1 })
    }

    /// What stands in the braces that open at `place`, and the closing one.
    fn counts(&mut self, place: usize) -> Read<(u32, Option<u32>)> {
        let bad = RegexErrorKind::BadRepetition.at(place);
        let min = self.number(place)?.ok_or(bad)?;
        let max = if self.eat(',') { self.number(place)? } else { Some(min) };
        match self.peek() {
            Some('}') if max.is_none_or(|max| min <= max) => self.at += 1,
            None => return Err(RegexErrorKind::Unclosed('{').at(place)),
            Some(_) => return Err(bad),
        }
        Ok((min, max))
    }

    /// A number, if there is one.
    fn number(&mut self, place: usize) -> Read<Option<u32>> {
        let start = self.at;
        let mut number = 0_u32;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let next = number.checked_mul(10).and_then(|number| number.checked_add(digit));
            number = next.filter(|&next| next <= i32::MAX as u32).ok_or(RegexErrorKind::BadRepetition.at(place))?;
            self.at += 1;
        }
        Ok((self.at > start).then_some(number))
    }

    fn complement(&mut self) -> Read<Node> {
        let place = self.place();
        if !self.eat('~') {
            return self.simple();
        }
        self.enter(place)?;
        let node = self.complement()?;
        self.depth -= 1;
        self.above(node, place, |_, tree| Ok(Tree::Complement(Box::new(tree))))
    }

    fn simple(&mut self) -> Read<Node> {
        let place = self.place();
        let tree = match self.take()? {
            '(' => return self.group(place),
            '[' => self.class(place)?,
            '.' => Tree::Chars(Chars::all()),
            '#' => Tree::Chars(Chars::default()),
            '@' => Tree::anything(),
            '"' => self.quoted(place)?,
            '<' => self.interval(place)?,
            '\\' => match self.take()? {
                c if c.is_ascii_alphabetic() => {
                    Tree::Chars(predefined(c).ok_or(RegexErrorKind::BadEscape(c).at(place))?)
                }
                c => self.literal(c),
            },
            c => self.literal(c),
        };
        Ok(Node::leaf(tree))
    }

    fn literal(&self, c: char) -> Tree {
        Tree::Chars(self.folded(c))
    }

    fn folded(&self, c: char) -> Chars {
        if self.ignore_case { variants(c) } else { Chars::one(c) }
    }

    /// What follows the `(` at `place`.
    fn group(&mut self, place: usize) -> Read<Node> {
        if self.eat(')') {
            return Ok(Node::leaf(Tree::EMPTY));
        }
        self.enter(place)?;
        let node = self.union()?;
        self.depth -= 1;
        if self.eat(')') { Ok(node) } else { Err(RegexErrorKind::Unclosed('(').at(place)) }
    }

    fn enter(&mut self, place: usize) -> Read<()> {
        if self.depth == MAX_DEPTH {
            return Err(RegexErrorKind::TooDeep.at(place));
        }
        self.depth += 1;
        Ok(())
    }

    /// What follows the `"` at `place`: text in which nothing is special.
    fn quoted(&mut self, place: usize) -> Read<Tree> {
        let text = self.up_to('"').ok_or(RegexErrorKind::Unclosed('"').at(place))?;
        Ok(Tree::joined(text.into_iter().map(|c| self.literal(c)).collect(), Tree::Sequence))
    }

    /// What follows the `<` at `place`: an interval of numbers. Lucene has names there too, but
    /// Elasticsearch knows none.
    fn interval(&mut self, place: usize) -> Read<Tree> {
        let text = self.up_to('>').ok_or(RegexErrorKind::Unclosed('<').at(place))?;
        interval(&text).ok_or(RegexErrorKind::BadInterval.at(place))
    }

    /// All ahead of a character, and the character, which is left out.
    fn up_to(&mut self, end: char) -> Option<Vec<char>> {
        let rest = self.chars.get(self.at..)?;
        let length = rest.iter().position(|&(_, c)| c == end)?;
        let text = rest.iter().take(length).map(|&(_, c)| c).collect();
        self.at += length + 1;
        Some(text)
    }

    /// What follows the `[` at `place`. The first character is never its end.
    fn class(&mut self, place: usize) -> Read<Tree> {
        let unclosed = |_| RegexErrorKind::Unclosed('[').at(place);
        let negated = self.eat('^');
        let mut spans: Vec<Span> = Vec::new();
        loop {
            let start = self.place();
            match self.take().map_err(unclosed)? {
                '\\' => match self.take().map_err(unclosed)? {
                    c if c.is_ascii_alphabetic() || c == '\\' => {
                        let class = predefined(c).ok_or(RegexErrorKind::BadEscape(c).at(start))?;
                        spans.extend(class.spans());
                    }
                    // It starts no range, and keeps its case.
                    c => spans.push(Span { first: c.into(), last: c.into() }),
                },
                first if self.eat('-') => {
                    // An escaped end is any character at all.
                    self.eat('\\');
                    let last = self.take().map_err(unclosed)?;
                    if last < first {
                        return Err(RegexErrorKind::BadRange.at(start));
                    }
                    spans.push(Span { first: first.into(), last: last.into() });
                }
                c => spans.extend(self.folded(c).spans()),
            }
            if self.eat(']') {
                break;
            }
        }
        // What comes to one character is one to Lucene too, and has variants again.
        let chars: Chars = match &*spans {
            [Span { first, last }] if first == last => {
                char::from_u32(*first).map_or_else(Chars::default, |c| self.folded(c))
            }
            _ => spans.into_iter().collect(),
        };
        Ok(Tree::Chars(if negated { chars.inverse() } else { chars }))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).map(|&(_, c)| c)
    }

    fn take(&mut self) -> Read<char> {
        let c = self.peek().ok_or(RegexErrorKind::UnexpectedEnd.at(self.end))?;
        self.at += 1;
        Ok(c)
    }

    fn eat(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        self.at += usize::from(is_next);
        is_next
    }

    /// Where in the pattern the next character stands.
    fn place(&self) -> usize {
        self.chars.get(self.at).map_or(self.end, |&(place, _)| place)
    }
}

/// What a letter means behind a backslash, and a backslash itself. ASCII only.
fn predefined(c: char) -> Option<Chars> {
    let chars: Chars = match c.to_ascii_lowercase() {
        'd' => Chars::range('0', '9'),
        's' => [' ', '\t', '\n', '\r'].into_iter().collect(),
        'w' => [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')].into_iter().collect(),
        '\\' => Chars::one('\\'),
        _ => return None,
    };
    Some(if c.is_ascii_uppercase() { chars.inverse() } else { chars })
}
