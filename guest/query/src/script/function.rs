//! The functions of scripts.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::meter::{Exhausted, Meter};
use super::text::{self, Slice};
use super::value::Value;
use crate::range::Ranges;
use crate::values::java;
use crate::values::ordinal::OrdinalType;
use crate::values::scalar::{JsonStr, Scalar};

/// A function of a script, as EQL has them (`EqlFunctionRegistry`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Function {
    /// `length(text)`: its UTF-16 units.
    Length,
    /// `substring(text, from[, to])`, as a slice of Python.
    Substring,
    /// `between(text, left, right[, greedy])`: what stands between two texts.
    Between {
        /// Whether case makes no difference.
        ignore_case: bool,
    },
    /// `indexOf(text, part[, from])`: where a part begins; `null` if it is not there.
    IndexOf {
        /// Whether case makes no difference.
        ignore_case: bool,
    },
    /// `startsWith(text, part)`.
    StartsWith {
        /// Whether case makes no difference.
        ignore_case: bool,
    },
    /// `endsWith(text, part)`.
    EndsWith {
        /// Whether case makes no difference.
        ignore_case: bool,
    },
    /// `stringContains(text, part)`; `null` if one of them is empty.
    StringContains {
        /// Whether case makes no difference.
        ignore_case: bool,
    },
    /// `concat(value, …)`.
    Concat,
    /// `string(value)`.
    String,
    /// `number(text[, base])`.
    Number,
    /// `cidrMatch(address, block, …)`: whether an address lies in one of the blocks.
    CidrMatch,
}

impl Function {
    /// How many arguments it takes, at least and at most.
    #[must_use]
    pub const fn arity(&self) -> (usize, usize) {
        match self {
            Self::Length | Self::String => (1, 1),
            Self::Substring | Self::IndexOf { .. } => (2, 3),
            Self::Between { .. } => (3, 4),
            Self::StartsWith { .. } | Self::EndsWith { .. } | Self::StringContains { .. } => (2, 2),
            Self::Concat => (1, usize::MAX),
            Self::Number => (1, 2),
            Self::CidrMatch => (2, usize::MAX),
        }
    }

    /// Of so many of the arguments each makes the result `null` by being `null`. For the others it
    /// is as if they were not given.
    #[must_use]
    pub const fn strict_arguments(&self) -> usize {
        match self {
            Self::Substring | Self::IndexOf { .. } => 2,
            Self::Between { .. } => 3,
            Self::Number => 1,
            _ => usize::MAX,
        }
    }

    /// The result for values, which the first so many are not `null`.
    pub(super) fn compute<'v>(&self, values: Vec<Value<'v>>, meter: &mut Meter) -> Result<Value<'v>, Exhausted> {
        if values.iter().take(self.strict_arguments()).any(|value| *value == Value::Null) {
            return Ok(Value::Null);
        }
        if let Self::Concat = self {
            return concat(values, meter);
        }
        let bytes = values.iter().map(|value| if let Value::Text(text) = value { text.len() } else { 8 }).sum();
        meter.step(bytes)?;
        Ok(self.of(values).unwrap_or(Value::Null))
    }

    /// None where the arguments are not what it takes.
    fn of<'v>(&self, values: Vec<Value<'v>>) -> Option<Value<'v>> {
        let mut values = values.into_iter();
        let first = values.next()?;
        Some(match self {
            Self::String => Value::Text(first.text()?),
            Self::Length => Value::Whole(text::length(&string(first)?)),
            Self::Substring => {
                let (from, to) = (whole(&values.next()?)?, values.next().as_ref().and_then(whole));
                Value::Text(text::slice(string(first)?, Slice { from, to }))
            }
            Self::Between { ignore_case } => {
                let (left, right) = (string(values.next()?)?, string(values.next()?)?);
                let greedy = matches!(values.next(), Some(Value::Bool(true)));
                Value::Text(text::between(string(first)?, &left, &right, greedy, *ignore_case))
            }
            Self::IndexOf { ignore_case } => {
                let part = string(values.next()?)?;
                let from = values.next().as_ref().and_then(whole).unwrap_or(0);
                Value::Whole(text::index_of(&string(first)?, &part, from, *ignore_case)?)
            }
            Self::StartsWith { ignore_case } => {
                let (text, part) = folded(first, values.next()?, *ignore_case)?;
                Value::Bool(text.starts_with(&*part))
            }
            Self::EndsWith { ignore_case } => {
                let (text, part) = folded(first, values.next()?, *ignore_case)?;
                Value::Bool(text.ends_with(&*part))
            }
            Self::StringContains { ignore_case } => {
                let (text, part) = folded(first, values.next()?, *ignore_case)?;
                if text.is_empty() || part.is_empty() {
                    return None;
                }
                Value::Bool(memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some())
            }
            Self::Number => number(&string(first)?, values.next().as_ref())?,
            Self::CidrMatch => {
                let address = OrdinalType::Ip.value(scalar(&string(first)?))?;
                let contains = |block: Value<'_>| {
                    let ranges: Ranges = OrdinalType::Ip.term(&string(block)?).ok()?;
                    Some(ranges.contain(address))
                };
                let found: Option<Vec<bool>> = values.map(contains).collect();
                Value::Bool(found?.contains(&true))
            }
            // Its own way, since it writes.
            Self::Concat => return None,
        })
    }
}

