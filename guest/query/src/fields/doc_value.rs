//! The values that aggregations see: what a field keeps of an event's value.

use alloc::string::{String, ToString};

use super::field_type::FieldType;
use crate::values::ip;
use crate::values::keyword::KeywordForm;
use crate::values::number::NumberType;
use crate::values::ordinal::OrdinalType;
use crate::values::scalar::Scalar;

/// A value as the doc values of its field hold it. Values of one field are in the order in which
/// Elasticsearch has them: numbers as numbers, texts by their bytes, addresses by theirs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocValue {
    /// Of a `boolean`.
    Bool(bool),
    /// Of a number, or the epoch milliseconds of a date.
    Number {
        /// Its place in the order of its type.
        ordinal: i128,
        /// The number as JSON, the way JavaScript writes it.
        json: String,
    },
    /// Of an `ip`.
    Ip {
        /// Its place in the order of addresses.
        ordinal: i128,
        /// The address in its canonical form.
        text: String,
    },
    /// Of a keyword.
    Text(String),
}

impl FieldType {
    /// Can there be aggregations on the field? If not, a rule that asks for its terms fails in
    /// Elasticsearch.
    #[must_use]
    pub const fn is_aggregatable(&self) -> bool {
        !matches!(self, Self::Text | Self::Opaque | Self::NotIndexed)
    }

    /// What the field keeps of a value. `None` if it keeps nothing: the value is too long, or none
    /// of the type.
    #[must_use]
    pub fn doc_value(&self, value: Scalar<'_>) -> Option<DocValue> {
        let keyword = |form: KeywordForm| form.indexed(value.text()).map(|text| DocValue::Text(text.into_owned()));
        let ordinal_type = match self {
            Self::Keyword { ignore_above, lowercase } => {
                return keyword(KeywordForm { ignore_above: *ignore_above, lowercase: *lowercase });
            }
            Self::Flattened { ignore_above } => {
                return keyword(KeywordForm { ignore_above: *ignore_above, lowercase: false });
            }
            Self::Version => return keyword(KeywordForm::PLAIN),
            Self::ConstantKeyword(constant) => return Some(DocValue::Text(constant.clone())),
            Self::Dynamic => match value {
                Scalar::String(_) => return keyword(KeywordForm::DYNAMIC),
                Scalar::Bool(value) => return Some(DocValue::Bool(value)),
                Scalar::Number(text) if text.parse::<i64>().is_ok() => OrdinalType::Number(NumberType::Long),
                Scalar::Number(_) => OrdinalType::Number(NumberType::Double),
            },
            Self::Number(number) => OrdinalType::Number(*number),
            Self::Boolean => OrdinalType::Boolean,
            Self::Date => OrdinalType::Date,
            Self::DateNanos => OrdinalType::DateNanos,
            Self::Ip => OrdinalType::Ip,
            Self::Text | Self::Opaque | Self::NotIndexed | Self::Nested | Self::Object => return None,
        };
        let ordinal = ordinal_type.value(value)?;
        Some(match ordinal_type {
            OrdinalType::Boolean => DocValue::Bool(ordinal != 0),
            OrdinalType::Number(number) => DocValue::Number { ordinal, json: number.json(ordinal) },
            OrdinalType::Date | OrdinalType::DateNanos => {
                DocValue::Number { ordinal, json: ordinal.div_euclid(1_000_000).to_string() }
            }
            OrdinalType::Ip => DocValue::Ip { ordinal, text: ip::canonical(ordinal) },
        })
    }
}
