//! Syntax tree to text.
//!
//! What is written of a tree that [`parse`](crate::parse) made parses to an equal one, unless
//! escapes take it beyond the limit on size. Comments are gone, and so are parentheses that do
//! nothing; strings are written in double quotation marks, with escapes.

mod expr;
mod literal;

use core::fmt::{self, Display, Formatter};

use crate::ast::{EventFilter, Field, Item, Pipe, Query, QueryKind, Sample, Sequence};
use crate::lex::is_name;
use crate::token::Fixed;

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        self.pipes.iter().try_for_each(|pipe| write!(f, " | {pipe}"))
    }
}

impl Display for QueryKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(filter) => filter.fmt(f),
            Self::Sequence(sequence) => sequence.fmt(f),
            Self::Sample(sample) => sample.fmt(f),
        }
    }
}

impl Display for EventFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.category.as_deref() {
            None => f.write_str("any")?,
            Some(category) if is_free_name(category) => f.write_str(category)?,
            Some(category) => literal::write_string(f, category)?,
        }
        write!(f, " where {}", self.condition)
    }
}

impl Display for Sequence {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("sequence")?;
        write_keys(f, &self.by)?;
        if let Some(maxspan_ms) = self.maxspan_ms {
            f.write_str(" with maxspan=")?;
            write_span(f, maxspan_ms)?;
        }
        self.items.iter().try_for_each(|item| write!(f, " {item}"))?;
        match &self.until {
            Some(until) => write!(f, " until {until}"),
            None => Ok(()),
        }
    }
}

impl Display for Sample {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("sample")?;
        write_keys(f, &self.by)?;
        self.items.iter().try_for_each(|item| write!(f, " {item}"))
    }
}

impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let open = if self.missing { Fixed::OpenMissing } else { Fixed::OpenBracket };
        write!(f, "{}{}]", open.text(), self.filter)?;
        write_keys(f, &self.by)?;
        if self.runs == 1 { Ok(()) } else { write!(f, " with runs={}", self.runs) }
    }
}

impl Display for Pipe {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(count) => write!(f, "head {count}"),
            Self::Tail(count) => write!(f, "tail {count}"),
        }
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.optional {
            f.write_str("?")?;
        }
        self.name.split('.').enumerate().try_for_each(|(number, part)| {
            if number > 0 {
                f.write_str(".")?;
            }
            if is_free_name(part) { f.write_str(part) } else { write!(f, "`{}`", part.replace('`', "``")) }
        })
    }
}

/// Is it a name that needs neither backticks nor quotation marks?
fn is_free_name(word: &str) -> bool {
    is_name(word) && Fixed::keyword(word).is_none()
}

fn write_keys(f: &mut Formatter<'_>, keys: &[Field]) -> fmt::Result {
    keys.iter().enumerate().try_for_each(|(number, key)| {
        let ahead = if number == 0 { " by" } else { "," };
        write!(f, "{ahead} {key}")
    })
}

/// Spans in the largest unit that holds them whole.
fn write_span(f: &mut Formatter<'_>, span_ms: u64) -> fmt::Result {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
    let (unit, unit_ms) = units.into_iter().find(|(_, unit_ms)| span_ms.is_multiple_of(*unit_ms)).unwrap_or(("ms", 1));
    write!(f, "{}{unit}", span_ms / unit_ms)
}
