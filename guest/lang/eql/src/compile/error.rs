//! What can be wrong with a condition that the grammar allows.

use core::fmt;

use firstseen_query::RegexErrorKind;

/// Why a condition cannot be asked of a mapping, and where. Elasticsearch's verifier says the same
/// when the rule runs (`Verifier`, `Analyzer`).
pub type VerificationError = firstseen_query::Error<VerificationErrorKind>;

/// What a part of a condition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The constant `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A number without decimals.
    Whole,
    /// A text.
    Text,
    /// The value of an `ip` field.
    Address,
    /// The value of a date field.
    Date,
    /// The value of a `version` field.
    Version,
    /// The value of a field that is in no mapping: its value says what it is.
    Any,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "`null`",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::Whole => "a whole number",
            Self::Text => "a text",
            Self::Address => "an IP address",
            Self::Date => "a date",
            Self::Version => "a version",
            Self::Any => "a value",
        })
    }
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerificationErrorKind {
    /// The field is in no mapping, and has no `?`.
    UnknownField,
    /// An object stands where a field is needed.
    Object,
    /// A field below nested objects, which EQL cannot look into.
    Nested,
    /// A type of field that EQL does not know.
    FieldType {
        /// The type.
        field_type: &'static str,
    },
    /// A text whose words are indexed, without a multi-field that has the whole of it.
    NoKeyword,
    /// Something of another kind is needed.
    Needs {
        /// What is needed.
        needed: Kind,
        /// What is there.
        found: Kind,
    },
    /// A field, or what is computed of one, stands where a constant is needed: EQL compares fields
    /// with constants.
    NotConstant,
    /// There is no such function.
    UnknownFunction,
    /// The function has no form with `~`.
    NoInsensitiveForm,
    /// The function takes another number of arguments.
    Arguments {
        /// At least so many.
        least: usize,
        /// At most so many; none if there is no limit.
        most: Option<usize>,
    },
    /// A regular expression that cannot be used.
    Regex(RegexErrorKind),
}

impl fmt::Display for VerificationErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownField => {
                f.write_str("no mapping has a field of this name; a `?` ahead of it says that it may be missing")
            }
            Self::Object => f.write_str("this is an object; name a field of it"),
            Self::Nested => f.write_str("EQL cannot ask fields of nested objects"),
            Self::FieldType { field_type } => write!(f, "EQL cannot ask fields of type `{field_type}`"),
            Self::NoKeyword => f.write_str(
                "of this field only words are indexed, and it has no single keyword beside it that could be compared",
            ),
            Self::Needs {
                needed: Kind::Text,
                found: found @ (Kind::Address | Kind::Number | Kind::Bool | Kind::Date),
            } => {
                write!(f, "a text is needed here, this is {found}; `string(…)` makes a text of it")
            }
            Self::Needs { needed, found } => write!(f, "{needed} is needed here, this is {found}"),
            Self::NotConstant => f.write_str(
                "a constant is needed here; EQL looks at two fields together only in functions, such as \
                 `startsWith(a, b)`",
            ),
            Self::UnknownFunction => f.write_str(
                "there is no such function; those of EQL are add, between, cidrMatch, concat, divide, endsWith, \
                 indexOf, length, modulo, multiply, number, startsWith, string, stringContains, substring, subtract",
            ),
            Self::NoInsensitiveForm => f.write_str(
                "this function has no form with `~`; between, endsWith, indexOf, startsWith and stringContains have",
            ),
            Self::Arguments { least, most: Some(most) } if least == most => {
                write!(f, "this function takes {least} argument{}", if *least == 1 { "" } else { "s" })
            }
            Self::Arguments { least, most: Some(most) } => write!(f, "this function takes {least} to {most} arguments"),
            Self::Arguments { least, most: None } => write!(f, "this function takes at least {least} arguments"),
            Self::Regex(kind) => kind.fmt(f),
        }
    }
}
