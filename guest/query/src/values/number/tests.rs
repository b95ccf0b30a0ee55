use super::NumberType::*;
use super::*;
use crate::range::RangeOp::*;
use alloc::vec::Vec;
use proptest::prelude::*;

const HUNDREDTHS: NumberType = ScaledFloat { scaling_factor: 100.0 };
const TYPES: [NumberType; 9] = [Long, Integer, Short, Byte, UnsignedLong, Double, Float, HalfFloat, HUNDREDTHS];

/// The value that Elasticsearch keeps of an event's JSON; none if it ignores that.
#[test]
fn values() {
    let table: &[(NumberType, &str, Option<&str>)] = &[
        (Long, "80", Some("80")),
        (Long, r#""80""#, Some("80")),
        (Long, "80.7", Some("80")),
        (Long, r#""-80.9""#, Some("-80")),
        (Long, r#""+80""#, Some("80")),
        (Long, r#""1e3""#, Some("1000")),
        (Long, r#""5.""#, Some("5")),
        (Long, r#""""#, None),
        (Long, r#""80 ""#, None),
        (Long, r#""80d""#, None),
        (Long, r#""NaN""#, None),
        (Long, r#""true""#, None),
        (Long, "9223372036854775807", Some("9223372036854775807")),
        (Long, "9223372036854775808", None),
        (Long, "9223372036854775808.0", Some("9223372036854775807")),
        (Long, r#""9223372036854775808.0""#, None),
        (Long, r#""9223372036854775807.5""#, Some("9223372036854775807")),
        (Long, "9007199254740993.0", Some("9007199254740992")),
        (Long, r#""9007199254740993.0""#, Some("9007199254740993")),
        (Long, r#""1.0000000000000000000""#, Some("1")),
        (Long, r#""1.00000000000000000000""#, Some("0")),
        (Long, r#""0e20""#, None),
        (Long, "0e20", Some("0")),
        (Integer, r#""80 ""#, Some("80")),
        (Integer, r#""80d""#, Some("80")),
        (Integer, r#""0x1p3""#, Some("8")),
        (Integer, r#""0x50""#, None),
        (Integer, r#""NaN""#, Some("0")),
        (Integer, r#""Infinity""#, None),
        (Integer, "2147483647.5", None),
        (Short, "32767.9", Some("32767")),
        (Short, r#""32767.9""#, None),
        (Byte, "127.9", Some("127")),
        (Byte, r#""127.9""#, Some("127")),
        (Byte, "128", None),
        (Double, "1.0", Some("1")),
        (Double, "1e21", Some("1e+21")),
        (Double, "1e400", None),
        (Double, r#""80d""#, Some("80")),
        (Double, "-0.0", Some("-0")),
        (Double, r#""-0""#, Some("-0")),
        (Double, "-0", Some("0")),
        (Float, "0.1", Some("0.10000000149011612")),
        (Float, "1.00000005960464477540", Some("1.0000001192092896")),
        (Float, "3.4028235677973366e38", Some("3.4028234663852886e+38")),
        (Float, "3.4028235677973367e38", None),
        (HalfFloat, "0.1", Some("0.0999755859375")),
        (HalfFloat, "65519.99", Some("65504")),
        (HalfFloat, "65520", None),
    ];
    for (kind, json, expected) in table {
        let text = json.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let value = kind.value(text.unwrap_or(json), text.is_some());
        assert_eq!(value.map(|value| kind.json(value)).as_deref(), *expected, "{kind:?} {json}");
    }
}

#[test]
fn no_text_is_longer_than_a_thousand() {
    let text = "0".repeat(999) + "1";
    assert_eq!(Integer.value(&text, true), Some(1));
    assert_eq!(Integer.value(&("0".to_string() + &text), true), None);
    assert_eq!(Long.term(&text), Ok(Some((1, 1))));
    assert_eq!(Long.term(&("0".to_string() + &text)), Err(NumberError::OutOfRange));
    assert_eq!(Long.bound(&("0".to_string() + &text), Lte), Ok(Some((i128::MIN, 1))));
    assert_eq!(Integer.term(&("0".to_string() + &text)), Ok(Some((1, 1))));
}

/// What of some values a literal finds, by itself and after `<`, `<=`, `>`, `>=`; nothing if it
/// fails the search.
#[test]
fn literals() {
    for (kind, literal, values, expected) in [
        (Long, "80", "79 80 81", "80 | 79 | 79 80 | 81 | 80 81"),
        (Long, "80.0", "79 80 81", "80 | 79 | 79 80 | 81 | 80 81"),
        (Long, "8e1", "79 80 81", "80 | 79 | 79 80 | 81 | 80 81"),
        (Long, "80.5", "80 81", "| 80 | 80 | 81 | 81"),
        (Long, "-80.5", "-81 -80", "| -81 | -81 | -80 | -80"),
        (Long, "1e-30", "0 1", "| 0 | 0 | 1 | 1"),
        (Long, "1e-400", "-1 0 1", "0 | -1 | -1 0 | 1 | 0 1"),
        (Long, "9223372036854775807.5", "0 9223372036854775807", "| 0 | 0 9223372036854775807 | | 9223372036854775807"),
        (Long, "9007199254740992.5", "9007199254740992", "9007199254740992 || 9007199254740992 || 9007199254740992"),
        (Long, "80 ", "80", ""),
        (Long, "80d", "80", ""),
        (Long, "0x1p3", "8", ""),
        (Long, "0e99999999999", "0", ""),
        (Long, "", "0", ""),
        (Long, "true", "1", ""),
        (Integer, " 80\t", "79 80 81", "80 | 79 | 79 80 | 81 | 80 81"),
        (Integer, "80f", "79 80 81", "80 | 79 | 79 80 | 81 | 80 81"),
        (Integer, "0x1p-1", "0 1", "| 0 | 0 | 1 | 1"),
        (Integer, "NaN", "-1 0 1", "| -1 0 | -1 0 | 0 1 | 0 1"),
        (Integer, "nan", "0", ""),
        (Integer, "0x50", "80", ""),
        (Short, "32768", "-32768 32767", "| -32768 32767 | -32768 32767 | |"),
        (Byte, "1e3", "-128 127", "| -128 127 | -128 127 | |"),
        (Double, "-0.0", "-1 -0.0 0.0 1", "-0.0 | -1 | -1 -0.0 | 0.0 1 | -0.0 0.0 1"),
        (Double, "0", "-1 -0.0 0.0 1", "0.0 | -1 -0.0 | -1 -0.0 0.0 | 1 | 0.0 1"),
        (Double, "NaN", "-1e300 1e300", "| -1e300 1e300 | -1e300 1e300 | |"),
        (Double, "1e400", "-1e300 1e300", "| -1e300 1e300 | -1e300 1e300 | |"),
        (Double, "-Infinity", "-1e300 1e300", "| | | -1e300 1e300 | -1e300 1e300"),
        (Double, "inf", "1", ""),
        (Float, "0.1", "0.1 0.2", "0.1 | | 0.1 | 0.2 | 0.1 0.2"),
        (Float, "16777217", "16777216 16777218", "16777216 | | 16777216 | 16777218 | 16777216 16777218"),
        (Float, "1e39", "3.4e38", "| 3.4e38 | 3.4e38 | |"),
        (HalfFloat, "32768", "32767", "32767 | | 32767 | | 32767"),
        (HalfFloat, "2049", "2048 2050", "2048 | 2048 | 2048 | 2050 | 2050"),
        (HalfFloat, "-1e-8", "-0.0 0.0", "-0.0 | | | -0.0 0.0 | -0.0 0.0"),
        (HalfFloat, "65520", "65504", "| 65504 | 65504 | |"),
        // These by the source of Elasticsearch.
        (UnsignedLong, "80", "79 80 81", "80 | 79 | 79 80 | 81 | 80 81"),
        (UnsignedLong, "80.0", "79 80 81", "| 79 | 79 80 | 81 | 80 81"),
        (UnsignedLong, "80.5", "80 81", "| 80 | 80 | 81 | 81"),
        (UnsignedLong, "-1", "0 1", "| | | 0 1 | 0 1"),
        (UnsignedLong, "1e20", "18446744073709551615", "| 18446744073709551615 | 18446744073709551615 | |"),
        (UnsignedLong, "x", "0", ""),
        (HUNDREDTHS, "79.99", "79.98 79.99 80", "79.99 | 79.98 | 79.98 79.99 | 80 | 79.99 80"),
        (HUNDREDTHS, "79.994", "79.99 80", "79.99 | 79.99 | 79.99 | 80 | 80"),
        (HUNDREDTHS, "NaN", "0", ""),
    ] {
        let find = |found: Result<Option<Range>, NumberError>| {
            let range = found.ok()?;
            let is_found = |value: &&str| {
                let ordinal = kind.value(value, false).unwrap();
                range.is_some_and(|(first, last)| first <= ordinal && ordinal <= last)
            };
            Some(values.split(' ').filter(is_found).collect::<Vec<_>>().join(" "))
        };
        let sides = [Lt, Lte, Gt, Gte].map(|side| find(kind.bound(literal, side)));
        let found: Option<Vec<_>> = [find(kind.term(literal))].into_iter().chain(sides).collect();
        let expected: Vec<_> = expected.split('|').map(str::trim).collect();
        assert_eq!(found.unwrap_or([""].map(String::from).into()), expected, "{kind:?} {literal:?}");
    }
}

/// These fail as a bound only.
#[test]
fn terms_of_no_value() {
    for (kind, literal) in [
        (Long, "1e400"),
        (Long, "NaN"),
        (Long, "80.5d"),
        (Long, "9223372036854775808"),
        (Integer, "2147483648"),
        (Short, "2147483648"),
        (UnsignedLong, "80d"),
    ] {
        assert_eq!(kind.term(literal), Ok(None), "{kind:?} {literal}");
        assert!(kind.bound(literal, Gt).is_err(), "{kind:?} {literal}");
    }
    assert_eq!(Long.term("80d"), Err(NumberError::NotANumber));
    assert_eq!(Integer.bound("2147483648", Lt), Err(NumberError::OutOfRange));
}

#[test]
fn keys() {
    for (number, text) in [
        (0.0, "0"),
        (1.5, "1.5"),
        (-1e20, "-100000000000000000000"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1.25e-6, "0.00000125"),
        (1.25e-7, "1.25e-7"),
        (f64::MAX, "1.7976931348623157e+308"),
        (668289166186656.0 + 0.25, "668289166186656.2"),
        (1.0 / 16777216.0, "5.960464477539063e-8"),
    ] {
        assert_eq!(javascript(number), text);
    }
    assert_eq!(HUNDREDTHS.json(57), "0.5700000000000001");
    assert_eq!(HUNDREDTHS.json(-8000), "-80");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bounds_part_the_values(text in "-?[0-9]{1,22}(\\.[0-9]{0,3})?(e-?[0-9]{1,2})?", value: i64) {
        // What is beyond a `scaled_float` becomes its last value.
        for kind in TYPES.into_iter().filter(|kind| *kind != HUNDREDTHS) {
            let Some(value) = kind.value(&value.to_string(), true) else { continue };
            let found = [Lt, Lte, Gt, Gte].map(|side| {
                let range = kind.bound(&text, side);
                range.map(|range| range.is_some_and(|(first, last)| first <= value && value <= last))
            });
            prop_assert_eq!(found[0].map(|found| !found), found[3], "{:?} {}", kind, value);
            prop_assert_eq!(found[1].map(|found| !found), found[2], "{:?} {}", kind, value);
        }
    }

    #[test]
    fn a_value_is_found_by_its_key(value: f64) {
        // Elasticsearch scales literals more exactly than events.
        for kind in TYPES.into_iter().filter(|kind| *kind != HUNDREDTHS) {
            let Some(value) = kind.value(&value.to_string(), true) else { continue };
            let key = kind.json(value);
            prop_assert_eq!(kind.term(&key), Ok(Some((value, value))), "{:?} {}", kind, key);
        }
    }

    #[test]
    fn any_text_is_bearable(text in "([0-9]{0,3}|[-+.eEpPxXdf ]|NaN|Infinity|[^a]|0{15}){0,8}", factor: f64) {
        for kind in TYPES.into_iter().chain([ScaledFloat { scaling_factor: factor }]) {
            for quoted in [false, true] {
                kind.value(&text, quoted).map(|value| kind.json(value));
            }
            let _ = kind.term(&text);
            let _ = [Lt, Lte, Gt, Gte].map(|side| kind.bound(&text, side));
        }
    }
}
