//! What the text of a query is made of.

use alloc::string::String;

use firstseen_query::Span;

/// A token and where it stands.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// The kinds of token. Names and numbers are found through the span.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A keyword or symbol.
    Fixed(Fixed),
    /// A name that is no keyword.
    Name,
    /// A name with `~` at its end, which only a function can have.
    FunctionName,
    /// What stands in backticks.
    QuotedName(String),
    /// A string of either form, decoded.
    String(String),
    /// Digits alone.
    Integer,
    /// A number with a point or an exponent.
    Decimal,
    /// The end of the query.
    End,
}

/// A keyword or symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fixed {
    And,
    Any,
    By,
    False,
    In,
    InInsensitive,
    Join,
    Like,
    LikeInsensitive,
    Maxspan,
    Not,
    Null,
    Of,
    Or,
    Regex,
    RegexInsensitive,
    Sample,
    Sequence,
    True,
    Until,
    Where,
    With,
    Colon,
    Assign,
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
    Plus,
    Minus,
    Asterisk,
    Slash,
    Percent,
    Dot,
    Comma,
    OpenBracket,
    OpenMissing,
    CloseBracket,
    OpenParen,
    CloseParen,
    Pipe,
    Optional,
}

/// All keywords. Only in lower case they are any.
const KEYWORDS: [(&str, Fixed); 22] = [
    ("and", Fixed::And),
    ("any", Fixed::Any),
    ("by", Fixed::By),
    ("false", Fixed::False),
    ("in", Fixed::In),
    ("in~", Fixed::InInsensitive),
    ("join", Fixed::Join),
    ("like", Fixed::Like),
    ("like~", Fixed::LikeInsensitive),
    ("maxspan", Fixed::Maxspan),
    ("not", Fixed::Not),
    ("null", Fixed::Null),
    ("of", Fixed::Of),
    ("or", Fixed::Or),
    ("regex", Fixed::Regex),
    ("regex~", Fixed::RegexInsensitive),
    ("sample", Fixed::Sample),
    ("sequence", Fixed::Sequence),
    ("true", Fixed::True),
    ("until", Fixed::Until),
    ("where", Fixed::Where),
    ("with", Fixed::With),
];

/// All symbols, each ahead of those that it starts with.
const SYMBOLS: [(&str, Fixed); 22] = [
    ("==", Fixed::Eq),
    ("!=", Fixed::Ne),
    ("<=", Fixed::Lte),
    (">=", Fixed::Gte),
    ("![", Fixed::OpenMissing),
    (":", Fixed::Colon),
    ("=", Fixed::Assign),
    ("<", Fixed::Lt),
    (">", Fixed::Gt),
    ("+", Fixed::Plus),
    ("-", Fixed::Minus),
    ("*", Fixed::Asterisk),
    ("/", Fixed::Slash),
    ("%", Fixed::Percent),
    (".", Fixed::Dot),
    (",", Fixed::Comma),
    ("[", Fixed::OpenBracket),
    ("]", Fixed::CloseBracket),
    ("(", Fixed::OpenParen),
    (")", Fixed::CloseParen),
    ("|", Fixed::Pipe),
    ("?", Fixed::Optional),
];

impl Fixed {
    /// The keyword that a word is.
    pub(crate) fn keyword(word: &str) -> Option<Self> {
        KEYWORDS.iter().find(|(text, _)| *text == word).map(|&(_, fixed)| fixed)
    }

    /// The keyword that a word would be in lower case, as its text; none if it is one, or none ever.
    pub(crate) fn miscased(word: &str) -> Option<&'static str> {
        KEYWORDS.iter().map(|&(text, _)| text).find(|text| text.eq_ignore_ascii_case(word) && *text != word)
    }

    /// The symbol that `text` starts with, and how many bytes it has.
    pub(crate) fn symbol(text: &str) -> Option<(Self, usize)> {
        SYMBOLS.iter().find(|(symbol, _)| text.starts_with(symbol)).map(|&(symbol, fixed)| (fixed, symbol.len()))
    }

    /// Is it a keyword?
    pub(crate) fn is_keyword(self) -> bool {
        KEYWORDS.iter().any(|&(_, fixed)| fixed == self)
    }

    /// As it is written.
    pub(crate) fn text(self) -> &'static str {
        let mut all = KEYWORDS.iter().chain(&SYMBOLS);
        all.find(|(_, fixed)| *fixed == self).map_or("", |(text, _)| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back() {
        for &(text, fixed) in &KEYWORDS {
            assert_eq!((Fixed::keyword(text), fixed.text(), fixed.is_keyword()), (Some(fixed), text, true));
        }
        for &(text, fixed) in &SYMBOLS {
            assert_eq!((Fixed::symbol(text), fixed.text()), (Some((fixed, text.len())), text));
            assert!(!fixed.is_keyword());
        }
    }

    #[test]
    fn keywords_are_lower_case() {
        assert_eq!(Fixed::keyword("AND"), None);
        assert_eq!(Fixed::miscased("AND"), Some("and"));
        assert_eq!(Fixed::miscased("and"), None);
        assert_eq!(Fixed::miscased("android"), None);
    }
}
