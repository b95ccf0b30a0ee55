//! Tests of values that are ordered.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::findings::{Answer, Findings};
use super::leaves::LeafNumber;
use crate::program::test::OrdinalTest;
use crate::range::{RangeOp, Ranges};
use crate::values::ordinal::OrdinalType;
use crate::values::scalar::Scalar;

/// Tests of values of one type. A value is read once for all of them; all values together are put
/// in order before they are held against ranges.
#[derive(Clone, Debug)]
pub(super) struct Ordinals {
    kind: OrdinalType,
    exists: Vec<LeafNumber>,
    ranges: Vec<(Ranges, LeafNumber)>,
    /// What they are depends on the time of the search.
    relative: Vec<(DateMath, LeafNumber)>,
}

type DateMath = Vec<(RangeOp, Box<str>)>;

impl Ordinals {
    pub(super) const fn new(kind: OrdinalType) -> Self {
        Self { kind, exists: Vec::new(), ranges: Vec::new(), relative: Vec::new() }
    }

    pub(super) fn kind(&self) -> OrdinalType {
        self.kind
    }

    pub(super) fn add(&mut self, test: &OrdinalTest, leaf: LeafNumber) {
        match test {
            OrdinalTest::Exists => self.exists.push(leaf),
            OrdinalTest::OneOf(ranges) => self.ranges.push((ranges.clone(), leaf)),
            OrdinalTest::Relative(bounds) => self.relative.push((bounds.clone(), leaf)),
        }
    }

    pub(super) fn add_ranges(&mut self, ranges: &Ranges, leaf: LeafNumber) {
        if !ranges.is_empty() {
            self.ranges.push((ranges.clone(), leaf));
        }
    }

    /// Reads a value, and keeps what it is among `ordinals`.
    pub(super) fn read(&self, value: Scalar<'_>, ordinals: &mut Vec<i128>) {
        ordinals.extend(self.kind.value(value));
    }

    /// Finds out which tests one of the values meets. False where there was not enough work left.
    pub(super) fn finish(&self, mut ordinals: Vec<i128>, now_ms: i64, findings: &mut Findings) -> bool {
        if ordinals.is_empty() {
            return true;
        }
        let count = ordinals.len() as u64;
        if !findings.work.spend(count.saturating_mul(1 + u64::from(count.ilog2()))) {
            return false;
        }
        ordinals.sort_unstable();
        ordinals.dedup();
        findings.answers.note_all(&self.exists);
        for (ranges, leaf) in &self.ranges {
            if !findings.work.spend(ranges.steps(ordinals.len())) {
                return false;
            }
            if ranges.contain_one_of(&ordinals) {
                findings.answers.note(*leaf, Answer::Holds);
            }
        }
        for (bounds, leaf) in &self.relative {
            let range = self.kind.range(bounds.iter().map(|(op, bound)| (*op, &**bound)), now_ms);
            if range.is_ok_and(|range| range.contain_one_of(&ordinals)) {
                findings.answers.note(*leaf, Answer::Holds);
            }
        }
        findings.work.spend(64 * self.relative.len() as u64)
    }
}
