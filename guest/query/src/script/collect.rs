//! The values of the fields of a script.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::meter::{Exhausted, Meter};
use super::value::Value;
use crate::fields::doc_value::DocValue;
use crate::fields::field_type::FieldType;
use crate::program::event::Event;
use crate::program::layout::Slot;
use crate::values::date::iso_8601;
use crate::values::scalar::Scalar;

/// The values of a field, of which the same may come several times, or one `null`.
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
        let mut values: Vec<Value<'static>> = Vec::new();
        each(event, slot, field_type, meter, |value, _| {
            values.push(value);
            if values.len() > VALUES_MAX { Err(Exhausted) } else { Ok(false) }
        })?;
        Ok(Self(values))
    }
}

/// Takes the values one after the other until one is enough, and answers whether one is.
pub(super) fn each<E: Event>(
    event: &E,
    slot: Slot,
    field_type: &FieldType,
    meter: &mut Meter,
    mut take: impl FnMut(Value<'static>, &mut Meter) -> Result<bool, Exhausted>,
) -> Result<bool, Exhausted> {
    let mut is_empty = true;
    let mut taken = Ok(false);
    event.any(slot, |scalar| {
        taken = meter.step(scalar.raw_len()).and_then(|()| match field_type.doc_value(scalar) {
            Some(kept) => {
                is_empty = false;
                take(value(field_type, scalar, kept), meter)
            }
            None => Ok(false),
        });
        !matches!(taken, Ok(false))
    });
    if is_empty && taken.is_ok() {
        let constant = match field_type {
            FieldType::ConstantKeyword(constant) => Value::Text(Cow::Owned(constant.clone())),
            _ => Value::Null,
        };
        return take(constant, meter);
    }
    taken
}

fn value(field_type: &FieldType, scalar: Scalar<'_>, kept: DocValue) -> Value<'static> {
    match (kept, field_type) {
        (DocValue::Bool(value), _) => Value::Bool(value),
        (DocValue::Ip { text, .. } | DocValue::Text(text), _) => Value::Text(Cow::Owned(text)),
        (DocValue::Number { ordinal, .. }, FieldType::Date | FieldType::DateNanos) => {
            Value::Text(Cow::Owned(iso_8601(ordinal)))
        }
        (DocValue::Number { json, .. }, FieldType::Number(number)) if number.is_integer() => whole(&json),
        // Whether a number that is not mapped has a fraction shows in how it is written.
        (DocValue::Number { json, .. }, FieldType::Dynamic) => match scalar {
            Scalar::Number(text) if !text.contains(['.', 'e', 'E']) => whole(&json),
            _ => decimal(&json),
        },
        (DocValue::Number { json, .. }, _) => decimal(&json),
    }
}

/// Those beyond 63 bits are not exact.
fn whole(json: &str) -> Value<'static> {
    json.parse().map_or_else(|_| decimal(json), Value::Whole)
}

fn decimal(json: &str) -> Value<'static> {
    json.parse().map_or(Value::Null, Value::Decimal)
}
