//! Addresses, as Elasticsearch's type `ip` reads, compares and shows them.
//!
//! All are 16 bytes long, IPv4 as `::ffff:a.b.c.d`. Their ordinals keep the order of the bytes.

use alloc::string::{String, ToString};
use core::fmt;
use core::net::Ipv6Addr;

use crate::range::{Range, RangeOp};

/// Where IPv4 begins.
const MAPPED: u128 = 0xffff << 32;

/// Why a literal fails the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressError {
    NotAnAddress,
    NotAPrefix,
    /// CIDR notation with an IPv4 address that is written as IPv6.
    MappedPrefix,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnAddress => "not an IP address",
            Self::NotAPrefix => "not a prefix length of this address",
            Self::MappedPrefix => "a prefix length of an IPv4 address that is written as IPv6",
        })
    }
}

/// The ordinal of an event's text; none if the value is ignored.
pub(crate) fn value(text: &str) -> Option<i128> {
    address(text).map(ordinal)
}

/// The address as Elasticsearch shows it: IPv4 dotted, IPv6 short and in lower case.
pub(crate) fn canonical(ordinal: i128) -> String {
    let address = Ipv6Addr::from_bits(bits(ordinal));
    match address.to_ipv4_mapped() {
        Some(address) => address.to_string(),
        None => address.to_string(),
    }
}

/// What `field:literal` matches: an address, or in CIDR notation a network.
pub(crate) fn term(literal: &str) -> Result<Range, AddressError> {
    let Some((text, prefix)) = literal.split_once('/') else {
        let ordinal = value(literal).ok_or(AddressError::NotAnAddress)?;
        return Ok((ordinal, ordinal));
    };
    let address = address(text).ok_or(AddressError::NotAnAddress)?;
    // Java drops what is empty at the end when it splits text.
    let prefix = prefix.trim_end_matches('/').parse().map_err(|_| AddressError::NotAPrefix)?;
    let bits = match (address >> 32 == MAPPED >> 32, text.contains(':')) {
        (true, true) => return Err(AddressError::MappedPrefix),
        (true, false) => 32_i32,
        (false, _) => 128,
    };
    if !(0..=bits).contains(&prefix) {
        return Err(AddressError::NotAPrefix);
    }
    let network = (128 - bits + prefix).cast_unsigned();
    let host = u128::MAX.checked_shr(network).unwrap_or(0);
    Ok((ordinal(address & !host), ordinal(address | host)))
}

/// What a range with one bound matches; none if nothing can.
pub(crate) fn bound(literal: &str, op: RangeOp) -> Result<Option<Range>, AddressError> {
    value(literal).map(|at| op.range(at, false)).ok_or(AddressError::NotAnAddress)
}

/// With the first bit turned over, signed numbers are in the order of unsigned ones.
fn ordinal(address: u128) -> i128 {
    address.cast_signed() ^ i128::MIN
}

fn bits(ordinal: i128) -> u128 {
    (ordinal ^ i128::MIN).cast_unsigned()
}

/// Reads an address as Elasticsearch does. Rust does not read zones nor leading zeros in IPv6, and
/// does not let numbers overflow.
fn address(text: &str) -> Option<u128> {
    if text.len() < "0.0.0.0".len() && !text.contains(':') {
        return None;
    }
    let text = match text.split_once('%') {
        Some((_, "")) => return None,
        Some((text, _zone)) => text,
        None => text,
    };
    let Some((groups, last)) = text.rsplit_once(':') else {
        return v4(text).map(|address| MAPPED | u128::from(address));
    };
    let mut tail = None;
    let groups = if last.contains('.') {
        tail = Some(v4(last)?);
        // Both colons of `::` belong to the groups, only one that separates does not.
        if groups.ends_with(':') { text.strip_suffix(last)? } else { groups }
    } else {
        text
    };
    let room = if tail.is_some() { 6 } else { 8 };
    let (address, count) = match groups.split_once("::") {
        Some((before, after)) => {
            let (before, first) = hextets(before)?;
            let (after, second) = hextets(after)?;
            // `::` stands for one group or more.
            if first + second >= room {
                return None;
            }
            (before.checked_shl(16 * (room - first)).unwrap_or(0) | after, room)
        }
        None => hextets(groups)?,
    };
    if count != room {
        return None;
    }
    Some(match tail {
        Some(tail) => address << 32 | u128::from(tail),
        None => address,
    })
}

