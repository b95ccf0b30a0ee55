//! What can be wrong with a query, and how it is shown.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write as _};

use crate::clause::Condition;
use crate::span::Span;
use crate::visible::is_forbidden;

/// Why a query cannot be used, and where. Each language has kinds of its own, this crate those of
/// [types, mappings and groups](ErrorKind).
///
/// `Display` gives one sentence without the query; [`Error::render`] adds the line it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error<K = ErrorKind> {
    /// What is wrong.
    pub kind: K,
    /// Where. It is empty at the end of the query.
    pub span: Span,
    /// What is asked of which field, where the place does not show it: the field was found by a
    /// pattern, or there is no text.
    pub asked: Option<Box<Asked>>,
}

/// What is asked of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked {
    /// The name of the field.
    pub field: String,
    /// The value, pattern or bounds; cut where they are long.
    pub value: Option<String>,
}

/// Longest value that is shown, in characters.
const SHOWN_CHARS: usize = 100;

impl Asked {
    pub(crate) fn new(field: &str, condition: &Condition) -> Self {
        let value = condition.value().map(|value| {
            let mut shown: String = value.chars().take(SHOWN_CHARS).map(shown).collect();
            if value.chars().nth(SHOWN_CHARS).is_some() {
                shown.push('…');
            }
            shown
        });
        Self { field: String::from(field), value }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "`{value}` for `{}`", self.field),
            None => write!(f, "`{}`", self.field),
        }
    }
}

/// What can be wrong with a query that its language allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The value means nothing to the type of its field; Elasticsearch fails the whole search.
    NotAValue {
        /// The type.
        field_type: &'static str,
    },
    /// A type that has no wildcards; Elasticsearch fails the whole search.
    NoWildcards {
        /// The type.
        field_type: &'static str,
    },
    /// A type that can only be asked whether it has a value, or not even that.
    NotSearchable {
        /// The type.
        field_type: &'static str,
    },
    /// Unquoted `null` as a value: Elasticsearch fails the whole search.
    Null,
    /// A field of nested objects, outside of their group.
    NestedField,
    /// A field in a nested group that is no field of its objects.
    NotInGroup,
    /// The path of a group is not mapped as `nested`.
    NotNested,
    /// Capital `AND`, `OR` or `NOT` in a wildcard value for a field that is no keyword, where
    /// Elasticsearch takes them for operators and finds nothing to join.
    DanglingOperator,
    /// The patterns of field names find too many fields, 100,000 all in all.
    TooManyFields,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAValue { field_type } => write!(f, "not a value of a `{field_type}` field"),
            Self::NoWildcards { field_type } => write!(
                f,
                "a `{field_type}` field cannot be searched with wildcards; use a range, or `field:*` to ask whether \
                 there is a value"
            ),
            Self::NotSearchable { field_type } => {
                write!(f, "a field of type `{field_type}` can only be asked whether it has a value (`field:*`)")
            }
            Self::Null => f.write_str("unquoted `null` is no value; write `not field:*` for a missing one"),
            Self::NestedField => {
                f.write_str("a field of nested objects can only be asked in their group, `path:{ field:value }`")
            }
            Self::NotInGroup => f.write_str("this is no field of the nested objects that the group is about"),
            Self::NotNested => f.write_str("only a field mapped as `nested` can have a group, `path:{ … }`"),
            Self::DanglingOperator => f.write_str(
                "capital AND, OR and NOT in a wildcard value are operators where the field is no keyword, and \
                 something is missing beside one; write them in lower case or quote the value",
            ),
            Self::TooManyFields => {
                f.write_str("the patterns of field names find too many fields; write fewer, or longer ones")
            }
        }
    }
}

impl<K: fmt::Display> fmt::Display for Error<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at offset {})", self.cause(), self.span.start)
    }
}

impl<K: fmt::Debug + fmt::Display> core::error::Error for Error<K> {}

impl<K> Error<K> {
    /// Something that is wrong at a place.
    #[must_use]
    pub const fn new(kind: K, span: Span) -> Self {
        Self { kind, span, asked: None }
    }

