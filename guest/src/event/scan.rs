//! The scanner: one pass over a line that keeps the values of projected fields
//! and steps over the rest without looking at it.
//!
//! Objects and arrays call each other, no deeper than events may nest. Most of a
//! line is told in the loop of [`Scanner::object`]: a key that was expected, a
//! string, a comma. All else is in functions of its own that are not inlined, so
//! that the loop's few values stay in registers.

use firstseen_query::{JsonStr, Slot};

use super::bytes::{NOT_FOUND, container_end, short_string_end, string_end, token_end, value_end};
use super::grammar::{Cursor, check, is_token};
use super::malformed::{Fault, MAX_DEPTH, Malformed};
use super::memory::{Dotted, Memory};
use super::place::{NONE, Place};
use super::projection::{Projection, Step};
use super::shapes::{After, ROOT};
use super::slots::{Kind, Slots};

/// Fills `slots` with what their projection picks of one event.
///
/// Arrays are flattened at any depth; `null` and empty arrays give no value,
/// an object at a field's path neither.
///
/// Of a line that is JSON it finds what a parser would, and of one with comments
/// in it what Elasticsearch would. Not all lines that are neither are told: [`check`](super::check) does that.
///
/// # Errors
///
/// [`Malformed`] if the line is not one JSON object, as far as it was looked at.
/// `slots` may then hold a part of the values.
pub fn scan<'a>(line: &'a str, slots: &mut Slots<'_, 'a>) -> Result<(), Malformed> {
    let mut scanner = Scanner::new(line, slots);
    let scanned = scanner.document();
    scanner.finish();
    scanned
}

/// Fills `slots` with what their projection picks of an object that has one
/// value, at a path that a dotted key gave. The value is one that was scanned.
pub(super) fn scan_below<'a>(json: &'a str, path: &str, slots: &mut Slots<'_, 'a>) {
    let mut scanner = Scanner::new(json, slots);
    let projection = scanner.projection;
    let place = projection.place(projection.descend(0, path), NONE);
    // It was scanned before.
    let _ = scanner.value(0, place);
    for (slot, below) in projection.texts_on_the_way(0, path) {
        scanner.slots.push_text(slot, Some(below.to_owned()), json);
    }
    scanner.finish();
}

/// The place in the line is not part of it: it is passed along, so that it can
/// stay in a register.
struct Scanner<'s, 'p, 'a> {
    line: &'a str,
    projection: &'p Projection,
    slots: &'s mut Slots<'p, 'a>,
    memory: Memory,
    /// How many objects and arrays on the way to projected fields are open.
    depth: usize,
    /// What is wrong with the line, once something was found to be.
    malformed: Option<Malformed>,
}

/// Stands for the end of a value where the line is malformed.
const FAILED: usize = usize::MAX;

/// What comes behind a bracket or a member in an object.
enum Next {
    /// A key that leads to a place, with the offset behind its colon.
    Member(Place, usize),
    /// The end of the object, with the offset behind its bracket.
    End(usize),
    Malformed,
}

impl<'s, 'p, 'a> Scanner<'s, 'p, 'a> {
    fn new(line: &'a str, slots: &'s mut Slots<'p, 'a>) -> Self {
        slots.begin(line);
        let projection = slots.projection();
        let mut memory = std::mem::take(slots.memory());
        memory.shapes.prepare();
        memory.dotted.clear();
        Self { line, projection, slots, memory, depth: 0, malformed: None }
    }

    fn finish(self) {
        *self.slots.memory() = self.memory;
    }

    fn document(&mut self) -> Result<(), Malformed> {
        let mut cursor = self.cursor(0);
        if let Err(fault) = cursor.object_start() {
            return Err(cursor.malformed(fault));
        }
        cursor.at = self.any_value(cursor.at, self.projection.place(0, ROOT));
        match self.malformed.take() {
            Some(malformed) => Err(malformed),
            None => cursor.end().map_err(|fault| cursor.malformed(fault)),
        }
    }

    /// Reads the value at `at`, at a place of the projection, and what lies on
    /// its paths; the rest is stepped over. Answers with its end, or [`FAILED`].
    #[inline(always)]
    fn value(&mut self, at: usize, place: Place) -> usize {
        let bytes = self.line.as_bytes();
        if place.has_texts() {
            return self.any_value(at, place);
        }
        let end = short_string_end(bytes, at);
        if end != NOT_FOUND {
            if let Some(slot) = self.projection.slot_of(place.node()) {
                self.slots.push(slot, Kind::Plain, at + 1, end);
            }
            return end + 1;
        }
        if place.is_nowhere() {
            match value_end(bytes, at) {
                NOT_FOUND => {}
                end => return end,
            }
        } else if byte_at(bytes, at) == b'{' {
            return self.object(at, place);
        }
        self.any_value(at, place)
    }

