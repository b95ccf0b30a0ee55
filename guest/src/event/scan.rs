//! The scanner: one pass over a line that keeps the values of projected fields
//! and steps over the rest without looking at it.

use firstseen_kql::{JsonStr, Scalar, Slot};

use super::bytes::{NOT_FOUND, container_end, string_end, token_end};
use super::grammar::Cursor;
use super::malformed::{Fault, MAX_DEPTH, Malformed};
use super::place::Place;
use super::projection::{Projection, Step};
use super::shapes::{After, NONE, ROOT, Shapes};
use super::slots::Slots;

/// Fills `slots` with what their projection picks of one event.
///
/// Arrays are flattened at any depth; `null` and empty arrays give no value,
/// an object at a field's path neither.
///
/// Of a line that is JSON it finds what a parser would. Not all lines that are
/// not are told: [`check`](super::check) does that.
///
/// # Errors
///
/// [`Malformed`] if the line is not one JSON object, as far as it was looked at.
/// `slots` may then hold a part of the values.
pub fn scan<'a>(line: &'a str, slots: &mut Slots<'_, 'a>) -> Result<(), Malformed> {
    slots.clear();
    let mut scanner = Scanner::new(line, slots);
    let scanned = scanner.document();
    scanner.finish();
    scanned
}

/// Fills `slots` with what their projection picks of an object that has one
/// value, at a path that a dotted key gave. The value is one that was scanned.
pub(super) fn scan_below<'a>(json: &'a str, path: &str, slots: &mut Slots<'_, 'a>) {
    slots.clear();
    let mut scanner = Scanner::new(json, slots);
    let projection = scanner.projection;
    let place = projection.place(projection.descend(0, path), NONE);
    // It was scanned before.
    let _ = scanner.tree(0, place);
    for (slot, below) in projection.texts_on_the_way(0, path) {
        scanner.slots.push_text(slot, Some(below.to_owned()), json);
    }
    scanner.finish();
}

/// What a scanner needs besides the line, kept from line to line. What it finds
/// does not depend on it. It belongs to one projection.
#[derive(Debug, Default)]
pub struct Memory {
    shapes: Shapes,
    levels: Vec<Level>,
    dotted: Vec<Dotted>,
}

/// The place in the line is not part of it: it is passed along, so that it can
/// stay in a register.
struct Scanner<'s, 'p, 'a> {
    line: &'a str,
    projection: &'p Projection,
    slots: &'s mut Slots<'p, 'a>,
    memory: Memory,
}

/// The value of a dotted key that lies below the path of a whole text.
#[derive(Debug)]
struct Dotted {
    slot: Slot,
    /// Path of the value below that of the slot.
    below: String,
    /// How many containers are open around the value.
    depth: usize,
    start: usize,
}

/// An object or array on the way to a projected field.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// The byte that closes it; 0 for what is around the outermost value.
    closing: u8,
    /// Of the container itself.
    place: Place,
    start: usize,
}

impl<'s, 'p, 'a> Scanner<'s, 'p, 'a> {
    fn new(line: &'a str, slots: &'s mut Slots<'p, 'a>) -> Self {
        let projection = slots.projection();
        let mut memory = std::mem::take(slots.memory());
        memory.shapes.prepare(projection);
        memory.levels.clear();
        memory.dotted.clear();
        Self { line, projection, slots, memory }
    }

    fn finish(self) {
        *self.slots.memory() = self.memory;
    }

    fn document(&mut self) -> Result<(), Malformed> {
        let mut cursor = self.cursor(0);
        if let Err(fault) = cursor.object_start() {
            return Err(cursor.malformed(fault));
        }
        let root = self.projection.place(0, ROOT);
        let end = self.tree(cursor.at, root)?;
        cursor.at = end;
        cursor.end().map_err(|fault| cursor.malformed(fault))
    }

    /// Reads the value at `at`, at a place of the projection, and what lies on
    /// its paths; the rest is stepped over. Answers with its end. Without
    /// recursion, so that no input can exhaust the stack.
    fn tree(&mut self, mut at: usize, mut place: Place) -> Result<usize, Malformed> {
        let bytes = self.line.as_bytes();
        let mut level = Level { closing: 0, place: Place::NOWHERE, start: at };
        loop {
            at = token(bytes, at);
            let mut start = at;
            let byte = byte_at(bytes, at);
            if byte == b'"' {
                let (end, is_escaped) = string_end(bytes, at + 1);
                if end == NOT_FOUND {
                    return Err(self.cut_short());
                }
                if let Some(slot) = place.slot() {
                    let text = JsonStr::new(self.slice(at + 1, end), is_escaped);
                    self.slots.push(slot, Scalar::String(text));
                }
                at = end + 1;
            } else if byte == b'{' || byte == b'[' {
                if place.is_nowhere() {
                    at = container_end(bytes, at);
                    if at == NOT_FOUND {
                        return Err(self.cut_short());
                    }
                } else {
                    // Two bytes further on in ASCII.
                    let closing = byte + 2;
                    at = token(bytes, at + 1);
                    if byte_at(bytes, at) == closing {
                        at += 1;
                    } else {
                        if self.memory.levels.len() >= MAX_DEPTH {
                            return Err(Malformed { offset: start, fault: Fault::TooDeep });
                        }
                        self.memory.levels.push(level);
                        level = Level { closing, place, start };
                        if closing == b']' {
                            place = place.of_elements();
                            continue;
                        }
                        let after = After::Opening(place.edge);
                        (at, place) = match self.memory.shapes.tell(after, bytes, start) {
                            Some((place, length)) => (start + length, place),
                            None => self.untold_key(start, place, after)?,
                        };
                        continue;
                    }
                }
            } else if !matches!(byte, b'-' | b'0'..=b'9' | b't' | b'f' | b'n') {
                return Err(self.cursor(at).unexpected_here());
            } else if let Some(slot) = place.slot() {
                at = self.scalar(at, slot)?;
            } else {
                at = token_end(bytes, at);
            }
            loop {
                if place.has_texts() {
                    self.keep_texts(place, start, at);
                }
                let after = After::Member(place.edge);
                if level.closing == b'}'
                    && let Some((told, length)) = self.memory.shapes.tell(after, bytes, at)
                {
                    (at, place) = (at + length, told);
                    break;
                }
                if level.closing == 0 {
                    return Ok(at);
                }
                let separator = token(bytes, at);
                let byte = byte_at(bytes, separator);
                if byte == b',' {
                    if level.closing == b'}' {
                        (at, place) = self.untold_key(separator, level.place, after)?;
                    } else {
                        (at, place) = (separator + 1, level.place.of_elements());
                    }
                    break;
                }
                if byte != level.closing {
                    return Err(self.cursor(separator).unexpected_here());
                }
                at = separator + 1;
                (place, start) = (level.place, level.start);
                level = self.memory.levels.pop().unwrap_or(level);
            }
        }
    }

