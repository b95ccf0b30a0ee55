//! Documents of exceptions: Kibana's exports.

use serde_json::{Deserializer, Map, Value};

use super::item::Item;
use super::list_key::ListKey;
use crate::document::{DocumentError, offset_of};

/// What a document holds of interest.
pub(super) enum Record {
    /// A list, which may be empty.
    List(ListKey),
    /// An item of a list.
    Item(ListKey, Item),
}

impl Record {
    /// None for what is exported beside exceptions: rules, connectors, the
    /// summary.
    fn of(object: &Map<String, Value>) -> Result<Option<Self>, String> {
        let has = |name: &str| object.contains_key(name);
        if has("rule_id") || has("attributes") || object.keys().any(|name| name.starts_with("exported_")) {
            return Ok(None);
        }
        if has("entries") || has("item_id") {
            return Ok(Some(Self::Item(ListKey::of(object)?, Item::of(object)?)));
        }
        if has("list_id") {
            return Ok(Some(Self::List(ListKey::of(object)?)));
        }
        Err("neither an exception list nor an item of one".to_owned())
    }
}

/// Gives the lists and items of a document to `put`. The first complaint ends
/// it.
pub(super) fn read(content: &str, put: &mut dyn FnMut(Record) -> Result<(), String>) -> Result<(), DocumentError> {
    let mut values = Deserializer::from_str(content).into_iter::<Value>();
    loop {
        let start = start_of_value(content, values.byte_offset());
        let Some(value) = values.next() else { return Ok(()) };
        let error = |offset, cause: &str| {
            let line = content.get(..offset).unwrap_or_default().matches('\n').count() + 1;
            DocumentError::document(Some(offset), format!("line {line}: {cause}"))
        };
        let value = value.map_err(|cause| {
            let offset = offset_of(content, cause.line(), cause.column());
            error(offset, "not JSON")
        })?;
        let objects = match &value {
            Value::Array(objects) => objects.as_slice(),
            one => core::slice::from_ref(one),
        };
        for object in objects {
            let record = match object {
                Value::Object(object) => Record::of(object),
                _ => Err("not an object".to_owned()),
            };
            let put = |record: Option<Record>| record.map_or(Ok(()), &mut *put);
            record.and_then(put).map_err(|cause| error(start, &cause))?;
        }
    }
}

fn start_of_value(content: &str, offset: usize) -> usize {
    let rest = content.get(offset..).unwrap_or_default();
    offset + (rest.len() - rest.trim_start().len())
}
