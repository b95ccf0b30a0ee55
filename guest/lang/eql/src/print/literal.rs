//! Constants.

use core::fmt::{self, Display, Formatter, Write as _};

use firstseen_query::is_forbidden;

use crate::ast::{Constant, Literal};

impl Display for Constant {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.literal.fmt(f)
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Long(value) => value.fmt(f),
            Self::UnsignedLong(value) => value.fmt(f),
            // Always with a point or an exponent: without, it would be a whole number again.
            Self::Double(value) => write!(f, "{value:?}"),
            Self::String(text) => write_string(f, text),
        }
    }
}

/// Writes a string in double quotation marks.
pub(super) fn write_string(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str(r"\\")?,
            '\t' => f.write_str(r"\t")?,
            '\r' => f.write_str(r"\r")?,
            '\n' => f.write_str(r"\n")?,
            c if is_forbidden(c) => write!(f, "\\u{{{:02x}}}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}
