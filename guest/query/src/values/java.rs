//! Numbers in text, as the parsers of Java read them, which Elasticsearch hands literals and events.
//!
//! `Double.parseDouble` and `Float.parseFloat` let blanks stand around the number and a `d` or `f`
//! behind it, and know `NaN`, `Infinity` and hexadecimal numbers such as `0x1p3`. `BigDecimal` knows
//! none of that. Digits outside ASCII, which `BigDecimal` knows, are not read here.

/// A decimal number, as Java's `BigDecimal` reads it.
pub(crate) struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    /// How many digits there are behind the point, after the exponent.
    pub(crate) scale: i32,
}

impl<'a> Decimal<'a> {
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let (negative, text) = signed(text);
        let (whole, fraction, exponent) = parts(text)?;
        let scale = (fraction.len() as i64).checked_sub(exponent.parse().ok()?)?.try_into().ok()?;
        Some(Self { negative, whole, fraction, scale })
    }

    /// The last integer that is not above the number, or any that no type holds; and whether the
    /// number is a fraction above it.
    pub(crate) fn floor(&self) -> (i128, bool) {
        let digits = self.whole.bytes().chain(self.fraction.bytes()).map(|digit| i128::from(digit - b'0'));
        let count = (self.whole.len() + self.fraction.len()) as i64;
        let point = count - i64::from(self.scale);
        let mut whole: i128 = 0;
        let mut fraction = false;
        for (at, digit) in (0_i64..).zip(digits) {
            if at < point {
                whole = whole.saturating_mul(10).saturating_add(digit);
            } else {
                fraction |= digit != 0;
            }
        }
        // Far fewer zeros than that are too many.
        if whole != 0 {
            for _ in 0..(point - count).min(40) {
                whole = whole.saturating_mul(10);
            }
        }
        match (self.negative, fraction) {
            (false, _) => (whole, fraction),
            (true, false) => (-whole, false),
            (true, true) => ((-whole).saturating_sub(1), true),
        }
    }
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Takes a decimal number without a sign apart: the digits before and behind the point, one at
/// least, and the exponent.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (_, digits) = signed(exponent);
    if digits.is_empty() || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    [whole, fraction, digits].into_iter().all(are_digits).then_some((whole, fraction, exponent))
}

/// Reads a number as `Double.parseDouble` does.
pub(crate) fn double(text: &str) -> Option<f64> {
    read(text, false)
}

/// Reads a number as `Float.parseFloat` does.
pub(crate) fn float(text: &str) -> Option<f64> {
    read(text, true)
}

fn read(text: &str, single: bool) -> Option<f64> {
    let (negative, text) = signed(text.trim_matches(|c| c <= ' '));
    let number = match text {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        _ => {
            let digits = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
            match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
                Some(digits) => hexadecimal(digits, single)?,
                None => {
                    parts(digits)?;
                    if single { digits.parse::<f32>().ok()?.into() } else { digits.parse().ok()? }
                }
            }
        }
    };
    Some(if negative { -number } else { number })
}

/// Reads what follows `0x`: digits, perhaps with a point, and an exponent of 2.
fn hexadecimal(text: &str, single: bool) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (down, digits) = signed(exponent);
    if whole.len() + fraction.len() == 0 || digits.is_empty() {
        return None;
    }
    let mut exponent: i64 = 0;
    for digit in digits.chars() {
        exponent = exponent.saturating_mul(10).saturating_add(digit.to_digit(10)?.into()).min(1 << 40);
    }
    let mut exponent = if down { -exponent } else { exponent } - 4 * fraction.len() as i64;
    let mut mantissa: u64 = 0;
    for digit in whole.chars().chain(fraction.chars()) {
        let digit = u64::from(digit.to_digit(16)?);
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | digit;
        } else {
            // Only whether it is above a tie matters now.
            mantissa |= u64::from(digit != 0);
            exponent += 4;
        }
    }
    if single {
        Some((nearest(mantissa, exponent, 24, -149) as f32).into())
    } else {
        Some(nearest(mantissa, exponent, 53, -1074))
    }
}

/// The nearest number of 16 bits to one of 32.
pub(crate) fn half(number: f64) -> f64 {
    let bits = number.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i64;
    if exponent == 0 || exponent == 0x7ff {
        return number;
    }
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    let half = nearest(mantissa, exponent - 1075, 11, -24);
    if half > 65504.0 { f64::INFINITY } else { half }.copysign(number)
}

