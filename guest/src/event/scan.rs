//! The scanner: checks that a line is a JSON object (RFC 8259) and keeps the
//! values of projected fields.

use firstseen_kql::{JsonStr, Scalar, Slot};

use super::grammar::{Cursor, closing};
use super::projection::{NOWHERE, NodeId, Projection, Step};
use super::slots::Slots;

/// How deep objects and arrays may nest, the outermost included.
pub const MAX_DEPTH: usize = 100;

/// Why a line is no event, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Byte of the line at which it stops making sense, from 0.
    pub offset: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The line is JSON, but not an object.
    NotAnObject,
    /// It is not JSON.
    Syntax,
    /// It ends before the object does.
    Incomplete,
    /// It nests deeper than [`MAX_DEPTH`].
    TooDeep,
}

/// Fills `slots` with what their projection picks of one event.
///
/// Arrays are flattened at any depth; `null` and empty arrays give no value,
/// an object at a field's path neither.
///
/// # Errors
///
/// [`Malformed`] if the line is not one JSON object. `slots` may then hold a
/// part of the values.
pub fn scan<'a>(line: &'a str, slots: &mut Slots<'_, 'a>) -> Result<(), Malformed> {
    slots.clear();
    let cursor = Cursor { bytes: line.as_bytes(), at: 0 };
    let projection = slots.projection();
    let mut scanner = Scanner { line, cursor, projection, slots, dotted: Vec::new() };
    let scanned = scanner.document();
    let offset = scanner.cursor.at;
    scanned.map_err(|fault| Malformed { offset, fault })
}

/// Fills `slots` with what their projection picks of an object that has one
/// value, at a path that a dotted key gave. The value is one that was scanned.
pub(super) fn scan_below<'a>(json: &'a str, path: &str, slots: &mut Slots<'_, 'a>) {
    slots.clear();
    let projection = slots.projection();
    let cursor = Cursor { bytes: json.as_bytes(), at: 0 };
    let mut scanner = Scanner { line: json, cursor, projection, slots, dotted: Vec::new() };
    let node = projection.descend(0, path);
    // It was JSON before.
    let _ = scanner.projected_tree(node);
    scanner.keep_texts(node, 0);
    for (slot, below) in projection.texts_on_the_way(0, path) {
        scanner.slots.push_text(slot, Some(below.to_owned()), json);
    }
}

struct Scanner<'s, 'p, 'a> {
    line: &'a str,
    cursor: Cursor<'a>,
    projection: &'p Projection,
    slots: &'s mut Slots<'p, 'a>,
    dotted: Vec<Dotted>,
}

/// The value of a dotted key that lies below the path of a whole text.
struct Dotted {
    slot: Slot,
    /// Path of the value below that of the slot.
    below: String,
    /// How many containers are open around the value.
    depth: usize,
    start: usize,
}

/// An object or array on the way to a projected field.
#[derive(Clone, Copy)]
struct Level {
    object: bool,
    /// Where the container's own path ends in the projection.
    node: NodeId,
    start: usize,
}

impl<'a> Scanner<'_, '_, 'a> {
    fn document(&mut self) -> Result<(), Fault> {
        match self.cursor.token() {
            b'{' => {}
            b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => return Err(Fault::NotAnObject),
            _ => return Err(self.cursor.unexpected()),
        }
        let start = self.cursor.at;
        self.projected_tree(0)?;
        if self.projection.picks_texts() {
            self.keep_texts(0, start);
        }
        match self.cursor.token() {
            0 if self.cursor.at >= self.line.len() => Ok(()),
            _ => Err(Fault::Syntax),
        }
    }

