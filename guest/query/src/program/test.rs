//! Tests of the values of one field, by its type.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::text_test::{Bounds, OneOf};
use super::words::Words;
use crate::range::{RangeOp, Ranges};
use crate::values::keyword::KeywordForm;
use crate::values::number::NumberType;
use crate::values::ordinal::OrdinalType;
use crate::values::scalar::Scalar;

/// What a value of a field must be.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) enum Test {
    /// Any value.
    Any,
    /// A value that is indexed as a whole text.
    Keyword(KeywordForm, KeywordTest),
    /// A text whose words meet something.
    Words(Box<Words>),
    /// A value of a type that is ordered.
    Ordinal(OrdinalType, OrdinalTest),
    /// A value whose type dynamic mapping decides.
    Dynamic(DynamicTest),
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) enum KeywordTest {
    /// It is indexed at all.
    Exists,
    OneOf(OneOf),
    Bounds(Bounds),
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) enum OrdinalTest {
    /// It is a value of the type.
    Exists,
    OneOf(Ranges),
    /// Date math that counts from now: what a range says depends on when it is asked.
    Relative(Vec<(RangeOp, Box<str>)>),
}

/// By what the value is in the event's JSON.
#[derive(Clone, Debug, PartialEq, Hash)]
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

    /// About how much a byte of a value costs, of which a text in a map costs one.
    pub(crate) fn weight(&self) -> u64 {
        match self {
            Self::Any => 1,
            Self::Keyword(_, test) => test.weight(),
            Self::Words(words) => words.weight(),
            Self::Ordinal(_, OrdinalTest::Relative(_)) => 16,
            Self::Ordinal(..) => 4,
            Self::Dynamic(test) => 4 + test.text.weight(),
        }
    }

    /// Texts and patterns that whole texts are compared with as they are.
    pub(crate) fn one_of(&self) -> Option<(KeywordForm, &OneOf)> {
        match self {
            Self::Keyword(form, KeywordTest::OneOf(one_of)) if !form.lowercase => Some((*form, one_of)),
            _ => None,
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
    pub(crate) fn join(&mut self, other: Self) -> Option<Self> {
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
            (Self::Words(own), Self::Words(other)) => own.add(*other),
            (_, other) => return Some(other),
        }
        None
    }
}

impl KeywordTest {
    fn weight(&self) -> u64 {
        match self {
            Self::Exists => 1,
            Self::OneOf(one_of) => one_of.weight(),
            Self::Bounds(_) => 2,
        }
    }

    fn holds(&self, form: KeywordForm, value: Scalar<'_>) -> bool {
        // One text is compared in place, without decoding it first.
        if let (Self::OneOf(OneOf { exact, folded }), false) = (self, form.lowercase)
            && let ([text], [], true) = (&*exact.texts, &*exact.patterns, folded.is_empty())
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
