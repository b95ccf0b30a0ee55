//! The values of the fields of a script.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::meter::{Exhausted, Meter};
use super::value::Value;
use crate::fields::doc_value::DocValue;
use crate::fields::field_type::FieldType;
use crate::program::event::Event;
use crate::program::layout::Slot;
use crate::values::date::iso_8601;
use crate::values::scalar::Scalar;

/// The distinct values of a field, or one `null`.
#[derive(Debug)]
pub(crate) struct FieldValues(pub(super) Vec<Value<'static>>);

/// Most values of a field: their memory would be more than the work that they are.
const VALUES_MAX: usize = 64 * 1024;

impl FieldValues {
    /// Those that a field of a type keeps of what is in a slot.
    pub(crate) fn of<E: Event>(
        event: &E,
        slot: Slot,
        field_type: &FieldType,
        meter: &mut Meter,
    ) -> Result<Self, Exhausted> {
        let mut values: Vec<(DocValue, Value<'static>)> = Vec::new();
        let mut is_exhausted = false;
        event.any(slot, |scalar| {
            is_exhausted = meter.step(scalar.raw_len()).is_err() || values.len() >= VALUES_MAX;
            let kept = field_type.doc_value(scalar);
            values.extend(kept.map(|kept| {
                let value = value(field_type, scalar, &kept);
                (kept, value)
            }));
            is_exhausted
        });
        if is_exhausted {
            return Err(Exhausted);
        }
        // Sorting compares each with some of the others.
        meter.steps(values.len(), values.len().max(1).ilog2() as usize)?;
        values.sort_by(|(one, _), (other, _)| one.cmp(other));
        values.dedup_by(|(one, _), (other, _)| one == other);
        if values.is_empty()
            && let FieldType::ConstantKeyword(constant) = field_type
        {
            return Ok(Self(Vec::from([Value::Text(Cow::Owned(constant.clone()))])));
        }
        let mut values: Vec<Value<'static>> = values.into_iter().map(|(_, value)| value).collect();
        if values.is_empty() {
            values.push(Value::Null);
        }
        Ok(Self(values))
    }
}

fn value(field_type: &FieldType, scalar: Scalar<'_>, kept: &DocValue) -> Value<'static> {
    let owned = |text: &str| Value::Text(Cow::Owned(String::from(text)));
    match (kept, field_type) {
        (DocValue::Bool(value), _) => Value::Bool(*value),
        (DocValue::Ip { text, .. } | DocValue::Text(text), _) => owned(text),
        (DocValue::Number { ordinal, .. }, FieldType::Date | FieldType::DateNanos) => {
            Value::Text(Cow::Owned(iso_8601(*ordinal)))
        }
        (DocValue::Number { json, .. }, FieldType::Number(number)) if number.is_integer() => whole(json),
        // Whether a number that is not mapped has a fraction shows in how it is written.
        (DocValue::Number { json, .. }, FieldType::Dynamic) => match scalar {
            Scalar::Number(text) if !text.contains(['.', 'e', 'E']) => whole(json),
            _ => decimal(json),
        },
        (DocValue::Number { json, .. }, _) => decimal(json),
    }
}

/// Those beyond 63 bits are not exact.
fn whole(json: &str) -> Value<'static> {
    json.parse().map_or_else(|_| decimal(json), Value::Whole)
}

fn decimal(json: &str) -> Value<'static> {
    json.parse().map_or(Value::Null, Value::Decimal)
}
