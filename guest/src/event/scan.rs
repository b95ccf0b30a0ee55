//! The scanner: checks that a line is a JSON object (RFC 8259) and keeps the
//! values of projected fields.

use firstseen_kql::{JsonStr, Scalar};

use super::bytes::plain_end;
use super::projection::{NOWHERE, NodeId, Projection};
use super::slots::Slots;

/// How deep objects and arrays may nest, the outermost included.
pub const MAX_DEPTH: usize = 128;

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
    let mut scanner = Scanner { line, bytes: line.as_bytes(), at: 0, projection, slots };
    let scanned = scanner.document();
    let offset = scanner.at;
    scanned.map_err(|fault| Malformed { offset, fault })
}

struct Scanner<'s, 'a> {
    line: &'a str,
    bytes: &'a [u8],
    at: usize,
    projection: &'s Projection,
    slots: &'s mut Slots<'a>,
}

/// An object or array that is being read.
#[derive(Clone, Copy)]
struct Level {
    object: bool,
    /// Where the container's own path ends in the projection.
    node: NodeId,
    has_value: bool,
}

impl<'a> Scanner<'_, 'a> {
    fn document(&mut self) -> Result<(), Fault> {
        match self.peek_token() {
            Some(b'{') => {}
            Some(b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => return Err(Fault::NotAnObject),
            Some(_) => return Err(Fault::Syntax),
            None => return Err(Fault::Incomplete),
        }
        self.value_tree()?;
        match self.peek_token() {
            None => Ok(()),
            Some(_) => Err(Fault::Syntax),
        }
    }

    /// Reads the outermost value and all below it without recursion, so that
    /// no input can exhaust the stack.
    fn value_tree(&mut self) -> Result<(), Fault> {
        let mut levels = [Level { object: false, node: NOWHERE, has_value: false }; MAX_DEPTH];
        let mut depth = 0;
        let mut node: NodeId = 0;
        loop {
            let byte = self.peek_token().ok_or(Fault::Incomplete)?;
            let mut has_value = false;
            if byte == b'{' || byte == b'[' {
                let object = byte == b'{';
                self.at += 1;
                let level = levels.get_mut(depth).ok_or(Fault::TooDeep)?;
                *level = Level { object, node, has_value: false };
                depth += 1;
                if self.peek_token() != Some(closing(object)) {
                    if object {
                        node = self.key(node)?;
                    }
                    continue;
                }
            } else {
                has_value = self.scalar(byte, node)?;
            }
            loop {
                let Some(level) = depth.checked_sub(1).and_then(|top| levels.get_mut(top)) else { return Ok(()) };
                level.has_value |= has_value;
                match self.peek_token().ok_or(Fault::Incomplete)? {
                    b',' => {
                        self.at += 1;
                        node = if level.object { self.key(level.node)? } else { level.node };
                        break;
                    }
                    byte if byte == closing(level.object) => {
                        self.at += 1;
                        has_value = level.has_value;
                        if level.object && has_value {
                            self.keep(level.node, Scalar::Object);
                        }
                        depth -= 1;
                    }
                    _ => return Err(Fault::Syntax),
                }
            }
        }
    }

    /// Reads `"key" :` and says where it leads from `parent`.
    fn key(&mut self, parent: NodeId) -> Result<NodeId, Fault> {
        match self.peek_token() {
            Some(b'"') => {}
            Some(_) => return Err(Fault::Syntax),
            None => return Err(Fault::Incomplete),
        }
        let key = self.string()?;
        match self.peek_token() {
            Some(b':') => self.at += 1,
            Some(_) => return Err(Fault::Syntax),
            None => return Err(Fault::Incomplete),
        }
        Ok(match parent {
            NOWHERE => NOWHERE,
            _ => self.projection.descend(parent, &key.decode()),
        })
    }

    /// Reads a string, number or literal; says whether it is a value (that
    /// is, not `null`).
    fn scalar(&mut self, byte: u8, node: NodeId) -> Result<bool, Fault> {
        let value = match byte {
            b'"' => Scalar::String(self.string()?),
            b'-' | b'0'..=b'9' => Scalar::Number(self.number()?),
            b't' => self.literal("true", Scalar::Bool(true))?,
            b'f' => self.literal("false", Scalar::Bool(false))?,
            b'n' => {
                self.literal("null", Scalar::Bool(false))?;
                return Ok(false);
            }
            _ => return Err(Fault::Syntax),
        };
        self.keep(node, value);
        Ok(true)
    }

    fn keep(&mut self, node: NodeId, value: Scalar<'a>) {
        if node != NOWHERE
            && let Some(slot) = self.projection.slot_of(node)
        {
            self.slots.push(slot, value);
        }
    }

    /// Reads a string from its opening quote on.
    fn string(&mut self) -> Result<JsonStr<'a>, Fault> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            let Some(stop) = plain_end(self.bytes, at) else {
                self.at = self.bytes.len();
                return Err(Fault::Incomplete);
            };
            match self.bytes.get(stop) {
                Some(b'"') => {
                    self.at = stop + 1;
                    return Ok(JsonStr::new(self.slice(start, stop), escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at = stop;
                    at = stop + self.escape(stop + 1)?;
                }
                _ => {
                    self.at = stop;
                    return Err(Fault::Syntax);
                }
            }
        }
    }

    /// Length of the escape whose character after the backslash is at `at`.
    fn escape(&self, at: usize) -> Result<usize, Fault> {
        match self.bytes.get(at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
            Some(b'u') => match self.bytes.get(at + 1..at + 5) {
                Some(hex) if hex.iter().all(u8::is_ascii_hexdigit) => Ok(6),
                Some(_) => Err(Fault::Syntax),
                None => Err(Fault::Incomplete),
            },
            Some(_) => Err(Fault::Syntax),
            None => Err(Fault::Incomplete),
        }
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.slice(start, self.at))
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        match self.peek() {
            _ if self.at > start => Ok(()),
            Some(_) => Err(Fault::Syntax),
            None => Err(Fault::Incomplete),
        }
    }

    fn literal(&mut self, word: &str, value: Scalar<'a>) -> Result<Scalar<'a>, Fault> {
        for expected in word.bytes() {
            match self.peek() {
                Some(byte) if byte == expected => self.at += 1,
                Some(_) => return Err(Fault::Syntax),
                None => return Err(Fault::Incomplete),
            }
        }
        Ok(value)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is not white space, which is not consumed.
    fn peek_token(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                other => return other,
            }
        }
    }

    /// Both ends lie beside ASCII bytes, so they are character boundaries.
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.line.get(start..end).unwrap_or_default()
    }
}

fn closing(object: bool) -> u8 {
    if object { b'}' } else { b']' }
}