    /// The same for values of all kinds.
    #[inline(never)]
    fn any_value(&mut self, at: usize, place: Place) -> usize {
        let bytes = self.line.as_bytes();
        let at = token(bytes, at);
        if place.has_texts() {
            let end = self.any_value(at, place.without_texts());
            if end != FAILED {
                self.keep_texts(place, at, end);
            }
            return end;
        }
        match byte_at(bytes, at) {
            b'"' => self.string(at, place),
            b'{' | b'[' if place.is_nowhere() => match container_end(bytes, at) {
                NOT_FOUND => self.step_over(at),
                end => end,
            },
            b'{' => self.object(at, place),
            b'[' => self.array(at, place),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => match self.projection.slot_of(place.node()) {
                Some(_) => self.scalar(at, place),
                None => token_end(bytes, at),
            },
            _ => self.unexpected(at),
        }
    }

    /// Steps over the container at `at` by the grammar: there is a comment in it,
    /// or it has no end.
    #[cold]
    fn step_over(&mut self, at: usize) -> usize {
        let mut cursor = self.cursor(at);
        match cursor.skip(self.depth) {
            Ok(()) => cursor.at,
            Err(_) => self.cut_short(),
        }
    }

    /// Reads the string at `at`.
    #[inline(never)]
    fn string(&mut self, at: usize, place: Place) -> usize {
        let (end, is_escaped) = string_end(self.line.as_bytes(), at + 1);
        if end == NOT_FOUND {
            return self.cut_short();
        }
        if let Some(slot) = self.projection.slot_of(place.node()) {
            let kind = if is_escaped { Kind::Escaped } else { Kind::Plain };
            self.slots.push(slot, kind, at + 1, end);
        }
        end + 1
    }