    /// Reads the outermost value, at a node of the projection, and what lies on
    /// its paths; the rest is stepped over. Without recursion, so that no input can exhaust
    /// the stack.
    fn projected_tree(&mut self, mut node: NodeId) -> Result<(), Fault> {
        let mut levels: Vec<Level> = Vec::with_capacity(8);
        loop {
            let byte = self.cursor.token();
            let mut start = self.cursor.at;
            if node == NOWHERE {
                self.cursor.skip(levels.len())?;
            } else if byte == b'{' || byte == b'[' {
                let object = byte == b'{';
                if levels.len() == MAX_DEPTH {
                    return Err(Fault::TooDeep);
                }
                levels.push(Level { object, node, start });
                self.cursor.at += 1;
                if self.cursor.token() != closing(object) {
                    if object {
                        node = self.key(node, levels.len())?;
                    }
                    continue;
                }
            } else {
                self.scalar(byte, node)?;
            }
            loop {
                let depth = levels.len();
                let Some(&level) = levels.last() else { return Ok(()) };
                // An array is one text with all that is in it.
                if self.projection.picks_texts() && level.object {
                    self.keep_dotted(depth);
                    self.keep_texts(node, start);
                }
                let byte = self.cursor.token();
                if byte == b',' {
                    self.cursor.at += 1;
                    node = if level.object { self.key(level.node, depth)? } else { level.node };
                    break;
                }
                if byte != closing(level.object) {
                    return Err(self.cursor.unexpected());
                }
                self.cursor.at += 1;
                (node, start) = (level.node, level.start);
                levels.pop();
            }
        }
    }

    /// Reads `"key" :` and says where it leads from `parent`.
    fn key(&mut self, parent: NodeId, depth: usize) -> Result<NodeId, Fault> {
        let key = self.cursor.string()?;
        self.cursor.expect(b':')?;
        let bytes = self.line.as_bytes().get(key.start..key.end).unwrap_or_default();
        match self.projection.step(parent, bytes) {
            Step::To(node) if !key.escaped => Ok(node),
            _ => Ok(self.odd_key(parent, depth, JsonStr::new(self.slice(key.start, key.end), key.escaped))),
        }
    }

    /// A key with escapes or dots.
    #[cold]
    fn odd_key(&mut self, parent: NodeId, depth: usize, key: JsonStr<'a>) -> NodeId {
        let key = key.decode();
        if self.projection.picks_texts() {
            self.cursor.token();
            let start = self.cursor.at;
            let texts = self.projection.texts_on_the_way(parent, &key);
            let dotted = |(slot, below): (Slot, &str)| Dotted { slot, below: below.to_owned(), depth, start };
            self.dotted.extend(texts.into_iter().map(dotted));
        }
        self.projection.descend(parent, &key)
    }

    /// Keeps the value that just ended as the texts it belongs to.
    fn keep_texts(&mut self, node: NodeId, start: usize) {
        for &slot in self.projection.texts_of(node) {
            let text = self.slice(start, self.cursor.at);
            self.slots.push_text(slot, None, text);
        }
    }

    fn keep_dotted(&mut self, depth: usize) {
        while let Some(dotted) = self.dotted.pop_if(|dotted| dotted.depth == depth) {
            let text = self.slice(dotted.start, self.cursor.at);
            self.slots.push_text(dotted.slot, Some(dotted.below), text);
        }
    }

    /// Reads a string, number or word at a projected path.
    fn scalar(&mut self, byte: u8, node: NodeId) -> Result<(), Fault> {
        let start = self.cursor.at;
        let value = match byte {
            b'"' => {
                let token = self.cursor.string()?;
                Scalar::String(JsonStr::new(self.slice(token.start, token.end), token.escaped))
            }
            b'-' | b'0'..=b'9' => {
                self.cursor.number()?;
                Scalar::Number(self.slice(start, self.cursor.at))
            }
            b't' => self.cursor.word("true").map(|()| Scalar::Bool(true))?,
            b'f' => self.cursor.word("false").map(|()| Scalar::Bool(false))?,
            b'n' => return self.cursor.word("null"),
            _ => return Err(self.cursor.unexpected()),
        };
        if let Some(slot) = self.projection.slot_of(node) {
            self.slots.push(slot, value);
        }
        Ok(())
    }

    /// Both ends lie beside ASCII bytes, so they are character boundaries.
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.line.get(start..end).unwrap_or_default()
    }
}