    /// Reads `"key" :` behind a bracket or comma, and says where it leads from
    /// `parent`.
    #[inline(never)]
    fn untold_key(&mut self, separator: usize, parent: Place, after: After) -> Result<(usize, Place), Malformed> {
        let mut cursor = self.cursor(separator + 1);
        cursor.expect(b'"').map_err(|fault| cursor.malformed(fault))?;
        let start = cursor.at;
        let (end, is_escaped) = string_end(cursor.bytes, start);
        if end == NOT_FOUND {
            return Err(self.cut_short());
        }
        cursor.at = end + 1;
        cursor.expect(b':').map_err(|fault| cursor.malformed(fault))?;
        let key = self.slice(start, end);
        let step = self.projection.step(parent.node, key.as_bytes());
        let node = match step {
            Step::To(node) if !is_escaped => node,
            _ => self.projection.descend(parent.node, &JsonStr::new(key, is_escaped).decode()),
        };
        let place = self.projection.place(node, NONE);
        if is_escaped || (matches!(step, Step::Dotted) && self.projection.picks_texts()) {
            let has_texts = self.keep_dotted_key(cursor, parent, JsonStr::new(key, is_escaped));
            return Ok((cursor.at, if has_texts { place.with_texts() } else { place }));
        }
        let written = cursor.bytes.get(separator..cursor.at).unwrap_or_default();
        Ok((cursor.at, self.memory.shapes.learn(after, parent, place, written)))
    }

    /// Remembers the texts that lie on the way of a key with dots, just before
    /// its value. Answers whether there are any.
    fn keep_dotted_key(&mut self, mut cursor: Cursor<'a>, parent: Place, key: JsonStr<'a>) -> bool {
        cursor.token();
        let start = cursor.at;
        let depth = self.memory.levels.len();
        let key = key.decode();
        let texts = self.projection.texts_on_the_way(parent.node, &key);
        let dotted = |(slot, below): (Slot, &str)| Dotted { slot, below: below.to_owned(), depth, start };
        let before = self.memory.dotted.len();
        self.memory.dotted.extend(texts.into_iter().map(dotted));
        self.memory.dotted.len() > before
    }

    /// Keeps a value as the texts it belongs to.
    #[inline(never)]
    fn keep_texts(&mut self, place: Place, start: usize, end: usize) {
        let depth = self.memory.levels.len();
        while let Some(dotted) = self.memory.dotted.pop_if(|dotted| dotted.depth == depth) {
            let text = self.slice(dotted.start, end);
            self.slots.push_text(dotted.slot, Some(dotted.below), text);
        }
        let text = self.slice(start, end);
        for &slot in self.projection.texts_of(place.node) {
            self.slots.push_text(slot, None, text);
        }
    }

    /// Reads a number or word.
    #[inline(never)]
    fn scalar(&mut self, at: usize, slot: Slot) -> Result<usize, Malformed> {
        let mut cursor = self.cursor(at);
        let read = match byte_at(cursor.bytes, at) {
            b't' => cursor.word("true").map(|()| Some(Scalar::Bool(true))),
            b'f' => cursor.word("false").map(|()| Some(Scalar::Bool(false))),
            b'n' => cursor.word("null").map(|()| None),
            _ => cursor.number().map(|()| Some(Scalar::Number(self.slice(at, cursor.at)))),
        };
        match read {
            Ok(value) => {
                value.into_iter().for_each(|value| self.slots.push(slot, value));
                Ok(cursor.at)
            }
            Err(fault) => Err(cursor.malformed(fault)),
        }
    }

    fn cursor(&self, at: usize) -> Cursor<'a> {
        Cursor { bytes: self.line.as_bytes(), at }
    }

    #[cold]
    fn cut_short(&self) -> Malformed {
        Malformed { offset: self.line.len(), fault: Fault::Incomplete }
    }

    /// Both ends lie beside ASCII bytes, so they are character boundaries.
    #[inline(always)]
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.line.get(start..end).unwrap_or_default()
    }
}

/// The byte at `at`; 0, which no token starts with, at the end.
#[inline(always)]
fn byte_at(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// The next place at or behind `at` that is not white space.
#[inline(always)]
fn token(bytes: &[u8], at: usize) -> usize {
    if byte_at(bytes, at) > b' ' { at } else { token_behind_space(bytes, at) }
}

#[cold]
fn token_behind_space(bytes: &[u8], at: usize) -> usize {
    let mut cursor = Cursor { bytes, at };
    cursor.token();
    cursor.at
}
