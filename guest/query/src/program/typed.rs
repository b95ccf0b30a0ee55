//! What a condition means for the type of its field.

use alloc::boxed::Box;
use alloc::string::String;

use super::test::{DYNAMIC_NUMBER, DynamicTest, KeywordTest, OrdinalTest, Test};
use super::text_test::{Bounds, OneOf};
use super::words::Words;
use crate::clause::Condition;
use crate::error::ErrorKind;
use crate::fields::field_type::FieldType;
use crate::range::{RangeOp, Ranges};
use crate::texts::analysis::lowercase_text;
use crate::values::keyword::KeywordForm;
use crate::values::ordinal::OrdinalType;
use crate::values::scalar::{JsonStr, Scalar};

/// A condition on a field of a type.
#[derive(Clone, Debug)]
pub(crate) enum Typed {
    /// It is the same for every event.
    Const(bool),
    /// A value must meet it.
    Test(Test),
}

impl Typed {
    const NEVER: Self = Self::Const(false);
}

/// Elasticsearch's behaviour by field type; what fails a search is an error. Many conditions in
/// one are taken apart before.
pub(crate) fn typed(field_type: &FieldType, condition: &Condition) -> Result<Typed, ErrorKind> {
    if matches!(condition, Condition::OneOf(_)) {
        return Ok(Typed::NEVER);
    }
    if let (Condition::Null, false) = (condition, matches!(field_type, FieldType::Date | FieldType::DateNanos)) {
        return Err(ErrorKind::Null);
    }
    let ordinal = match field_type {
        FieldType::Keyword { ignore_above, lowercase } => {
            let form = KeywordForm { ignore_above: *ignore_above, lowercase: *lowercase };
            return Ok(keyword(form, condition));
        }
        FieldType::Version => return version(condition),
        FieldType::Flattened { ignore_above } => {
            return Ok(keyword(KeywordForm { ignore_above: *ignore_above, lowercase: false }, condition));
        }
        FieldType::ConstantKeyword(constant) => {
            return Ok(Typed::Const(match keyword(KeywordForm::PLAIN, condition) {
                Typed::Const(holds) => holds,
                Typed::Test(mut test) => {
                    test.seal();
                    test.holds(Scalar::String(JsonStr::new(constant, false)), 0)
                }
            }));
        }
        FieldType::Text => return Ok(text(condition)),
        FieldType::Dynamic => return Ok(dynamic(condition)),
        FieldType::Nested | FieldType::Object => return Ok(Typed::NEVER),
        FieldType::Opaque | FieldType::NotIndexed => {
            return match condition {
                Condition::Exists if *field_type == FieldType::Opaque => Ok(Typed::Test(Test::Any)),
                Condition::Exists => Ok(Typed::NEVER),
                _ => Err(ErrorKind::NotSearchable { field_type: field_type.name() }),
            };
        }
        FieldType::Number(number) => OrdinalType::Number(*number),
        FieldType::Boolean => OrdinalType::Boolean,
        FieldType::Date => OrdinalType::Date,
        FieldType::DateNanos => OrdinalType::DateNanos,
        FieldType::Ip => OrdinalType::Ip,
    };
    ordered(ordinal, condition)
}

fn keyword(form: KeywordForm, condition: &Condition) -> Typed {
    let fold = |text: &str| -> Box<str> { if form.lowercase { lowercase_text(text).into() } else { text.into() } };
    let test = match condition {
        Condition::Exists | Condition::Unbounded | Condition::Null => KeywordTest::Exists,
        Condition::Equals { value, .. } if !form.keeps(value) => return Typed::NEVER,
        Condition::Equals { value, .. } => KeywordTest::OneOf(OneOf::text(fold(value))),
        Condition::Term { value, .. } if !form.keeps(value) => return Typed::NEVER,
        Condition::Term { value, ignore_case: false } => KeywordTest::OneOf(OneOf::text(fold(value))),
        Condition::Term { value, ignore_case: true } => KeywordTest::OneOf(OneOf::folded_text(&fold(value))),
        Condition::Like(like) => KeywordTest::OneOf(OneOf::like(like, form.lowercase)),
        Condition::Regex(regex) => KeywordTest::OneOf(OneOf::regex(regex.clone())),
        Condition::OneOf(_) => return Typed::NEVER,
        Condition::Range(bounds) => {
            KeywordTest::Bounds(Bounds::of_bytes(bounds.iter().map(|(op, bound)| (*op, fold(bound)))))
        }
    };
    Typed::Test(Test::Keyword(form, test))
}

