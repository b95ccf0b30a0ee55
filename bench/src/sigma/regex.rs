//! Lucene's regular expressions in the syntax of Rust's crate `regex`, which Sigma's engines use:
//! those in which everything can be written so that it means the same.
//!
//! Lucene's match all of a value, those of Sigma's engines a part of it. In Lucene's the dot is any
//! character, `^` and `$` are ordinary, and so is an operator where it has nothing to work on. Case
//! is ignored of single characters, not of the ends of a range.

use std::iter::Peekable;
use std::str::Chars;

/// A pattern that Lucene reads, for the modifier `|re`; none if there is something in it that Rust
/// does not have, or would read otherwise.
pub(super) fn of_lucene(pattern: &str, ignore_case: bool) -> Option<String> {
    let mut translation = Translation { rest: pattern.chars().peekable(), written: String::new(), ignore_case };
    translation.alternatives()?;
    let flags = if ignore_case { "si" } else { "s" };
    Some(format!("(?{flags})^(?:{})$", translation.written))
}

struct Translation<'p> {
    rest: Peekable<Chars<'p>>,
    written: String,
    ignore_case: bool,
}

/// What stands before a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nothing that can be repeated.
    Start,
    Operand,
    /// Something that was repeated, or looks so: Elasticsearch changes a second repetition.
    Repetition,
}

impl Translation<'_> {
    fn alternatives(&mut self) -> Option<()> {
        let mut before = Before::Start;
        while let Some(c) = self.rest.next() {
            before = match (c, before) {
                ('(', _) if self.rest.next_if_eq(&')').is_some() => self.write("()", Before::Operand),
                ('(', _) => self.write("(", Before::Start),
                ('|', Before::Operand | Before::Repetition) => self.write("|", Before::Start),
                (')', Before::Operand | Before::Repetition) => self.write(")", Before::Operand),
                ('*' | '+' | '?', Before::Operand) => self.write(c.encode_utf8(&mut [0; 4]), Before::Repetition),
                ('{', Before::Operand) => self.count()?,
                ('*' | '+' | '?' | '{', Before::Repetition) => return None,
                ('*' | '+' | '?', Before::Start) => self.literal(c, Before::Repetition),
                ('.', _) => self.write(".", Before::Operand),
                ('[', _) => self.class()?,
                ('\\', _) => self.escape()?,
                // Lucene's own operators.
                ('"' | '@' | '#' | '~' | '&' | '<', _) => return None,
                (c, _) => self.literal(c, Before::Operand),
            };
        }
        Some(())
    }

    /// `{n}`, `{n,}` and `{n,m}`, behind the opening brace.
    fn count(&mut self) -> Option<Before> {
        self.written.push('{');
        loop {
            let c = self.rest.next()?;
            self.written.push(c);
            if c == '}' {
                return Some(Before::Repetition);
            }
        }
    }

    /// What a backslash makes of the next character. Rust's `\w` has more than ASCII, and so have
    /// ranges of letters where it ignores case.
    fn escape(&mut self) -> Option<Before> {
        let class = match self.rest.next()? {
            'd' => "[0-9]",
            'D' => "[^0-9]",
            's' => r"[ \t\r\n]",
            'S' => r"[^ \t\r\n]",
            'w' if !self.ignore_case => "[0-9A-Za-z_]",
            'W' if !self.ignore_case => "[^0-9A-Za-z_]",
            c if c.is_alphabetic() => return None,
            c => return Some(self.literal(c, Before::Operand)),
        };
        Some(self.write(class, Before::Operand))
    }

    /// A class, behind the opening bracket.
    fn class(&mut self) -> Option<Before> {
        self.written.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.written.push('^');
        }
        // The first character never closes it, but Elasticsearch believes so.
        if self.rest.peek() == Some(&']') {
            return None;
        }
        loop {
            match self.rest.next()? {
                '\\' => self.escape_in_class()?,
                first if self.rest.next_if_eq(&'-').is_some() => self.range(first)?,
                c => self.literal(c, Before::Operand),
            };
            if self.rest.next_if_eq(&']').is_some() {
                return Some(self.write("]", Before::Operand));
            }
        }
    }

    fn escape_in_class(&mut self) -> Option<Before> {
        match self.rest.next()? {
            'd' => Some(self.write("0-9", Before::Operand)),
            's' => Some(self.write(r" \t\r\n", Before::Operand)),
            'w' if !self.ignore_case => Some(self.write("0-9A-Za-z_", Before::Operand)),
            c if c.is_alphabetic() => None,
            c => Some(self.literal(c, Before::Operand)),
        }
    }

    /// A range of characters, behind its hyphen.
    fn range(&mut self, first: char) -> Option<Before> {
        self.rest.next_if_eq(&'\\');
        let last = self.rest.next()?;
        if self.ignore_case && !(first.is_ascii_digit() && last.is_ascii_digit()) {
            return None;
        }
        self.literal(first, Before::Operand);
        self.written.push('-');
        Some(self.literal(last, Before::Operand))
    }

    /// A character that stands for itself.
    fn literal(&mut self, c: char, before: Before) -> Before {
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            self.written.push('\\');
        }
        self.written.push(c);
        before
    }

    /// Writes something; answers with what it is to what follows.
    fn write(&mut self, text: &str, before: Before) -> Before {
        self.written.push_str(text);
        before
    }
}