    /// Reads the object that opens at `start`.
    #[inline(never)]
    fn object(&mut self, start: usize, place: Place) -> usize {
        if self.depth >= MAX_DEPTH {
            return self.fail(Malformed { offset: start, fault: Fault::TooDeep });
        }
        self.depth += 1;
        let bytes = self.line.as_bytes();
        let mut at = start;
        let mut after = After::opening(place.edge);
        let end = loop {
            let told = match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
                Some(chunk) if chunk[0] == after.separator() => self.memory.shapes.tell(after, chunk),
                Some(chunk) if chunk[0] == b'}' => break at + 1,
                _ => None,
            };
            let (member, value) = match told {
                Some((member, length)) => (member, at + length),
                None => match self.next_member(at, place, after) {
                    Next::Member(member, value) => (member, value),
                    Next::End(end) => break end,
                    Next::Malformed => return FAILED,
                },
            };
            at = self.value(value, member);
            if at == FAILED {
                return FAILED;
            }
            after = After::member(member.edge);
        };
        self.depth -= 1;
        end
    }

    /// Reads the array that opens at `start`.
    #[inline(never)]
    fn array(&mut self, start: usize, place: Place) -> usize {
        if self.depth >= MAX_DEPTH {
            return self.fail(Malformed { offset: start, fault: Fault::TooDeep });
        }
        self.depth += 1;
        let bytes = self.line.as_bytes();
        let mut at = start + 1;
        if byte_at(bytes, token(bytes, at)) == b']' {
            self.depth -= 1;
            return token(bytes, at) + 1;
        }
        loop {
            at = self.value(at, place);
            if at == FAILED {
                return FAILED;
            }
            at = token(bytes, at);
            match byte_at(bytes, at) {
                b',' => at += 1,
                b']' => break,
                _ => return self.unexpected(at),
            }
        }
        self.depth -= 1;
        at + 1
    }

    /// What comes behind the bracket or the value of an object at `parent`, where
    /// that was not told.
    #[inline(never)]
    fn next_member(&mut self, at: usize, parent: Place, after: After) -> Next {
        let mut cursor = self.cursor(at);
        let is_first = after.separator() == b'{';
        let separator = match cursor.token() {
            b'}' if !is_first => return Next::End(cursor.at + 1),
            byte if byte == after.separator() => cursor.at,
            _ => return self.no_member(cursor.unexpected_here()),
        };
        cursor.at += 1;
        if is_first && cursor.token() == b'}' {
            return Next::End(cursor.at + 1);
        }
        match self.untold_key(cursor, separator, parent, after) {
            Ok((place, value)) => Next::Member(place, value),
            Err(malformed) => self.no_member(malformed),
        }
    }

    #[cold]
    fn no_member(&mut self, malformed: Malformed) -> Next {
        self.fail(malformed);
        Next::Malformed
    }

    /// Reads `"key" :` and says where it leads from `parent`.
    fn untold_key(
        &mut self,
        mut cursor: Cursor<'a>,
        separator: usize,
        parent: Place,
        after: After,
    ) -> Result<(Place, usize), Malformed> {
        cursor.expect(b'"').map_err(|fault| cursor.malformed(fault))?;
        let start = cursor.at;
        let (end, is_escaped) = string_end(cursor.bytes, start);
        if end == NOT_FOUND {
            return Err(self.incomplete());
        }
        cursor.at = end + 1;
        cursor.expect(b':').map_err(|fault| cursor.malformed(fault))?;
        let key = self.slice(start, end);
        let step = self.projection.step(parent.node(), key);
        let node = match step {
            Step::To(node) if !is_escaped => node,
            _ => self.projection.descend(parent.node(), &JsonStr::new(key, is_escaped).decode()),
        };
        let place = self.projection.place(node, NONE);
        if is_escaped || (matches!(step, Step::Dotted) && self.projection.picks_texts()) {
            let has_texts = self.keep_dotted_key(cursor, parent, JsonStr::new(key, is_escaped));
            return Ok((if has_texts { place.with_texts() } else { place }, cursor.at));
        }
        let written = cursor.bytes.get(separator..cursor.at).unwrap_or_default();
        Ok((self.memory.shapes.learn(after, parent, place, written), cursor.at))
    }

    /// Remembers the texts that lie on the way of a key with dots, just before
    /// its value. Answers whether there are any.
    fn keep_dotted_key(&mut self, mut cursor: Cursor<'a>, parent: Place, key: JsonStr<'a>) -> bool {
        cursor.token();
        let start = cursor.at;
        let depth = self.depth;
        let key = key.decode();
        let texts = self.projection.texts_on_the_way(parent.node(), &key);
        let dotted = |(slot, below): (Slot, &str)| Dotted { slot, below: below.to_owned(), depth, start };
        let before = self.memory.dotted.len();
        self.memory.dotted.extend(texts.into_iter().map(dotted));
        self.memory.dotted.len() > before
    }

    /// Keeps a value as the texts it belongs to.
    #[inline(never)]
    fn keep_texts(&mut self, place: Place, start: usize, end: usize) {
        let depth = self.depth;
        while let Some(dotted) = self.memory.dotted.pop_if(|dotted| dotted.depth == depth) {
            let text = self.slice(dotted.start, end);
            self.slots.push_text(dotted.slot, Some(dotted.below), text);
        }
        let text = self.slice(start, end);
        for &slot in self.projection.texts_of(place.node()) {
            self.slots.push_text(slot, None, text);
        }
    }

    /// Reads the number or word at `at`.
    #[inline(never)]
    fn scalar(&mut self, at: usize, place: Place) -> usize {
        let Some(slot) = self.projection.slot_of(place.node()) else { return at };
        let mut cursor = self.cursor(at);
        let read = match byte_at(cursor.bytes, at) {
            b't' => cursor.word("true").map(|()| Some(Kind::True)),
            b'f' => cursor.word("false").map(|()| Some(Kind::False)),
            b'n' => cursor.word("null").map(|()| None),
            _ => cursor.number().map(|()| Some(Kind::Number)),
        };
        match read {
            Ok(kind) => {
                kind.into_iter().for_each(|kind| self.slots.push(slot, kind, at, cursor.at));
                cursor.at
            }
            Err(fault) => self.fail(cursor.malformed(fault)),
        }
    }

    fn cursor(&self, at: usize) -> Cursor<'a> {
        Cursor { bytes: self.line.as_bytes(), at }
    }

    #[cold]
    fn fail(&mut self, malformed: Malformed) -> usize {
        self.malformed = Some(malformed);
        FAILED
    }

    #[cold]
    fn unexpected(&mut self, at: usize) -> usize {
        self.fail(self.cursor(at).unexpected_here())
    }

    #[cold]
    fn cut_short(&mut self) -> usize {
        self.fail(self.incomplete())
    }

    /// What is wrong with a line of which a part has no end.
    fn incomplete(&self) -> Malformed {
        let found = check(self.line).err();
        found.unwrap_or(Malformed { offset: self.line.len(), fault: Fault::Incomplete })
    }

    /// Both ends lie beside ASCII bytes, so they are character boundaries.
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.line.get(start..end).unwrap_or_default()
    }
}

/// The byte at `at`; 0, which no token starts with, at the end.
#[inline(always)]
fn byte_at(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// The next place at or behind `at` that is neither white space nor a comment.
#[inline(always)]
fn token(bytes: &[u8], at: usize) -> usize {
    if is_token(byte_at(bytes, at)) { at } else { token_behind_space(bytes, at) }
}

#[cold]
fn token_behind_space(bytes: &[u8], at: usize) -> usize {
    let mut cursor = Cursor { bytes, at };
    cursor.token();
    cursor.at
}