/// A keyword with an order of its own.
fn version(condition: &Condition) -> Result<Typed, ErrorKind> {
    let Condition::Range(bounds) = condition else { return Ok(keyword(KeywordForm::PLAIN, condition)) };
    let bounds = Bounds::of_versions(bounds.iter().map(|(op, bound)| (*op, bound)));
    let bounds = bounds.ok_or(ErrorKind::NotAValue { field_type: FieldType::Version.name() })?;
    Ok(Typed::Test(Test::Keyword(KeywordForm::PLAIN, KeywordTest::Bounds(bounds))))
}

fn text(condition: &Condition) -> Typed {
    let words = match condition {
        Condition::Exists | Condition::Unbounded | Condition::Null => Words::any(),
        Condition::Equals { value, phrase: false } => Words::of(value),
        Condition::Equals { value, phrase: true } => Words::row(value),
        Condition::Term { value, ignore_case: false } => Words::like(OneOf::text(value.as_str().into())),
        Condition::Term { value, ignore_case: true } => Words::like(OneOf::folded_text(value)),
        // `query_string` puts a pattern into lower case, the `wildcard` query does not.
        Condition::Like(like) => Words::like(OneOf::like(like, like.splits)),
        Condition::Regex(regex) => Words::like(OneOf::regex(regex.clone())),
        Condition::OneOf(_) => return Typed::NEVER,
        Condition::Range(bounds) => Words::within(Bounds::of_bytes(bounds.iter().map(|(op, bound)| (*op, bound)))),
    };
    if words.is_empty() { Typed::NEVER } else { Typed::Test(Test::Words(Box::new(words))) }
}

fn ordered(ordinal_type: OrdinalType, condition: &Condition) -> Result<Typed, ErrorKind> {
    let is_date = matches!(ordinal_type, OrdinalType::Date | OrdinalType::DateNanos);
    let between = |bounds: &[(RangeOp, String)]| {
        let texts = || bounds.iter().map(|(op, bound)| (*op, bound.as_str()));
        let ranges = ordinal_type.range(texts(), 0)?;
        if is_date && bounds.iter().any(|(_, bound)| bound.starts_with("now")) {
            let bounds = texts().map(|(op, bound)| (op, bound.into())).collect();
            return Ok(OrdinalTest::Relative(bounds));
        }
        Ok(OrdinalTest::OneOf(ranges))
    };
    let test = match condition {
        Condition::OneOf(_) => return Ok(Typed::NEVER),
        Condition::Exists | Condition::Unbounded | Condition::Null => OrdinalTest::Exists,
        Condition::Term { ignore_case: true, .. } if ordinal_type != OrdinalType::Boolean => {
            return Err(ErrorKind::NoWildcards { field_type: ordinal_type.name() });
        }
        Condition::Equals { value, .. } | Condition::Term { value, .. } if is_date => {
            between(&[(RangeOp::Gte, value.clone()), (RangeOp::Lte, value.clone())])?
        }
        Condition::Equals { value, .. } | Condition::Term { value, .. } => {
            OrdinalTest::OneOf(ordinal_type.term(value)?)
        }
        Condition::Like(_) | Condition::Regex(_) => {
            return Err(ErrorKind::NoWildcards { field_type: ordinal_type.name() });
        }
        Condition::Range(bounds) => between(bounds)?,
    };
    match test {
        OrdinalTest::OneOf(ranges) if ranges.is_empty() => Ok(Typed::NEVER),
        test => Ok(Typed::Test(Test::Ordinal(ordinal_type, test))),
    }
}

/// A literal that is no number is no error here: no value has fixed the type yet.
fn dynamic(condition: &Condition) -> Typed {
    let Typed::Test(Test::Keyword(_, text)) = keyword(KeywordForm::DYNAMIC, condition) else {
        return Typed::NEVER;
    };
    let numbers = match condition {
        Condition::Equals { value, .. } | Condition::Term { value, .. } => {
            DYNAMIC_NUMBER.term(value).unwrap_or_default()
        }
        Condition::Range(bounds) => {
            let bounds = bounds.iter().map(|(op, bound)| (*op, bound.as_str()));
            DYNAMIC_NUMBER.range(bounds, 0).unwrap_or_default()
        }
        _ => Ranges::default(),
    };
    Typed::Test(Test::Dynamic(DynamicTest { text, numbers }))
}
