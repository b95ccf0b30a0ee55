//! Comparisons, and ranges of ordinals.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// The comparison of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RangeOp {
    /// `<`
    Lt,
    /// `<=`
    Lte,
    /// `>`
    Gt,
    /// `>=`
    Gte,
}

impl RangeOp {
    /// Is it met by a value that compares to the bound like this?
    pub(crate) const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Lt => order.is_lt(),
            Self::Lte => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Gte => order.is_ge(),
        }
    }

    /// The operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Lt => "<",
            Self::Lte => "<=",
            Self::Gt => ">",
            Self::Gte => ">=",
        }
    }

    /// What is on this side of a bound, given as the last ordinal that is not above it, and whether
    /// the bound is a `fraction` above that. None if nothing can be.
    pub(crate) fn range(self, floor: i128, fraction: bool) -> Option<Range> {
        match self {
            Self::Lt if !fraction => floor.checked_sub(1).map(|last| (i128::MIN, last)),
            Self::Lt | Self::Lte => Some((i128::MIN, floor)),
            Self::Gte if !fraction => Some((floor, i128::MAX)),
            Self::Gt | Self::Gte => floor.checked_add(1).map(|first| (first, i128::MAX)),
        }
    }

    /// Is its bound a lower one?
    pub(crate) const fn is_lower(self) -> bool {
        matches!(self, Self::Gt | Self::Gte)
    }
}

/// The first and the last ordinal of a range.
pub(crate) type Range = (i128, i128);

/// Ranges of ordinals, both ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ranges(Vec<(i128, i128)>);

impl Ranges {
    pub(crate) fn one(low: i128, high: i128) -> Self {
        let mut ranges = Self::default();
        if low <= high {
            ranges.0.push((low, high));
        }
        ranges
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Sorts them and joins those that overlap.
    pub(crate) fn seal(&mut self) {
        self.0.sort_unstable();
        let mut joined: Vec<(i128, i128)> = Vec::with_capacity(self.0.len());
        for &(low, high) in &self.0 {
            match joined.last_mut() {
                Some((_, last)) if low <= *last => *last = high.max(*last),
                _ => joined.push((low, high)),
            }
        }
        self.0 = joined;
    }

    /// Once they are sealed: is one of these ordinals, which are in order, in one of them?
    pub(crate) fn contain_one_of(&self, ordinals: &[i128]) -> bool {
        if ordinals.len() < self.0.len() {
            return ordinals.iter().any(|&ordinal| self.contain(ordinal));
        }
        self.0.iter().any(|&(low, high)| {
            let first = ordinals.partition_point(|&ordinal| ordinal < low);
            ordinals.get(first).is_some_and(|&ordinal| ordinal <= high)
        })
    }

    /// How many comparisons that takes with so many ordinals.
    pub(crate) fn steps(&self, ordinals: usize) -> u64 {
        let (fewer, more) = (ordinals.min(self.0.len()) as u64, ordinals.max(self.0.len()));
        fewer * u64::from(more.max(1).ilog2() + 1)
    }

    /// Once they are sealed: is an ordinal in one of them?
    pub(crate) fn contain(&self, ordinal: i128) -> bool {
        let after = self.0.partition_point(|&(low, _)| low <= ordinal);
        after.checked_sub(1).and_then(|last| self.0.get(last)).is_some_and(|&(_, high)| ordinal <= high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join() {
        let mut ranges = Ranges::one(5, 9);
        for (low, high) in [(1, 2), (8, 12), (3, 2), (20, 20), (6, 7)] {
            ranges.add(Ranges::one(low, high));
        }
        ranges.seal();
        assert_eq!(ranges.0, [(1, 2), (5, 12), (20, 20)]);
        let within: Vec<i128> = (0..25).filter(|&ordinal| ranges.contain(ordinal)).collect();
        assert_eq!(within, [1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 20]);
        assert!(!Ranges::default().contain(0));
    }
}
