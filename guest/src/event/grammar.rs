//! The grammar of JSON (RFC 8259) over bytes: tokens, and a check of whole
//! lines. Beyond it there may be a byte order mark before all, and comments
//! wherever white space may be: Elasticsearch and OpenSearch take both.
//!
//! A [`Cursor`] is small and passed by value or kept in a local, so that the
//! compiler can hold it in registers: in wasm a field behind a pointer costs a
//! load and a store for each byte.

use super::bytes::{NOT_FOUND, digits_end, plain_end, plain_string_end};
use super::malformed::{Fault, MAX_DEPTH, Malformed};

/// Checks that a line is one JSON object, white space around it allowed, down
/// to its last byte.
///
/// As the grammar has it, halves of surrogate pairs and numbers of any size are
/// allowed; as engines have it, comments and a byte order mark are.
///
/// # Errors
///
/// [`Malformed`] if it is not, or nests deeper than [`MAX_DEPTH`].
pub fn check(line: &str) -> Result<(), Malformed> {
    let mut cursor = Cursor { bytes: line.as_bytes(), at: 0 };
    let checked = cursor.object_start().and_then(|()| cursor.skip(0)).and_then(|()| cursor.end());
    checked.map_err(|fault| cursor.malformed(fault))
}

/// U+FEFF at the start of a line.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A place in a line.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
}

/// A string without its quotes, as offsets into the line.
pub(crate) struct StringToken {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) escaped: bool,
}

