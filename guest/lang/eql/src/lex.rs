//! Text to tokens.
//!
//! The longest token wins, as in Elasticsearch's lexer, and a keyword over a name of its length.

use alloc::string::String;

use firstseen_query::Span;

use crate::comment::comment_end;
use crate::error::{Error, ErrorKind};
use crate::text;
use crate::token::{Fixed, Token, TokenKind};

/// Reads one token after the other; beyond the last one, [`TokenKind::End`].
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn next(&mut self) -> Result<Token, Error> {
        let start = skip_hidden(self.text, self.at)?;
        let (kind, end) = read(self.text, start)?;
        self.at = end;
        Ok(Token { kind, span: Span::new(start, end) })
    }

    /// Is the token after the current one a number?
    pub(crate) fn number_follows(&self) -> bool {
        let next = skip_hidden(self.text, self.at).map(|at| rest(self.text, at));
        next.is_ok_and(|next| next.starts_with(|c: char| c.is_ascii_digit()))
    }
}

/// The text from `at` on; empty beyond the end.
pub(crate) fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// Is it a name that needs no backticks, a keyword aside?
pub(crate) fn is_name(word: &str) -> bool {
    word.starts_with(is_name_start) && name_end(word, 0) == word.len()
}

const fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '@')
}

/// Where the name ends whose first character is at `start`.
fn name_end(text: &str, start: usize) -> usize {
    run(text, start + 1, |byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Where the bytes from `at` on end of which `is_in` is true, which must be ASCII.
fn run(text: &str, at: usize, is_in: impl Fn(u8) -> bool) -> usize {
    at + rest(text, at).bytes().take_while(|&byte| is_in(byte)).count()
}

/// Where white space and comments that start at `at`, if any, end.
fn skip_hidden(text: &str, mut at: usize) -> Result<usize, Error> {
    loop {
        at = run(text, at, |byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        let left = rest(text, at);
        let hidden = if left.starts_with("//") {
            left.find(['\r', '\n']).or(Some(left.len()))
        } else if left.starts_with("/*") {
            let too_deep = |limit| Error::new(ErrorKind::Limit(limit), Span::new(at, at + 2));
            comment_end(left).map_err(too_deep)?
        } else {
            None
        };
        match hidden {
            Some(length) => at += length,
            None => return Ok(at),
        }
    }
}

/// The token at `start`, and where it ends.
fn read(text: &str, start: usize) -> Result<(TokenKind, usize), Error> {
    let left = rest(text, start);
    let mut chars = left.chars();
    let Some(first) = chars.next() else { return Ok((TokenKind::End, start)) };
    let second = chars.next();
    match first {
        c if is_name_start(c) => Ok(word(text, start)),
        '0'..='9' => Ok(number(text, start)),
        '.' if second.is_some_and(|c| c.is_ascii_digit()) => Ok(number(text, start)),
        '`' => quoted_name(text, start),
        '"' => text::string(text, start).map(|(string, end)| (TokenKind::String(string), end)),
        '\'' => fail(ErrorKind::SingleQuotes, start, 1),
        '?' if matches!(second, Some('"' | '\'')) => fail(ErrorKind::QuestionMarkString, start, 2),
        c => match Fixed::symbol(left) {
            Some((fixed, len)) => Ok((TokenKind::Fixed(fixed), start + len)),
            None => no_token(left, c, start),
        },
    }
}

fn word(text: &str, start: usize) -> (TokenKind, usize) {
    let end = name_end(text, start);
    let is_letter = rest(text, start).starts_with(|c: char| c.is_ascii_alphabetic());
    let has_tilde = is_letter && rest(text, end).starts_with('~');
    let end = if has_tilde { end + 1 } else { end };
    let kind = match Fixed::keyword(text.get(start..end).unwrap_or_default()) {
        Some(keyword) => TokenKind::Fixed(keyword),
        None if has_tilde => TokenKind::FunctionName,
        None => TokenKind::Name,
    };
    (kind, end)
}

fn number(text: &str, start: usize) -> (TokenKind, usize) {
    let digits = |at| run(text, at, |byte| byte.is_ascii_digit());
    let mut end = digits(start);
    let mut kind = TokenKind::Integer;
    if rest(text, end).starts_with('.') {
        end = digits(end + 1);
        kind = TokenKind::Decimal;
    }
    if rest(text, end).starts_with(['e', 'E']) {
        let sign = usize::from(rest(text, end + 1).starts_with(['+', '-']));
        let power = end + 1 + sign;
        if digits(power) > power {
            end = digits(power);
            kind = TokenKind::Decimal;
        }
    }
    (kind, end)
}

/// A name in backticks; a doubled one stands for itself.
fn quoted_name(text: &str, start: usize) -> Result<(TokenKind, usize), Error> {
    let mut name = String::new();
    let mut at = start + 1;
    loop {
        let left = rest(text, at);
        let Some(length) = left.find('`') else { return fail(ErrorKind::UnclosedName, start, 1) };
        name.push_str(left.get(..length).unwrap_or_default());
        at += length + 1;
        if !rest(text, at).starts_with('`') {
            return Ok((TokenKind::QuotedName(name), at));
        }
        name.push('`');
        at += 1;
    }
}

/// What no token starts with.
fn no_token(left: &str, c: char, start: usize) -> Result<(TokenKind, usize), Error> {
    let after = left.get(c.len_utf8()..).unwrap_or_default();
    let (found, instead) = match c {
        '&' if after.starts_with('&') => ("&&", "and"),
        '&' => ("&", "and"),
        '!' if after.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('[') => ("! [", "!["),
        '!' => ("!", "not"),
        c => return fail(ErrorKind::UnknownCharacter(c), start, c.len_utf8()),
    };
    fail(ErrorKind::WriteInstead { found, instead }, start, c.len_utf8())
}

fn fail<T>(kind: ErrorKind, start: usize, bytes: usize) -> Result<T, Error> {
    Err(Error::new(kind, Span::new(start, start + bytes)))
}