fn concat<'v>(values: Vec<Value<'v>>, meter: &mut Meter) -> Result<Value<'v>, Exhausted> {
    let mut joined = String::new();
    for value in values {
        let text = value.text().unwrap_or_default();
        meter.step(text.len())?;
        joined.push_str(&text);
    }
    Ok(Value::Text(Cow::Owned(joined)))
}

fn scalar(text: &str) -> Scalar<'_> {
    Scalar::String(JsonStr::new(text, false))
}

fn string(value: Value<'_>) -> Option<Cow<'_, str>> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn whole(value: &Value<'_>) -> Option<i64> {
    if let Value::Whole(number) = value { Some(*number) } else { None }
}

/// Two texts, in lower case if that of letters makes no difference.
fn folded<'v>(text: Value<'v>, part: Value<'v>, ignore_case: bool) -> Option<(Cow<'v, str>, Cow<'v, str>)> {
    let fold = |text: Cow<'v, str>| if ignore_case { Cow::Owned(text.to_lowercase()) } else { text };
    Some((fold(string(text)?), fold(string(part)?)))
}

/// `Long.parseLong` or `Double.parseDouble`; `0x` says that the base is 16, unless one is given.
fn number(text: &str, base: Option<&Value<'_>>) -> Option<Value<'static>> {
    let base = match base {
        None | Some(Value::Null) => None,
        Some(Value::Whole(base)) => Some(u32::try_from(*base).ok().filter(|base| (2..=36).contains(base))?),
        Some(_) => return None,
    };
    let hexadecimal = || text.strip_prefix("0x");
    let whole = match (base, hexadecimal()) {
        (None | Some(16), Some(digits)) => i64::from_str_radix(digits, 16),
        (base, _) => i64::from_str_radix(text, base.unwrap_or(10)),
    };
    match (whole, base) {
        (Ok(number), _) => Some(Value::Whole(number)),
        (Err(_), None | Some(10)) if text.contains('.') => java::double(text).map(Value::Decimal),
        (Err(_), _) => None,
    }
}

impl core::fmt::Display for Function {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Length => "length",
            Self::Substring => "substring",
            Self::Between { .. } => "between",
            Self::IndexOf { .. } => "indexOf",
            Self::StartsWith { .. } => "startsWith",
            Self::EndsWith { .. } => "endsWith",
            Self::StringContains { .. } => "stringContains",
            Self::Concat => "concat",
            Self::String => "string",
            Self::Number => "number",
            Self::CidrMatch => "cidrMatch",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    fn call(function: &Function, values: Vec<Value<'_>>) -> String {
        let value = function.compute(values, &mut Meter::endless()).unwrap();
        value.text().map_or_else(|| "null".to_string(), Cow::into_owned)
    }

    fn t(text: &str) -> Value<'_> {
        Value::Text(Cow::Borrowed(text))
    }

    #[test]
    fn functions_have_their_values() {
        let w = Value::Whole;
        for (function, values, expected) in [
            (Function::Length, vec![t("aé😀")], "4"),
            (Function::Length, vec![Value::Null], "null"),
            (Function::Length, vec![w(12)], "null"),
            (Function::String, vec![Value::Decimal(1.0)], "1.0"),
            (Function::Concat, vec![t("a"), w(1), Value::Bool(true)], "a1true"),
            (Function::Concat, vec![t("a"), Value::Null], "null"),
            (Function::StringContains { ignore_case: true }, vec![t("ABC"), t("b")], "true"),
            (Function::StringContains { ignore_case: false }, vec![t("ABC"), t("")], "null"),
            (Function::StartsWith { ignore_case: false }, vec![t("abc"), t("")], "true"),
            (Function::EndsWith { ignore_case: true }, vec![t("abÉ"), t("é")], "true"),
            (Function::Number, vec![t("0x1f")], "31"),
            (Function::Number, vec![t("12"), w(16)], "18"),
            (Function::Number, vec![t("12"), Value::Null], "12"),
            (Function::Number, vec![t("1.5")], "1.5"),
            (Function::Number, vec![t("x")], "null"),
            (Function::CidrMatch, vec![t("10.1.2.3"), t("192.168.0.0/16"), t("10.0.0.0/8")], "true"),
            (Function::CidrMatch, vec![t("x"), t("10.0.0.0/8")], "null"),
            (Function::IndexOf { ignore_case: false }, vec![t("cmd.exe"), t("e"), w(5)], "6"),
            (Function::IndexOf { ignore_case: false }, vec![t("cmd.exe"), t("z")], "null"),
            (Function::Substring, vec![t("cmd.exe"), w(-3)], "exe"),
            (Function::Between { ignore_case: false }, vec![t("a[b]c]"), t("["), t("]")], "b"),
        ] {
            assert_eq!(call(&function, values.clone()), expected, "{function} {values:?}");
        }
    }

    #[test]
    fn what_is_written_is_counted() {
        let text = "x".repeat(1_000);
        let values = vec![t(&text); 50];
        assert_eq!(Function::Concat.compute(values, &mut Meter::new(10_000)), Err(Exhausted));
    }
}
