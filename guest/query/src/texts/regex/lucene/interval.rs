//! Intervals of numbers, `<n-m>`.

use alloc::vec::Vec;

use super::super::chars::Chars;
use super::super::tree::Tree;

/// The decimal numbers between two, both included, in either order, written as `n-m`.
///
/// As to Lucene: where both ends have the same number of digits, so has every number; else there may
/// be any number of zeros ahead of it. None if the text is no interval.
pub(super) fn interval(text: &[char]) -> Option<Tree> {
    let hyphen = text.iter().position(|&c| c == '-')?;
    let (left, right) = (text.get(..hyphen)?, text.get(hyphen + 1..)?);
    let (one, other) = (number(left)?, number(right)?);
    let (min, max) = (one.min(other), one.max(other));
    if left.len() == right.len() {
        return Some(between(&digits(min, left.len()), &digits(max, left.len())));
    }
    let zeros = Tree::Chars(Chars::one('0')).repeated(0, None);
    let lengths = digits(min, 1).len()..=digits(max, 1).len();
    let of_length = |length: usize| {
        let power = |exponent| 10_u64.checked_pow(u32::try_from(exponent).ok()?);
        let least = if length == 1 { 0 } else { power(length - 1)? };
        let (least, most) = (min.max(least), max.min(power(length)? - 1));
        Some(between(&digits(least, length), &digits(most, length)))
    };
    let numbers = lengths.map(of_length).collect::<Option<_>>()?;
    Some(Tree::Sequence(Vec::from([zeros, Tree::joined(numbers, Tree::Union)])))
}

/// As Java reads an `int`, which may have a sign; a minus would be a second hyphen.
fn number(text: &[char]) -> Option<u64> {
    let digits = text.strip_prefix(&['+']).unwrap_or(text);
    let number = digits.iter().try_fold(0_u64, |number, c| {
        let number = number * 10 + u64::from(c.to_digit(10)?);
        (number <= i32::MAX as u64).then_some(number)
    });
    number.filter(|_| !digits.is_empty())
}

/// The digits of a number, at least so many.
fn digits(number: u64, width: usize) -> Vec<char> {
    alloc::format!("{number:0width$}").chars().collect()
}

/// The texts of digits between two of the same length.
fn between(min: &[char], max: &[char]) -> Tree {
    if min.iter().all(|&c| c == '0') && max.iter().all(|&c| c == '9') {
        let length = u32::try_from(min.len()).unwrap_or(u32::MAX);
        return Tree::Chars(Chars::range('0', '9')).repeated(length, Some(length));
    }
    let (Some((&low, min)), Some((&high, max))) = (min.split_first(), max.split_first()) else { return Tree::EMPTY };
    if low == high {
        return behind(Chars::one(low), between(min, max));
    }
    let nines: Vec<char> = max.iter().map(|_| '9').collect();
    let zeros: Vec<char> = min.iter().map(|_| '0').collect();
    let inner: Chars = (low..=high).filter(|&c| c != low && c != high).collect();
    Tree::Union(Vec::from([
        behind(Chars::one(low), between(min, &nines)),
        behind(inner, between(&zeros, &nines)),
        behind(Chars::one(high), between(&zeros, max)),
    ]))
}

fn behind(first: Chars, rest: Tree) -> Tree {
    Tree::Sequence(Vec::from([Tree::Chars(first), rest]))
}