    /// The same with what is asked of which field, unless that is there.
    pub(crate) fn asking(mut self, field: &str, condition: &Condition) -> Self {
        self.asked.get_or_insert_with(|| Box::new(Asked::new(field, condition)));
        self
    }
}

/// Characters shown to either side of the place of an error; a query may be one long line.
const CONTEXT: usize = 60;

impl<K: fmt::Display> Error<K> {
    /// One sentence, without the place.
    #[must_use]
    pub fn cause(&self) -> String {
        match &self.asked {
            Some(asked) => format!("{asked}: {}", self.kind),
            None => format!("{}", self.kind),
        }
    }

    /// The sentence, then the line of `query` it is about with its number, then a caret under
    /// the place. `query` should be the text that was parsed; another one gives a wrong picture,
    /// nothing worse. Lines are joined by line feeds; the last has none.
    #[must_use]
    pub fn render(&self, query: &str) -> String {
        let at = query.floor_char_boundary(self.span.start);
        let (before, after) = query.split_at_checked(at).unwrap_or((query, ""));
        let number = before.matches('\n').count() + 1;
        let head = before.rsplit('\n').next().unwrap_or_default();
        let tail = after.split('\n').next().unwrap_or_default();

        let skipped = head.chars().count().saturating_sub(CONTEXT);
        let mut line = String::new();
        let mut margin = String::new();
        if skipped > 0 {
            line.push('…');
            margin.push(' ');
        }
        for c in head.chars().skip(skipped) {
            line.push(shown(c));
            margin.push(if c == '\t' { '\t' } else { ' ' });
        }
        line.extend(tail.chars().take(CONTEXT).map(shown));
        if tail.chars().nth(CONTEXT).is_some() {
            line.push('…');
        }

        let mut text = String::new();
        let line = line.trim_end();
        // Writing to a String cannot fail.
        let _ = write!(text, "{}\n{number} | {line}\n", self.cause());
        let gutter = number.checked_ilog10().unwrap_or_default() as usize + 1;
        let _ = write!(text, "{:gutter$} | {margin}^", "");
        text
    }
}

/// Nothing of a query may steer the terminal it is shown on.
fn shown(c: char) -> char {
    match c {
        '\r' => ' ',
        c if is_forbidden(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn not_in_group(start: usize, end: usize) -> Error {
        Error::new(ErrorKind::NotInGroup, Span::new(start, end))
    }

    #[test]
    fn a_caret_stands_under_the_place() {
        let said = ErrorKind::NotInGroup.to_string();
        for (query, start, picture) in [
            ("n:{ a:b }", 4, "1 | n:{ a:b }\n  |     ^"),
            ("n:{\n a:b }", 5, "2 |  a:b }\n  |  ^"),
            ("\tn:{ a:b }", 5, "1 | \tn:{ a:b }\n  | \t    ^"),
            ("a:b or", 6, "1 | a:b or\n  |       ^"),
            ("\n\n\n\n\n\n\n\n\n or x", 13, "10 |  or x\n   |     ^"),
            ("a:b\u{202e}c", 3, "1 | a:b\u{fffd}c\n  |    ^"),
        ] {
            let text = not_in_group(start, start + 1).render(query);
            assert_eq!(text.strip_prefix(&*said).unwrap(), alloc::format!("\n{picture}"), "{query:?}");
        }
    }

    #[test]
    fn a_long_line_is_cut() {
        let mut query = "a".repeat(500);
        query.push_str(":b:");
        query.push_str(&"c".repeat(500));
        let text = not_in_group(502, 503).render(&query);
        let lines: alloc::vec::Vec<_> = text.lines().collect();
        assert!(lines[1].starts_with("1 | …aaa") && lines[1].ends_with("ccc…"));
        assert!(lines[1].chars().count() < 140);
        assert_eq!(lines[2].chars().count(), 4 + 1 + CONTEXT + 1);
    }

    #[test]
    fn render_survives_another_text() {
        for other in ["", "é", "aé", "aéé\n", "\n\n\n\n\n"] {
            assert!(not_in_group(3, 4).render(other).ends_with('^'));
        }
    }
}
