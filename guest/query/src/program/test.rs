//! Tests of the values of one field, by its type.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::analysis::lowercase_text;
use crate::number::NumberType;
use crate::ordinal::OrdinalType;
use crate::range::{RangeOp, Ranges};
use crate::texts::order;
use crate::value::Scalar;
use crate::version;
use crate::wildcard::Pattern;
use crate::words::Words;

/// What a value of a field must be.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// Any value.
    Any,
    /// A value that is indexed as a whole text.
    Keyword(KeywordForm, KeywordTest),
    /// A text whose words meet something.
    Words(Words),
    /// A value of a type that is ordered.
    Ordinal(OrdinalType, OrdinalTest),
    /// A value whose type dynamic mapping decides.
    Dynamic(DynamicTest),
}

/// How a value becomes the text that is indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeywordForm {
    pub(crate) ignore_above: Option<u32>,
    pub(crate) lowercase: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum KeywordTest {
    /// It is indexed at all.
    Exists,
    OneOf(OneOf),
    Bounds(Bounds),
}

/// Texts and patterns, of which a value must meet one.
#[derive(Clone, Debug, Default)]
pub(crate) struct OneOf {
    /// In [order], once the set is [sealed](OneOf::seal).
    pub(crate) texts: Vec<Box<str>>,
    pub(crate) patterns: Vec<Pattern>,
}

/// Bounds of texts, all of which must be met.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    bounds: Vec<(RangeOp, Box<[u8]>)>,
    /// Whether texts are ordered as versions, else by their bytes.
    versions: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum OrdinalTest {
    /// It is a value of the type.
    Exists,
    OneOf(Ranges),
    /// Date math that counts from now: what a range says depends on when it is asked.
    Relative(Vec<(RangeOp, Box<str>)>),
}

/// By what the value is in the event's JSON.
#[derive(Clone, Debug)]
pub(crate) struct DynamicTest {
    /// For strings, and the texts of the others.
    pub(crate) text: KeywordTest,
    /// For numbers besides.
    pub(crate) numbers: Ranges,
}

/// The type of a number that is not mapped, as far as comparing goes.
pub(crate) const DYNAMIC_NUMBER: OrdinalType = OrdinalType::Number(NumberType::Double);

impl Test {
    /// Does a value meet it? `now_ms` is the time of the search.
    pub(crate) fn holds(&self, value: Scalar<'_>, now_ms: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Keyword(form, test) => test.holds(*form, value),
            Self::Words(words) => words.hold(&value.text()),
            Self::Ordinal(ordinal_type, test) => test.holds(*ordinal_type, value, now_ms),
            Self::Dynamic(test) => test.holds(value),
        }
    }

    /// Puts sets in order, when nothing more will be added.
    pub(crate) fn seal(&mut self) {
        match self {
            Self::Keyword(_, KeywordTest::OneOf(one_of)) => one_of.seal(),
            Self::Dynamic(DynamicTest { text: KeywordTest::OneOf(one_of), numbers }) => {
                one_of.seal();
                numbers.seal();
            }
            Self::Ordinal(_, OrdinalTest::OneOf(ranges)) => ranges.seal(),
            Self::Words(words) => words.seal(),
            _ => {}
        }
    }

    /// Makes it hold where `other` holds too; hands `other` back if both have nothing in common.
    pub(crate) fn join(&mut self, other: Self) -> Result<(), Self> {
        match (self, other) {
            (Self::Keyword(form, KeywordTest::OneOf(own)), Self::Keyword(other_form, KeywordTest::OneOf(other)))
                if *form == other_form =>
            {
                own.add(other);
            }
            (Self::Ordinal(kind, OrdinalTest::OneOf(own)), Self::Ordinal(other_kind, OrdinalTest::OneOf(other)))
                if *kind == other_kind =>
            {
                own.add(other);
            }
            (
                Self::Dynamic(DynamicTest { text: KeywordTest::OneOf(own), numbers }),
                Self::Dynamic(DynamicTest { text: KeywordTest::OneOf(other), numbers: other_numbers }),
            ) => {
                own.add(other);
                numbers.add(other_numbers);
            }
            (Self::Words(own), Self::Words(other)) => own.add(other),
            (_, other) => return Err(other),
        }
        Ok(())
    }
}

impl KeywordForm {
    pub(crate) const PLAIN: Self = Self { ignore_above: None, lowercase: false };
    /// Of strings that are not mapped: what Elastic's templates make of them.
    pub(crate) const DYNAMIC: Self = Self { ignore_above: Some(1024), lowercase: false };

    /// Is a text short enough to be indexed?
    pub(crate) fn keeps(self, text: &str) -> bool {
        let Some(limit) = self.ignore_above else { return true };
        let limit = limit as usize;
        // There are no more UTF-16 units than bytes.
        text.len() <= limit || text.chars().map(char::len_utf16).sum::<usize>() <= limit
    }

    /// The text that is indexed; none if it is too long.
    pub(crate) fn indexed(self, text: Cow<'_, str>) -> Option<Cow<'_, str>> {
        if !self.keeps(&text) {
            return None;
        }
        if !self.lowercase {
            return Some(text);
        }
        match lowercase_text(&text) {
            Cow::Borrowed(_) => Some(text),
            Cow::Owned(folded) => Some(Cow::Owned(folded)),
        }
    }
}

impl KeywordTest {
    fn holds(&self, form: KeywordForm, value: Scalar<'_>) -> bool {
        // One text is compared in place, without decoding it first.
        if let (Self::OneOf(OneOf { texts, patterns }), false) = (self, form.lowercase)
            && let ([text], []) = (&**texts, &**patterns)
        {
            return value.is(text);
        }
        form.indexed(value.text()).is_some_and(|text| self.holds_text(&text))
    }

    fn holds_text(&self, text: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::OneOf(one_of) => one_of.holds(text),
            Self::Bounds(bounds) => bounds.hold(text),
        }
    }
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

    /// Is one of the texts `text`, or does one of the patterns match it?
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.texts.binary_search_by(|one| order(one, text)).is_ok()
            || self.patterns.iter().any(|pattern| pattern.matches(text))
    }
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

impl OrdinalTest {
    fn holds(&self, ordinal_type: OrdinalType, value: Scalar<'_>, now_ms: i64) -> bool {
        let Some(ordinal) = ordinal_type.value(value) else { return false };
        match self {
            Self::Exists => true,
            Self::OneOf(ranges) => ranges.contain(ordinal),
            Self::Relative(bounds) => {
                let range = ordinal_type.range(bounds.iter().map(|(op, bound)| (*op, &**bound)), now_ms);
                range.is_ok_and(|range| range.contain(ordinal))
            }
        }
    }
}

impl DynamicTest {
    fn holds(&self, value: Scalar<'_>) -> bool {
        match value {
            Scalar::Number(_) => {
                let ordered = matches!(self.text, KeywordTest::Bounds(_));
                (!ordered && self.text.holds(KeywordForm::PLAIN, value))
                    || DYNAMIC_NUMBER.value(value).is_some_and(|ordinal| self.numbers.contain(ordinal))
            }
            value => self.text.holds(KeywordForm::DYNAMIC, value),
        }
    }
}
