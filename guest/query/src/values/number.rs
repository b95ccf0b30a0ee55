//! Numbers, as Elasticsearch's numeric types read, compare and show them.
//!
//! Each value is an ordinal whose order is that of the type: the number itself for integers, the
//! multiple of `1 / scaling_factor` for `scaled_float`, and for `double`, `float` and `half_float`
//! what [`f64::total_cmp`] compares, so that -0.0 comes before 0.
//!
//! Literals of queries are text, for Java's `Double.parseDouble` to read; for `long` then for
//! `BigDecimal` too, which knows less, hence `80d` is 80 to an `integer` and an error to a `long`.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::hash::{Hash, Hasher};

use crate::range::{Range, RangeOp};
use crate::values::java::{Decimal, double, float, half};

/// A numeric type of Elasticsearch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NumberType {
    /// 64 bits.
    Long,
    /// 32 bits.
    Integer,
    /// 16 bits.
    Short,
    /// 8 bits.
    Byte,
    /// 64 bits, not negative.
    UnsignedLong,
    /// IEEE 754, 64 bits.
    Double,
    /// IEEE 754, 32 bits.
    Float,
    /// IEEE 754, 16 bits.
    HalfFloat,
    /// A multiple of `1 / scaling_factor`, kept in 64 bits.
    ScaledFloat {
        /// Positive and finite.
        scaling_factor: f64,
    },
}

impl Hash for NumberType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        core::mem::discriminant(self).hash(state);
        if let Self::ScaledFloat { scaling_factor } = self {
            scaling_factor.to_bits().hash(state);
        }
    }
}

/// Why a literal fails the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberError {
    NotANumber,
    OutOfRange,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "not a number",
            Self::OutOfRange => "out of range",
        })
    }
}

/// What is longer, Elasticsearch reads neither in events nor with `BigDecimal`.
const MAX_TEXT: usize = 1000;

