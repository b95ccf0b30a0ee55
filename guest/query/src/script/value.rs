//! Values that scripts compute with.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::cmp::Ordering;

use super::text::utf16_order;
use crate::values::scalar::bool_text;

/// A constant of a script. Two are equal if they are the same to a script: decimals by their bits.
#[derive(Clone, Debug)]
pub enum ScriptValue {
    /// No value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number, as Java's `int` and `long`.
    Whole(i64),
    /// A whole number beyond those. Scripts take it for a decimal one.
    Unsigned(u64),
    /// A number with a fraction, as Java's `double`.
    Decimal(f64),
    /// A text.
    Text(Arc<str>),
}

impl PartialEq for ScriptValue {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Whole(one), Self::Whole(other)) => one == other,
            (Self::Unsigned(one), Self::Unsigned(other)) => one == other,
            // Zero has a sign, and what is no number equals itself.
            (Self::Decimal(one), Self::Decimal(other)) => one.to_bits() == other.to_bits(),
            (Self::Text(one), Self::Text(other)) => one == other,
            _ => false,
        }
    }
}

/// What a part of a script comes to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'v> {
    Null,
    Bool(bool),
    Whole(i64),
    Decimal(f64),
    Text(Cow<'v, str>),
}

impl ScriptValue {
    pub(super) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Whole(number) => Value::Whole(*number),
            Self::Unsigned(number) => Value::Decimal(*number as f64),
            Self::Decimal(number) => Value::Decimal(*number),
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
        }
    }

    /// The value as Java writes it; none of `null`.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Unsigned(number) => Some(number.to_string()),
            other => other.as_value().text().map(Cow::into_owned),
        }
    }
}

impl From<Value<'_>> for ScriptValue {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Whole(number) => Self::Whole(number),
            Value::Decimal(number) => Self::Decimal(number),
            Value::Text(text) => Self::Text(text.into()),
        }
    }
}

impl<'v> Value<'v> {
    /// As Java writes it (`Objects.toString`); none of `null`.
    pub(super) fn text(self) -> Option<Cow<'v, str>> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(value) => Cow::Borrowed(bool_text(value)),
            Self::Whole(number) => Cow::Owned(number.to_string()),
            Self::Decimal(number) => Cow::Owned(decimal_text(number)),
            Self::Text(text) => text,
        })
    }

    /// How two values compare; none where Java would not compare them.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(one), Self::Bool(other)) => Some(one.cmp(other)),
            (Self::Whole(one), Self::Whole(other)) => Some(one.cmp(other)),
            (Self::Whole(one), Self::Decimal(other)) => Some((*one as f64).total_cmp(other)),
            (Self::Decimal(one), Self::Whole(other)) => Some(one.total_cmp(&(*other as f64))),
            (Self::Decimal(one), Self::Decimal(other)) => Some(one.total_cmp(other)),
            (Self::Text(one), Self::Text(other)) => Some(utf16_order(one, other)),
            _ => None,
        }
    }
}

/// A number as `Double.toString` writes it: at least one digit behind the point, and an exponent
/// below 10⁻³ and from 10⁷ on.
fn decimal_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_string();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_string();
    }
    let size = number.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{number:?}");
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let point = if mantissa.contains('.') { "" } else { ".0" };
    format!("{mantissa}{point}E{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_as_java_does() {
        for (number, text) in [
            (1.0, "1.0"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.5, "1.5"),
            (0.001, "0.001"),
            (0.000_999, "9.99E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (-12_345_678.9, "-1.23456789E7"),
            (1e300, "1.0E300"),
            (f64::INFINITY, "Infinity"),
        ] {
            assert_eq!(decimal_text(number), text);
        }
    }

    #[test]
    fn values_of_different_kinds_do_not_compare() {
        let text = |text: &'static str| Value::Text(Cow::Borrowed(text));
        assert_eq!(text("1").order(&Value::Whole(1)), None);
        assert_eq!(Value::Bool(true).order(&Value::Whole(1)), None);
        assert_eq!(Value::Null.order(&Value::Null), None);
        assert_eq!(Value::Whole(1).order(&Value::Decimal(1.5)), Some(Ordering::Less));
        assert_eq!(text("b").order(&text("a")), Some(Ordering::Greater));
    }
}