impl Cursor<'_> {
    /// The byte here; 0, which no token starts with, at the end.
    #[inline(always)]
    pub(super) fn byte(self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Steps over white space and comments and says what byte comes then.
    #[inline(always)]
    pub(crate) fn token(&mut self) -> u8 {
        let byte = self.byte();
        if is_token(byte) { byte } else { self.token_after_space() }
    }

    #[cold]
    fn token_after_space(&mut self) -> u8 {
        loop {
            match self.byte() {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'/' => match comment_end(self.bytes, self.at) {
                    Some(end) => self.at = end,
                    None => return b'/',
                },
                byte => return byte,
            }
        }
    }

    /// What is wrong with the byte here: it is another than the grammar wants,
    /// or it is missing.
    #[cold]
    pub(super) fn unexpected(self) -> Fault {
        if self.at < self.bytes.len() { Fault::Syntax } else { Fault::Incomplete }
    }

    /// Steps to the bracket that opens the object of a line.
    pub(crate) fn object_start(&mut self) -> Result<(), Fault> {
        match self.token() {
            b'{' => Ok(()),
            _ if self.at == 0 && self.bytes.starts_with(BYTE_ORDER_MARK) => {
                self.at = BYTE_ORDER_MARK.len();
                self.object_start()
            }
            b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Err(Fault::NotAnObject),
            _ => Err(self.unexpected()),
        }
    }

    /// Steps to the end of the bytes, with nothing but white space and comments on
    /// the way.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        match self.token() {
            0 if self.at >= self.bytes.len() => Ok(()),
            _ => Err(Fault::Syntax),
        }
    }

    /// A fault here.
    #[cold]
    pub(super) fn malformed(self, fault: Fault) -> Malformed {
        Malformed { offset: self.at, fault }
    }

    /// The byte here as a fault.
    #[cold]
    pub(super) fn unexpected_here(self) -> Malformed {
        self.malformed(self.unexpected())
    }

    /// Steps over one byte, white space and comments before it included.
    #[inline(always)]
    pub(crate) fn expect(&mut self, expected: u8) -> Result<(), Fault> {
        if self.byte() != expected && self.token_after_space() != expected {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    /// Steps over a string, white space and comments before it included.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<StringToken, Fault> {
        self.expect(b'"')?;
        let start = self.at;
        match plain_string_end(self.bytes, start) {
            NOT_FOUND => self.rest_of_string(start),
            end => {
                self.at = end + 1;
                Ok(StringToken { start, end, escaped: false })
            }
        }
    }

    /// The same for strings with escapes, and for what is none.
    #[inline(never)]
    fn rest_of_string(&mut self, start: usize) -> Result<StringToken, Fault> {
        let mut escaped = false;
        loop {
            let Some(stop) = plain_end(self.bytes, self.at, true) else {
                self.at = self.bytes.len();
                return Err(Fault::Incomplete);
            };
            self.at = stop;
            match self.byte() {
                b'"' => {
                    self.at = stop + 1;
                    return Ok(StringToken { start, end: stop, escaped });
                }
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(Fault::Syntax),
            }
        }
    }

    /// Steps over an escape from its backslash on.
    fn escape(&mut self) -> Result<(), Fault> {
        let after = Cursor { at: self.at + 1, ..*self };
        match after.byte() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => match self.bytes.get(self.at + 2..self.at + 6) {
                Some(hex) if hex.iter().all(u8::is_ascii_hexdigit) => self.at += 6,
                Some(_) => return Err(Fault::Syntax),
                None => return Err(Fault::Incomplete),
            },
            _ => return Err(after.unexpected()),
        }
        Ok(())
    }

    /// Steps over the number here.
    #[inline(always)]
    pub(super) fn number(&mut self) -> Result<(), Fault> {
        match digits_end(self.bytes, self.at) {
            NOT_FOUND => self.any_number(),
            end => {
                self.at = end;
                Ok(())
            }
        }
    }

    #[inline(never)]
    fn any_number(&mut self) -> Result<(), Fault> {
        if self.byte() == b'-' {
            self.at += 1;
        }
        if self.byte() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if matches!(self.byte(), b'.' | b'e' | b'E') { self.fraction_and_exponent() } else { Ok(()) }
    }

    fn fraction_and_exponent(&mut self) -> Result<(), Fault> {
        if self.byte() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.byte(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// One digit or more.
    #[inline(always)]
    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Steps over `true`, `false` or `null`.
    #[inline(never)]
    pub(super) fn word(&mut self, word: &str) -> Result<(), Fault> {
        for expected in word.bytes() {
            if self.byte() != expected {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Steps over a string, number or word.
    #[inline(always)]
    pub(crate) fn scalar(&mut self) -> Result<(), Fault> {
        match self.token() {
            b'"' => self.string().map(|_| ()),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => Err(self.unexpected()),
        }
    }

    /// Steps over a whole value, `depth` containers deep. It is checked in full.
    #[inline(always)]
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), Fault> {
        match self.token() {
            b'{' | b'[' => {
                let (after, skipped) = skip_container(*self, depth);
                *self = after;
                skipped
            }
            _ => self.scalar(),
        }
    }
}

/// Without recursion: what kinds of containers are open is a stack of bits, 1
/// for an object.
fn skip_container(mut here: Cursor<'_>, depth: usize) -> (Cursor<'_>, Result<(), Fault>) {
    let mut skip = || {
        let mut objects: u128 = 0;
        let mut open = 0;
        loop {
            let byte = here.token();
            if byte == b'{' || byte == b'[' {
                if depth + open >= MAX_DEPTH {
                    return Err(Fault::TooDeep);
                }
                let object = byte == b'{';
                here.at += 1;
                open += 1;
                objects = objects << 1 | u128::from(object);
                if here.token() != closing(object) {
                    if object {
                        here.string()?;
                        here.expect(b':')?;
                    }
                    continue;
                }
            } else {
                here.scalar()?;
            }
            loop {
                let object = objects & 1 == 1;
                let byte = here.token();
                if byte == b',' {
                    here.at += 1;
                    if object {
                        here.string()?;
                        here.expect(b':')?;
                    }
                    break;
                }
                if byte != closing(object) {
                    return Err(here.unexpected());
                }
                here.at += 1;
                objects >>= 1;
                open -= 1;
                if open == 0 {
                    return Ok(());
                }
            }
        }
    };
    let skipped = skip();
    (here, skipped)
}

/// The byte that closes a container.
#[inline(always)]
fn closing(object: bool) -> u8 {
    if object { b'}' } else { b']' }
}

/// Whether a byte stands for itself: it is no white space, and begins no comment.
#[inline(always)]
pub(super) fn is_token(byte: u8) -> bool {
    byte > b' ' && byte != b'/'
}

/// The offset behind the comment that begins at `at`; none if that is no
/// comment, or has no end.
fn comment_end(bytes: &[u8], at: usize) -> Option<usize> {
    let within = at + 2;
    let rest = bytes.get(within..)?;
    match bytes.get(at + 1)? {
        b'*' => rest.windows(2).position(|pair| pair == b"*/").map(|length| within + length + 2),
        // The end of the line ends it too.
        b'/' => {
            let length = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            Some(length.map_or(bytes.len(), |length| within + length))
        }
        _ => None,
    }
}
