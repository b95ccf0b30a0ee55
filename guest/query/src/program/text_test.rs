//! Tests of texts, of whole ones and of single words alike.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::clause::Like;
use crate::range::RangeOp;
use crate::texts::compare::order;
use crate::texts::fold::folded;
use crate::texts::regex::Regex;
use crate::texts::wildcard::Pattern;
use crate::values::version;

/// Texts and patterns, of which a value must meet one.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub(crate) struct OneOf {
    /// Compared as they are.
    pub(crate) exact: Set,
    /// Compared with the value in small ASCII letters; they have no others.
    pub(crate) folded: Set,
}

/// Texts and patterns.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub(crate) struct Set {
    /// In [order], once the set is [sealed](OneOf::seal).
    pub(crate) texts: Vec<Box<str>>,
    pub(crate) patterns: Vec<Pattern>,
    /// The [`mark`]s of the texts, once the set is sealed.
    marks: u64,
}

impl OneOf {
    /// A text.
    pub(crate) fn text(text: Box<str>) -> Self {
        Self { exact: Set { texts: vec![text], ..Set::default() }, folded: Set::default() }
    }

    /// A text of which the case of ASCII letters makes no difference.
    pub(crate) fn folded_text(text: &str) -> Self {
        let folded = Set { texts: vec![text.to_ascii_lowercase().into()], ..Set::default() };
        Self { exact: Set::default(), folded }
    }

    /// What a pattern matches. `lowercased`: the values will be in lower case.
    pub(crate) fn like(like: &Like, lowercased: bool) -> Self {
        let pattern = Pattern::new(like, lowercased);
        let set = match pattern.pieces().as_deref() {
            Some([whole]) => Set { texts: vec![whole.as_str().into()], ..Set::default() },
            _ => Set { patterns: vec![pattern], ..Set::default() },
        };
        if like.ignore_case {
            Self { exact: Set::default(), folded: set }
        } else {
            Self { exact: set, folded: Set::default() }
        }
    }

    /// What a regular expression matches, which knows by itself what case means.
    pub(crate) fn regex(regex: Regex) -> Self {
        let exact = Set { patterns: vec![Pattern::Regex(regex)], ..Set::default() };
        Self { exact, folded: Set::default() }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.exact.add(other.exact);
        self.folded.add(other.folded);
    }

    pub(crate) fn seal(&mut self) {
        self.exact.seal();
        self.folded.seal();
    }

    /// Is there nothing that a value could meet?
    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.folded.is_empty()
    }

    /// About how much a byte of a text costs.
    pub(crate) fn weight(&self) -> u64 {
        self.exact.weight() + self.folded.weight() + 1
    }

    /// Is one of the texts `text`, or does one of the patterns match it?
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.exact.hold(text) || (!self.folded.is_empty() && folded(text, |text| self.folded.hold(text)))
    }
}

impl Set {
    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.patterns.is_empty()
    }

    /// Its patterns alone.
    pub(crate) fn without_texts(&self) -> Self {
        Self { texts: Vec::new(), marks: 0, ..self.clone() }
    }

    fn add(&mut self, other: Self) {
        self.texts.extend(other.texts);
        self.patterns.extend(other.patterns);
    }

    fn seal(&mut self) {
        self.texts.sort_unstable_by(|a, b| order(a, b));
        self.texts.dedup();
        self.marks = self.texts.iter().fold(0, |marks, text| marks | mark(text));
    }

    fn weight(&self) -> u64 {
        self.patterns.iter().map(Pattern::weight).sum()
    }

    /// The [`mark`]s of its texts.
    pub(crate) const fn marks(&self) -> u64 {
        self.marks
    }

    /// Is one of the texts a text?
    pub(crate) fn has_text(&self, text: &str) -> bool {
        self.marks & mark(text) != 0 && self.texts.binary_search_by(|one| order(one, text)).is_ok()
    }

    fn hold(&self, text: &str) -> bool {
        self.has_text(text) || self.patterns.iter().any(|pattern| pattern.matches(text))
    }
}

/// One of 64 bits, by the length of a text and its last byte: texts with different ones differ.
pub(crate) const fn mark(text: &str) -> u64 {
    let last = match text.as_bytes() {
        [.., last] => *last as usize,
        [] => 0,
    };
    1 << (text.len().wrapping_mul(11).wrapping_add(last.wrapping_mul(5)) % 64)
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