/// `mantissa * 2^exponent`, rounded to so many bits, of which the last is worth 2^`last` or more.
/// Ties go to even.
fn nearest(mantissa: u64, exponent: i64, bits: u32, last: i64) -> f64 {
    let surplus = i64::from(64 - mantissa.leading_zeros()) - i64::from(bits);
    let shift = surplus.max(last - exponent).max(0);
    if mantissa == 0 || shift > 64 {
        return 0.0;
    }
    let wide = u128::from(mantissa);
    let kept = wide >> shift;
    let rest = wide - (kept << shift);
    let tie = (1_u128 << shift) >> 1;
    let up = rest > tie || rest == tie && shift > 0 && kept & 1 == 1;
    let kept = (kept + u128::from(up)) as f64;
    // The product is exact.
    kept * match exponent + shift {
        1024.. => f64::INFINITY,
        power @ -1022..1024 => f64::from_bits(((power + 1023) as u64) << 52),
        power => f64::from_bits(1 << (power + 1074).max(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    #[test]
    fn doubles() {
        for (text, number) in [
            ("80", 80.0),
            (" \t\n80\u{1f}\0", 80.0),
            ("+80.", 80.0),
            ("-.5e+0001", -5.0),
            ("80d", 80.0),
            ("80.5F", 80.5),
            ("1e3f", 1000.0),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("1e99999999999999999999", f64::INFINITY),
            ("1e-99999999999999999999", 0.0),
            ("0x1p3", 8.0),
            ("0X.8P-1d", 0.25),
            ("-0x1.8p+1", -3.0),
            ("0x.1p9999999999999999999999", f64::INFINITY),
            ("0x20000000000001p0", 9007199254740992.0),
            ("0x20000000000003p0", 9007199254740996.0),
            ("0x200000000000010000000001p-40", 9007199254740994.0),
            ("0x1p-1074", f64::from_bits(1)),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", f64::from_bits(1)),
            ("0x1.fffffffffffff8p1023", f64::INFINITY),
            ("0x1.fffffffffffff7p1023", f64::MAX),
        ] {
            assert_eq!(double(text), Some(number), "{text}");
        }
        assert!(double("-NaN").is_some_and(f64::is_nan));
        for text in [
            "", " ", ".", "-", "+-5", "x", "nan", "inf", "1e", "1e+", "e5", "1_000", "1,5", "0x50", "0xp1", "0x1p",
            "d", "NaNd", "80dd", "80L", "- 5", "\u{a0}80", "٣", "1e5.5", "1..2",
        ] {
            assert_eq!(double(text), None, "{text}");
        }
    }

    #[test]
    fn floats() {
        for (text, number) in [
            ("16777217", 16777216.0),
            ("16777217.00000000000000000001", 16777218.0),
            ("0x1000001p0", 16777216.0),
            ("0x1p-149", f32::from_bits(1)),
            ("0x1p-150", 0.0),
            ("0x1.000001p-150", f32::from_bits(1)),
            ("0x1.fffffefp127", f32::MAX),
            ("0x1.ffffffp127", f32::INFINITY),
        ] {
            assert_eq!(float(text), Some(number.into()), "{text}");
        }
    }

    #[test]
    fn halves() {
        for (number, expected) in [
            (2049.0, 2048.0),
            (2051.0, 2052.0),
            (-2049.5, -2050.0),
            (65519.99, 65504.0),
            (65520.0, f64::INFINITY),
            (1.0 / 33554432.0, 0.0),
            (2.9802325e-8, 5.960464477539063e-8),
            (8.940697e-8, 1.1920928955078125e-7),
        ] {
            assert_eq!(half(number), expected, "{number}");
        }
        assert!(half(-1e-8).is_sign_negative());
        assert!(half(f64::NAN).is_nan());
    }

    #[test]
    fn decimals() {
        for (text, floor) in [
            ("80", (80, false)),
            ("+80.50", (80, true)),
            ("-80.5", (-81, true)),
            ("-80.0", (-80, false)),
            ("1.25e2", (125, false)),
            ("125e-2", (1, true)),
            ("-1e-999999", (-1, true)),
            ("0e2147483648", (0, false)),
            ("1e999999", (i128::MAX, false)),
            ("-1e999999", (-i128::MAX, false)),
        ] {
            assert_eq!(Decimal::read(text).map(|decimal| decimal.floor()), Some(floor), "{text}");
        }
        for text in ["", "80d", " 80", "0x1p3", "NaN", "0e2147483649", "0.00e-2147483646", "1e99999999999"] {
            assert!(Decimal::read(text).is_none(), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn hexadecimal_and_decimal_agree(mantissa: u64, exponent in -63_i32..63) {
            let text = std::format!("0x{mantissa:x}p{exponent}");
            let scale = if exponent < 0 { 1.0 / (1_u64 << -exponent) as f64 } else { (1_u64 << exponent) as f64 };
            prop_assert_eq!(double(&text), Some(mantissa as f64 * scale));
            prop_assert_eq!(float(&text), Some(f64::from(mantissa as f32) * scale));
        }

        #[test]
        fn decimals_are_as_integers(number: i64, zeros in 0_usize..30) {
            let text = number.to_string() + &"0".repeat(zeros) + "e-" + &zeros.to_string();
            prop_assert_eq!(Decimal::read(&text).map(|decimal| decimal.floor()), Some((number.into(), false)));
        }
    }
}