impl NumberType {
    /// The name of the type as mappings have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Integer => "integer",
            Self::Short => "short",
            Self::Byte => "byte",
            Self::UnsignedLong => "unsigned_long",
            Self::Double => "double",
            Self::Float => "float",
            Self::HalfFloat => "half_float",
            Self::ScaledFloat { .. } => "scaled_float",
        }
    }

    /// Is it one of whole numbers?
    pub(crate) const fn is_integer(self) -> bool {
        matches!(self, Self::Long | Self::Integer | Self::Short | Self::Byte | Self::UnsignedLong)
    }

    /// The ordinal of an event's value: the text of a JSON number, or, `quoted`, of a JSON string.
    /// None if the value is ignored.
    pub(crate) fn value(self, text: &str, quoted: bool) -> Option<i128> {
        if text.len() > MAX_TEXT {
            return None;
        }
        // Jackson reads JSON numbers without a fraction and an exponent as integers, all others as
        // a double, even where that is not exact.
        let integer = !quoted && !text.contains(['.', 'e', 'E']);
        let ordinal = match self {
            Self::Long | Self::UnsignedLong if integer => text.parse().ok()?,
            Self::Long if quoted => coerced(text)?,
            Self::UnsignedLong if quoted => match Decimal::read(text)?.floor() {
                (number, false) => number,
                (_, true) => return None,
            },
            Self::Long => {
                let number = double(text)?;
                // The bound as a double is 2^63, which becomes the last `long`.
                (number >= i64::MIN as f64 && number <= i64::MAX as f64).then_some(number as i64)?.into()
            }
            Self::UnsignedLong => {
                let number = double(text)?;
                (is_whole(number) || number.is_infinite()).then_some(number as i64)?.into()
            }
            Self::Integer | Self::Short | Self::Byte => {
                let number = double(text)?;
                // Out of range is what is after cutting, but not so for a quoted `short`.
                let (first, last) = if quoted && self == Self::Short { self.range() } else { Self::Integer.range() };
                if number < first as f64 || number > last as f64 {
                    return None;
                }
                number as i128
            }
            Self::Double | Self::Float | Self::HalfFloat => {
                let number = if integer && text == "-0" { 0.0 } else { self.stored(self.float(text)?) };
                number.is_finite().then(|| float_ordinal(number))?
            }
            Self::ScaledFloat { scaling_factor } => {
                let number = double(text)?;
                number.is_finite().then(|| round(number * scaling_factor))?
            }
        };
        self.holds(ordinal).then_some(ordinal)
    }

    /// The value as JavaScript writes the key of an aggregation's bucket, but exactly: integers
    /// beyond 2^53 are not rounded, and -0.0 keeps its sign.
    pub(crate) fn json(self, ordinal: i128) -> String {
        match self {
            Self::Double | Self::Float | Self::HalfFloat => javascript(ordinal_float(ordinal)),
            // A division would show 0.57 for 57 / 100, Elasticsearch shows 0.5700000000000001.
            Self::ScaledFloat { scaling_factor } => javascript(ordinal as f64 * (1.0 / scaling_factor)),
            _ => ordinal.to_string(),
        }
    }

    /// What `field:literal` matches; none if nothing can.
    pub(crate) fn term(self, literal: &str) -> Result<Option<Range>, NumberError> {
        let ordinal = match self {
            Self::Long | Self::Integer | Self::Short | Self::Byte => {
                // Whether there is a fraction is asked of the double.
                let number = double(literal).ok_or(NumberError::NotANumber)?;
                match self {
                    _ if !is_whole(number) => None,
                    Self::Long => {
                        let (floor, fraction) = decimal(literal)?.floor();
                        // The last `long` and a fraction is out of range.
                        let beyond = fraction && floor == i64::MAX.into();
                        (self.holds(floor) && !beyond).then_some(truncated(floor, fraction))
                    }
                    _ => Some(number as i128),
                }
            }
            // Unlike `long`, it does not match 80 for the literal `80.0`.
            Self::UnsignedLong => match literal.parse::<u64>() {
                Ok(number) => Some(number.into()),
                Err(_) => double(literal).map(|_| None).ok_or(NumberError::NotANumber)?,
            },
            Self::Double | Self::Float | Self::HalfFloat => {
                let number = self.stored(self.float(literal).ok_or(NumberError::NotANumber)?);
                number.is_finite().then(|| float_ordinal(number))
            }
            Self::ScaledFloat { scaling_factor } => Some(round(scaled(literal, scaling_factor)?)),
        };
        Ok(ordinal.filter(|ordinal| self.holds(*ordinal)).map(|ordinal| (ordinal, ordinal)))
    }

    /// What a range with one bound matches; none if nothing can. It may go beyond the type.
    pub(crate) fn bound(self, literal: &str, op: RangeOp) -> Result<Option<Range>, NumberError> {
        Ok(match self {
            Self::Long | Self::Integer | Self::Short | Self::Byte => {
                let number = double(literal).ok_or(NumberError::NotANumber)?;
                let whole = match self {
                    Self::Long => long(literal)?,
                    _ if number < i32::MIN.into() || number > i32::MAX.into() => return Err(NumberError::OutOfRange),
                    _ => number as i128,
                };
                // To Elasticsearch NaN is 0, and a fraction without a sign.
                let below = number < 0.0 || number.is_nan() && op.is_lower();
                let fraction = !is_whole(number);
                op.range(if fraction && below { whole - 1 } else { whole }, fraction)
            }
            Self::UnsignedLong => {
                let (floor, fraction) = decimal(literal)?.floor();
                op.range(floor, fraction)
            }
            // For a `half_float` the literal is a `float`. NaN comes last.
            Self::Double | Self::Float | Self::HalfFloat => {
                op.range(float_ordinal(self.float(literal).ok_or(NumberError::NotANumber)?), false)
            }
            Self::ScaledFloat { scaling_factor } => {
                let number = scaled(literal, scaling_factor)?;
                match op {
                    RangeOp::Lt => RangeOp::Lte.range(floor(number.next_down()), false),
                    RangeOp::Lte => op.range(floor(number), false),
                    RangeOp::Gt => RangeOp::Gte.range(ceil(number.next_up()), false),
                    RangeOp::Gte => op.range(ceil(number), false),
                }
            }
        })
    }

    /// The first and the last value of an integer type; for the others, anything.
    fn range(self) -> Range {
        match self {
            Self::Long => (i64::MIN.into(), i64::MAX.into()),
            Self::Integer => (i32::MIN.into(), i32::MAX.into()),
            Self::Short => (i16::MIN.into(), i16::MAX.into()),
            Self::Byte => (i8::MIN.into(), i8::MAX.into()),
            Self::UnsignedLong => (0, u64::MAX.into()),
            Self::Double | Self::Float | Self::HalfFloat | Self::ScaledFloat { .. } => (i128::MIN, i128::MAX),
        }
    }

    fn holds(self, ordinal: i128) -> bool {
        let (first, last) = self.range();
        (first..=last).contains(&ordinal)
    }

    /// Reads a `double` as such, `float` and `half_float` as a `float`.
    fn float(self, text: &str) -> Option<f64> {
        if self == Self::Double { double(text) } else { float(text) }
    }

    /// The value that is kept of a `float`.
    fn stored(self, number: f64) -> f64 {
        if self == Self::HalfFloat { half(number) } else { number }
    }
}

fn float_ordinal(number: f64) -> i128 {
    // Java knows one NaN only.
    let bits = if number.is_nan() { f64::NAN.abs() } else { number }.to_bits().cast_signed();
    (bits ^ ((bits >> 63) & i64::MAX)).into()
}

