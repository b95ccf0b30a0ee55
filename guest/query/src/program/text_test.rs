//! Tests of texts, of whole ones and of single words alike.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::range::RangeOp;
use crate::texts::compare::order;
use crate::texts::wildcard::Pattern;
use crate::values::version;

/// Texts and patterns, of which a value must meet one.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub(crate) struct OneOf {
    /// In [order], once the set is [sealed](OneOf::seal).
    pub(crate) texts: Vec<Box<str>>,
    pub(crate) patterns: Vec<Pattern>,
}

impl OneOf {
    pub(crate) fn add(&mut self, other: Self) {
        self.texts.extend(other.texts);
        self.patterns.extend(other.patterns);
    }

    pub(crate) fn seal(&mut self) {
        self.texts.sort_unstable_by(|a, b| order(a, b));
        self.texts.dedup();
    }

    /// About how much a byte of a text costs.
    pub(crate) fn weight(&self) -> u64 {
        self.patterns.iter().map(Pattern::weight).sum::<u64>() + 1
    }

    /// Is one of the texts `text`, or does one of the patterns match it?
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.texts.binary_search_by(|one| order(one, text)).is_ok()
            || self.patterns.iter().any(|pattern| pattern.matches(text))
    }
}

/// Bounds of texts, all of which must be met.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct Bounds {
    bounds: Vec<(RangeOp, Box<[u8]>)>,
    /// Whether texts are ordered as versions, else by their bytes.
    versions: bool,
}

impl Bounds {
    pub(crate) fn of_bytes<T: AsRef<str>>(bounds: impl Iterator<Item = (RangeOp, T)>) -> Self {
        let bounds = bounds.map(|(op, bound)| (op, bound.as_ref().as_bytes().into())).collect();
        Self { bounds, versions: false }
    }

    /// None if one of the bounds is a version that Elasticsearch refuses.
    pub(crate) fn of_versions<T: AsRef<str>>(bounds: impl Iterator<Item = (RangeOp, T)>) -> Option<Self> {
        let key = |(op, bound): (RangeOp, T)| Some((op, version::order_key(bound.as_ref())?.into()));
        Some(Self { bounds: bounds.map(key).collect::<Option<_>>()?, versions: true })
    }

    pub(crate) fn hold(&self, text: &str) -> bool {
        let meets = |key: &[u8]| self.bounds.iter().all(|(op, bound)| op.holds(key.cmp(bound)));
        if self.versions { version::order_key(text).is_some_and(|key| meets(&key)) } else { meets(text.as_bytes()) }
    }
}
