//! Types whose values are ordered: each value becomes a number, its ordinal, and a query a list of
//! ranges of them.

use crate::error::ErrorKind;
use crate::range::{RangeOp, Ranges};
use crate::values::date::{self, Resolution, Rounding};
use crate::values::ip;
use crate::values::number::NumberType;
use crate::values::scalar::Scalar;

/// A type whose values are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Hash)]
pub(crate) enum OrdinalType {
    Number(NumberType),
    Boolean,
    Date,
    DateNanos,
    Ip,
}

impl OrdinalType {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Number(number) => number.name(),
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateNanos => "date_nanos",
            Self::Ip => "ip",
        }
    }

    /// The ordinal of an event's value; none if it is no value of the type.
    pub(crate) fn value(self, value: Scalar<'_>) -> Option<i128> {
        match (self, value) {
            (Self::Boolean, Scalar::Bool(value)) => Some(i128::from(value)),
            (Self::Boolean, Scalar::String(text)) => match &*text.decode() {
                "true" => Some(1),
                "false" | "" => Some(0),
                _ => None,
            },
            (Self::Boolean, Scalar::Number(_)) | (_, Scalar::Bool(_)) => None,
            (Self::Ip, Scalar::Number(_)) => None,
            (Self::Number(number), Scalar::Number(text)) => number.value(text, false),
            (Self::Number(number), Scalar::String(text)) => number.value(&text.decode(), true),
            (Self::Ip, Scalar::String(text)) => ip::value(&text.decode()),
            (Self::Date, Scalar::String(text)) => Resolution::Milliseconds.of_string(&text.decode()),
            (Self::Date, Scalar::Number(text)) => Resolution::Milliseconds.of_number(text),
            (Self::DateNanos, Scalar::String(text)) => Resolution::Nanoseconds.of_string(&text.decode()),
            (Self::DateNanos, Scalar::Number(text)) => Resolution::Nanoseconds.of_number(text),
        }
    }

    /// What a value of a query means; nothing if no value can be that.
    pub(crate) fn term(self, text: &str) -> Result<Ranges, ErrorKind> {
        let invalid = ErrorKind::NotAValue { field_type: self.name() };
        match self {
            Self::Number(number) => match number.term(text) {
                Ok(Some((low, high))) => Ok(Ranges::one(low, high)),
                Ok(None) => Ok(Ranges::default()),
                Err(_) => Err(invalid),
            },
            Self::Boolean => boolean(text).map(|value| Ranges::one(value, value)).ok_or(invalid),
            Self::Ip => ip::term(text).map(|(low, high)| Ranges::one(low, high)).map_err(|_| invalid),
            Self::Date | Self::DateNanos => self.range([(RangeOp::Gte, text), (RangeOp::Lte, text)].into_iter(), 0),
        }
    }

    /// What bounds mean. `now_ms` is what date math counts from.
    pub(crate) fn range<'t>(
        self,
        bounds: impl Iterator<Item = (RangeOp, &'t str)>,
        now_ms: i64,
    ) -> Result<Ranges, ErrorKind> {
        let (mut low, mut high) = (i128::MIN, i128::MAX);
        for (op, text) in bounds {
            let Some((first, last)) = self.bound(op, text, now_ms)? else { return Ok(Ranges::default()) };
            low = low.max(first);
            high = high.min(last);
        }
        Ok(Ranges::one(low, high))
    }

    /// The ordinals on one side of a bound; none if there are none.
    fn bound(self, op: RangeOp, text: &str, now_ms: i64) -> Result<Option<(i128, i128)>, ErrorKind> {
        let invalid = ErrorKind::NotAValue { field_type: self.name() };
        match self {
            Self::Number(number) => number.bound(text, op).map_err(|_| invalid),
            Self::Ip => ip::bound(text, op).map_err(|_| invalid),
            Self::Boolean => boolean(text).map(|value| op.range(value, false)).ok_or(invalid),
            Self::Date | Self::DateNanos => {
                let rounding = match op {
                    RangeOp::Gte | RangeOp::Lt => Rounding::Down,
                    RangeOp::Gt | RangeOp::Lte => Rounding::Up,
                };
                let resolution = if self == Self::Date { Resolution::Milliseconds } else { Resolution::Nanoseconds };
                let now_ns = i128::from(now_ms) * 1_000_000;
                let bound_ns = date::bound(text, now_ns, rounding, resolution).ok_or(invalid)?;
                Ok(op.range(bound_ns, false))
            }
        }
    }
}

fn boolean(text: &str) -> Option<i128> {
    match text {
        "true" => Some(1),
        "false" => Some(0),
        _ => None,
    }
}