/// Reads up to eight groups of hexadecimal digits, and counts them.
fn hextets(text: &str) -> Option<(u128, u32)> {
    if text.is_empty() {
        return Some((0, 0));
    }
    let mut address = 0;
    let mut count = 0;
    for group in text.split(':') {
        let hextet = integer(group, 16, |_| true)?;
        if hextet > 0xffff || count == 8 {
            return None;
        }
        // It is negative after an overflow.
        address = address << 16 | u128::from(hextet.cast_unsigned() & 0xffff);
        count += 1;
    }
    Some((address, count))
}

fn v4(text: &str) -> Option<u32> {
    let mut address = 0;
    let mut parts = text.split('.');
    for _ in 0..4 {
        let part = parts.next()?;
        // No zero leads, not even one that came of an overflow.
        let part = integer(part, 10, |so_far| so_far != 0).filter(|part| *part <= 255)?;
        address = address << 8 | (part.cast_unsigned() & 0xff);
    }
    parts.next().is_none().then_some(address)
}

/// Reads digits, one or more, as long as what they make may be followed by another. They overflow
/// as Java's `int` does: to Elasticsearch `4294967297.0.0.1` is `1.0.0.1`.
fn integer(digits: &str, radix: u32, may_go_on: impl Fn(i32) -> bool) -> Option<i32> {
    let mut number: Option<i32> = None;
    for digit in digits.chars() {
        let digit = digit.to_digit(radix)?.cast_signed();
        number = Some(match number {
            None => digit,
            Some(so_far) if may_go_on(so_far) => so_far.wrapping_mul(radix.cast_signed()).wrapping_add(digit),
            Some(_) => return None,
        });
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;
    use proptest::prelude::*;
    use std::format;

    #[test]
    fn addresses() {
        for (text, shown) in [
            ("1.2.3.4", "1.2.3.4"),
            ("0.0.0.0", "0.0.0.0"),
            ("::ffff:1.2.3.4", "1.2.3.4"),
            ("::FFFF:0102:0304", "1.2.3.4"),
            ("::1.2.3.4", "::102:304"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
            ("1::1.2.3.4", "1::102:304"),
            ("::", "::"),
            ("FE80::1", "fe80::1"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
            ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("fe80::1%eth0", "fe80::1"),
            ("fe80::1%é", "fe80::1"),
            ("1.2.3.4%x", "1.2.3.4"),
            ("1.2.3.4/8%x", ""),
            ("1.2.3.4%x/8", "1.2.3.4"),
            ("000000000001::", "1::"),
            ("4294967297.0.0.1", "1.0.0.1"),
            ("2147483648.0.0.1", "0.0.0.1"),
            ("100000001::", "1::"),
            ("ffffffff::", "ffff::"),
            ("10000::", ""),
            ("", ""),
            ("1", ""),
            ("1.2.3", ""),
            ("1.2.3.4.5", ""),
            ("1.2.3.", ""),
            ("256.1.1.1", ""),
            ("010.0.0.1", ""),
            ("00.0.0.1", ""),
            ("42949672960.0.0.1", ""),
            ("::ffff:1.2.3.04", ""),
            (" 1.2.3.4", ""),
            ("+1.2.3.4", ""),
            ("٣.2.3.4", ""),
            ("[::1]", ""),
            ("::1%", ""),
            ("%x", ""),
            (":", ""),
            (":::", ""),
            ("1:::2", ""),
            ("1::2::3", ""),
            (":1:2:3:4:5:6:7", ""),
            ("1:2:3:4:5:6:7:", ""),
            ("1:2:3:4::5:6:7:8", ""),
            ("1:2:3:4:5:6:7:8:9", ""),
            ("1:2:3:4:5:6:7:1.2.3.4", ""),
            ("1:2:3:4:5::6:1.2.3.4", ""),
            (":1.2.3.4", ""),
            ("::1.2.3.4:5", ""),
            ("1.2.3.4::", ""),
            ("g::", ""),
        ] {
            assert_eq!(value(text).map(canonical).unwrap_or_default(), shown, "{text}");
        }
    }

    #[test]
    fn networks() {
        for (literal, first, last) in [
            ("10.1.2.3/8", "10.0.0.0", "10.255.255.255"),
            ("10.1.2.3/+8", "10.0.0.0", "10.255.255.255"),
            ("10.1.2.3/08", "10.0.0.0", "10.255.255.255"),
            ("10.1.2.3/8/", "10.0.0.0", "10.255.255.255"),
            ("10.1.2.3%e/8", "10.0.0.0", "10.255.255.255"),
            ("10.1.2.3/32", "10.1.2.3", "10.1.2.3"),
            ("10.1.2.3/-0", "0.0.0.0", "255.255.255.255"),
            ("::1/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("::1/128", "::1", "::1"),
            ("fe80::1%e/65", "fe80::", "fe80::7fff:ffff:ffff:ffff"),
        ] {
            assert_eq!(term(literal), Ok((value(first).unwrap(), value(last).unwrap())), "{literal}");
        }
        for (literal, fault) in [
            ("10.0.0.0/33", AddressError::NotAPrefix),
            ("::1/129", AddressError::NotAPrefix),
            ("10.0.0.0/", AddressError::NotAPrefix),
            ("10.0.0.0/-1", AddressError::NotAPrefix),
            ("10.0.0.0/ 8", AddressError::NotAPrefix),
            ("10.0.0.0/8.0", AddressError::NotAPrefix),
            ("10.0.0.0/8/9", AddressError::NotAPrefix),
            ("fe80::1/64%e", AddressError::NotAPrefix),
            ("::ffff:10.0.0.0/104", AddressError::MappedPrefix),
            ("/8", AddressError::NotAnAddress),
            ("10.0.0/8", AddressError::NotAnAddress),
            ("10.*", AddressError::NotAnAddress),
        ] {
            assert_eq!(term(literal), Err(fault), "{literal}");
        }
    }

    #[test]
    fn bounds() {
        let first = value("::").unwrap();
        let last = value("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").unwrap();
        let at = value("10.0.0.0").unwrap();
        assert_eq!(bound("10.0.0.0", RangeOp::Lt), Ok(Some((first, at - 1))));
        assert_eq!(bound("10.0.0.0", RangeOp::Lte), Ok(Some((first, at))));
        assert_eq!(bound("10.0.0.0", RangeOp::Gt), Ok(Some((at + 1, last))));
        assert_eq!(bound("10.0.0.0", RangeOp::Gte), Ok(Some((at, last))));
        assert_eq!(bound("::", RangeOp::Lt), Ok(None));
        assert_eq!(bound(&canonical(last), RangeOp::Gt), Ok(None));
        assert_eq!(bound("10.0.0.0/8", RangeOp::Gt), Err(AddressError::NotAnAddress));
        assert_eq!(canonical(value("255.255.255.255").unwrap() + 1), "::1:0:0:0");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_rust_reads_reads_alike(v6: u128, zeros: u128, v4: u32) {
            let v6 = Ipv6Addr::from_bits(v6 & zeros);
            prop_assert_eq!(address(&format!("{v6}")), Some(v6.to_bits()));
            let v4 = Ipv4Addr::from_bits(v4);
            prop_assert_eq!(address(&format!("{v4}")), Some(v4.to_ipv6_mapped().to_bits()));
        }

        #[test]
        fn the_order_is_that_of_the_bytes(a: u128, b: u128) {
            prop_assert_eq!(ordinal(a).cmp(&ordinal(b)), a.cmp(&b));
            prop_assert_eq!(value(&canonical(ordinal(a))), Some(ordinal(a)));
        }

        #[test]
        fn any_text_is_bearable(text in "([0-9a-f]{1,5}|[:./%]|::|4294967296|[^a]){0,12}") {
            if let Ok(v6) = text.parse::<Ipv6Addr>() {
                prop_assert_eq!(address(&text), Some(v6.to_bits()));
            }
            let _ = term(&text);
        }
    }
}