fn ordinal_float(ordinal: i128) -> f64 {
    let bits = ordinal as i64;
    f64::from_bits((bits ^ ((bits >> 63) & i64::MAX)).cast_unsigned())
}

/// Neither NaN nor an infinity is.
fn is_whole(number: f64) -> bool {
    number % 1.0 == 0.0
}

/// As Java's `Math.round`: of two neighbours the upper one.
fn round(number: f64) -> i128 {
    let whole = number as i64;
    let rest = number - whole as f64;
    let step = i64::from(rest >= 0.5) - i64::from(rest < -0.5);
    whole.saturating_add(step).into()
}

fn floor(number: f64) -> i128 {
    let whole = number as i64;
    whole.saturating_sub((whole as f64 > number).into()).into()
}

fn ceil(number: f64) -> i128 {
    let whole = number as i64;
    whole.saturating_add(((whole as f64) < number).into()).into()
}

/// Cuts off the fraction of a number, given by what is below it.
fn truncated(floor: i128, fraction: bool) -> i128 {
    if fraction && floor < 0 { floor + 1 } else { floor }
}

fn decimal(literal: &str) -> Result<Decimal<'_>, NumberError> {
    if literal.len() > MAX_TEXT {
        return Err(NumberError::OutOfRange);
    }
    Decimal::read(literal).ok_or(NumberError::NotANumber)
}

/// A literal as a `long`, cut.
fn long(literal: &str) -> Result<i128, NumberError> {
    if let Ok(number) = literal.parse::<i64>() {
        return Ok(number.into());
    }
    let (floor, fraction) = decimal(literal)?.floor();
    let number = truncated(floor, fraction);
    if NumberType::Long.holds(number) { Ok(number) } else { Err(NumberError::OutOfRange) }
}

/// Quoted text of an event as a `long`, cut.
fn coerced(text: &str) -> Option<i128> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    let decimal = Decimal::read(text)?;
    // Elasticsearch does not look at the digits then.
    match decimal.scale {
        ..-19 => None,
        20.. => Some(0),
        _ => {
            let (floor, fraction) = decimal.floor();
            Some(truncated(floor, fraction))
        }
    }
}

/// A literal times the factor, as the double next to the product of the shortest decimals.
fn scaled(literal: &str, factor: f64) -> Result<f64, NumberError> {
    let number = double(literal).filter(|number| number.is_finite()).ok_or(NumberError::NotANumber)?;
    let (digits, exponent) = shortest(number.abs());
    let (more_digits, more_exponent) = shortest(factor);
    let whole = |digits: &str| digits.parse::<u128>().ok();
    let product = whole(&digits).zip(whole(&more_digits)).map(|(a, b)| a.saturating_mul(b));
    // The exponents are of the first digit.
    let exponent = exponent + more_exponent - (digits.len() + more_digits.len()) as i32 + 2;
    let product = product.and_then(|product| format!("{product}e{exponent}").parse::<f64>().ok());
    product.map(|product| product.copysign(number)).ok_or(NumberError::OutOfRange)
}

/// The fewest digits that make this number and no other, and the exponent of the first. Of two that
/// are equally near, Java and JavaScript take the even one, Rust the upper.
fn shortest(number: f64) -> (String, i32) {
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.replace('.', "");
    let exponent = exponent.parse().unwrap_or(0);

    // What lies halfway has one digit more, no number is that near to it without being it.
    let exact = format!("{number:.40e}").replacen('.', "", 1);
    if let Some((lower, rest)) = exact.split_at_checked(digits.len())
        && rest.strip_prefix('5').is_some_and(|rest| rest.trim_start_matches('0').starts_with('e'))
        && lower.ends_with(['0', '2', '4', '6', '8'])
        // Below a power of 2 it may be nearer to another number.
        && format!("{lower}e{}", exponent + 1 - lower.len() as i32).parse() == Ok(number)
    {
        return (lower.to_string(), exponent);
    }
    (digits, exponent)
}

fn javascript(number: f64) -> String {
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let (digits, exponent) = shortest(number.abs());
    let count = digits.len() as i32;
    match exponent {
        0..21 if count <= exponent + 1 => {
            let zeros = "0".repeat((exponent + 1 - count).unsigned_abs() as usize);
            format!("{sign}{digits}{zeros}")
        }
        0..21 => {
            let (whole, fraction) = digits.split_at(exponent.unsigned_abs() as usize + 1);
            format!("{sign}{whole}.{fraction}")
        }
        -6..0 => {
            let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
            format!("{sign}0.{zeros}{digits}")
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            format!("{sign}{first}{point}{rest}e{exponent:+}")
        }
    }
}

#[cfg(test)]
mod tests;
