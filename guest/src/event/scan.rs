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

/// Fills `slots` with the values of the projected fields of one event.
///
/// Arrays are flattened at any depth; `null` and empty arrays give no value;
/// an object at a field's path gives [`Scalar::Object`] if it holds a value.
///
/// # Errors
///
/// [`Malformed`] if the line is not one JSON object. `slots` may then hold a
/// part of the values.
pub fn scan<'a>(line: &'a str, projection: &Projection, slots: &mut Slots<'a>) -> Result<(), Malformed> {
    slots.clear();
    let cursor = Cursor { bytes: line.as_bytes(), at: 0 };
    let mut scanner = Scanner { line, cursor, projection, slots, objects: Vec::new() };
    let scanned = scanner.document();
    let offset = scanner.cursor.at;
    scanned.map_err(|fault| Malformed { offset, fault })
}

struct Scanner<'s, 'a> {
    line: &'a str,
    cursor: Cursor<'a>,
    projection: &'s Projection,
    slots: &'s mut Slots<'a>,
    /// Objects that a dotted key names on its way, at which depth; they exist if
    /// the key's value is one.
    objects: Vec<(usize, Slot)>,
}

/// An object or array on the way to a projected field.
#[derive(Clone, Copy)]
struct Level {
    object: bool,
    /// Where the container's own path ends in the projection.
    node: NodeId,
    has_value: bool,
}

impl<'a> Scanner<'_, 'a> {
    fn document(&mut self) -> Result<(), Fault> {
        match self.cursor.token() {
            b'{' => {}
            b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => return Err(Fault::NotAnObject),
            _ => return Err(self.cursor.unexpected()),
        }
        self.projected_tree()?;
        match self.cursor.token() {
            0 if self.cursor.at >= self.line.len() => Ok(()),
            _ => Err(Fault::Syntax),
        }
    }

    /// Reads the outermost value and what lies on the paths of the projection;
    /// the rest is stepped over. Without recursion, so that no input can exhaust
    /// the stack.
    fn projected_tree(&mut self) -> Result<(), Fault> {
        let mut levels: Vec<Level> = Vec::with_capacity(8);
        let mut node: NodeId = 0;
        loop {
            let byte = self.cursor.token();
            let mut has_value = false;
            if node == NOWHERE {
                has_value = self.cursor.skip(levels.len())?;
            } else if byte == b'{' || byte == b'[' {
                let object = byte == b'{';
                if levels.len() == MAX_DEPTH {
                    return Err(Fault::TooDeep);
                }
                levels.push(Level { object, node, has_value: false });
                self.cursor.at += 1;
                if self.cursor.token() != closing(object) {
                    if object {
                        node = self.key(node, levels.len())?;
                    }
                    continue;
                }
            } else {
                has_value = self.scalar(byte, node)?;
            }
            loop {
                let depth = levels.len();
                let Some(level) = levels.last_mut() else { return Ok(()) };
                if !self.objects.is_empty() {
                    self.keep_objects(depth, has_value);
                }
                level.has_value |= has_value;
                let byte = self.cursor.token();
                if byte == b',' {
                    self.cursor.at += 1;
                    let (object, parent) = (level.object, level.node);
                    node = if object { self.key(parent, depth)? } else { parent };
                    break;
                }
                if byte != closing(level.object) {
                    return Err(self.cursor.unexpected());
                }
                self.cursor.at += 1;
                has_value = level.has_value;
                if level.object && has_value {
                    let node = level.node;
                    self.keep(node, Scalar::Object);
                }
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
        let on_the_way = self.projection.slots_on_the_way(parent, &key);
        self.objects.extend(on_the_way.into_iter().map(|slot| (depth, slot)));
        self.projection.descend(parent, &key)
    }

    #[cold]
    fn keep_objects(&mut self, depth: usize, has_value: bool) {
        while let Some((_, slot)) = self.objects.pop_if(|(at, _)| *at == depth) {
            if has_value {
                self.slots.push(slot, Scalar::Object);
            }
        }
    }

    /// Reads a string, number or word at a projected path; says whether it is
    /// a value (not `null`).
    fn scalar(&mut self, byte: u8, node: NodeId) -> Result<bool, Fault> {
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
            b'n' => return self.cursor.word("null").map(|()| false),
            _ => return Err(self.cursor.unexpected()),
        };
        self.keep(node, value);
        Ok(true)
    }

    fn keep(&mut self, node: NodeId, value: Scalar<'a>) {
        if let Some(slot) = self.projection.slot_of(node) {
            self.slots.push(slot, value);
        }
    }

    /// Both ends lie beside ASCII bytes, so they are character boundaries.
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.line.get(start..end).unwrap_or_default()
    }
}
