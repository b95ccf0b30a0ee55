//! New terms: the tuples of values that an event introduces.

use std::collections::BTreeSet;

use firstseen_eql::Key;
use firstseen_query::{DocValue, Event, FieldType, Layout, Mapping, Resolved, Slot};
use serde_json::Value;

use crate::event::{Projection, Slots};

/// Tuples one event may give one rule. Kibana has no such limit; an event over
/// it gives the first tuples in order of its values, and the operator is told.
pub const MAX_TERMS: usize = 10_000;

/// Bytes that the tuples of one event may have together for one rule; the rest
/// is cut as well.
const TERMS_BYTES: usize = 4 << 20;

/// Greatest length of a canonical term in bytes (a limit of `state`).
const MAX_TERM: usize = 32 * 1024;

/// What of an event can be new to a rule.
#[derive(Clone, Debug)]
pub enum Novelty {
    /// The tuples of values of some fields.
    Terms(TermFields),
    /// The event itself.
    Event,
}

impl Novelty {
    /// What finding the terms of an event takes, in units of work.
    pub fn work(&self, event: &Slots<'_, '_>) -> u64 {
        match self {
            Self::Terms(fields) => fields.0.iter().map(|field| field.work(event)).sum(),
            Self::Event => 0,
        }
    }

    /// The terms of an event of some identity.
    pub fn terms_of(&self, event: &Slots<'_, '_>, event_id: &str) -> Terms {
        match self {
            Self::Terms(fields) => fields.terms_of(event),
            Self::Event => Terms { tuples: vec![vec![event_id.into()]], cut: false },
        }
    }
}

/// Work of a value beside its bytes: it is put in order among the others.
const VALUE_WORK: u64 = 50;

/// The new-terms fields of a rule: where their values are, and of what types.
#[derive(Clone, Debug, Default)]
pub struct TermFields(Vec<TermField>);

#[derive(Clone, Debug)]
struct TermField {
    source: TermSource,
    field_type: FieldType,
}

#[derive(Clone, Copy, Debug)]
enum TermSource {
    Values(Slot),
    /// All leaves of a flattened field.
    Leaves(Slot),
    /// A field that aggregations do not see gives no term.
    Nowhere,
}

/// The terms of one event for one rule.
#[derive(Debug, Default)]
pub struct Terms {
    /// The tuples, each in the order of the rule's fields.
    pub tuples: Vec<Vec<Value>>,
    /// Whether some were left out: over [`MAX_TERMS`], or a term too long to
    /// be kept.
    pub cut: bool,
}

impl TermFields {
    /// Finds the fields in a mapping; they get slots in `projection`.
    ///
    /// # Errors
    ///
    /// Names the field on which Elasticsearch could not aggregate: a rule that
    /// asks for its terms fails in Kibana.
    pub fn new(names: &[String], mapping: &Mapping, projection: &mut Projection) -> Result<Self, String> {
        names.iter().map(|name| TermField::new(name, mapping, projection)).collect::<Result<_, _>>().map(Self)
    }

    /// Every combination of the distinct values of the fields: the Cartesian
    /// product, as Kibana builds it. None if a field has no value.
    pub fn terms_of(&self, event: &Slots<'_, '_>) -> Terms {
        product(self.0.iter().map(|field| field.distinct_values(event).iter().map(json).collect()))
    }
}

/// The keys of an item of a sequence: where their values are.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyFields(Vec<KeyField>);

#[derive(Clone, Debug)]
struct KeyField {
    /// None if it has no value in any event.
    field: Option<TermField>,
    is_optional: bool,
}

impl KeyFields {
    /// Finds the fields in a mapping; they get slots in `projection`.
    ///
    /// # Errors
    ///
    /// Names the field whose values cannot be keys.
    pub(crate) fn new(keys: &[Key], mapping: &Mapping, projection: &mut Projection) -> Result<Self, String> {
        let field = |key: &Key| {
            let field = key.field.as_deref().map(|name| TermField::new(name, mapping, projection)).transpose()?;
            Ok(KeyField { field, is_optional: key.is_optional })
        };
        keys.iter().map(field).collect::<Result<_, _>>().map(Self)
    }

    /// What finding the keys of an event takes, in units of work.
    pub(crate) fn work(&self, event: &Slots<'_, '_>) -> u64 {
        self.0.iter().filter_map(|key| key.field.as_ref()).map(|field| field.work(event)).sum()
    }

    /// Every combination of the distinct values of the keys. None if one has no value
    /// and must have one.
    pub(crate) fn keys_of(&self, event: &Slots<'_, '_>) -> Terms {
        product(self.0.iter().map(|key| {
            let values = key.field.as_ref().map(|field| field.distinct_values(event)).unwrap_or_default();
            match values.is_empty() && key.is_optional {
                true => vec![Value::Null],
                false => values.iter().map(json).collect(),
            }
        }))
    }
}

/// The field by whose values events of one time are in order.
#[derive(Clone, Debug)]
pub(crate) struct TermOrder(TermField);

impl TermOrder {
    /// Finds the field in a mapping; it gets a slot in `projection`.
    ///
    /// # Errors
    ///
    /// Names the field whose values are in no order.
    pub(crate) fn new(name: &str, mapping: &Mapping, projection: &mut Projection) -> Result<Self, String> {
        TermField::new(name, mapping, projection).map(Self)
    }

    /// The first value of an event, as a text whose bytes are in the order of the
    /// field's type.
    pub(crate) fn first_of(&self, event: &Slots<'_, '_>) -> Option<String> {
        let ordered = |ordinal: i128| format!("{:032x}", ordinal.cast_unsigned() ^ (1 << 127));
        self.0.distinct_values(event).into_iter().next().map(|value| match value {
            DocValue::Bool(value) => u8::from(value).to_string(),
            DocValue::Number { ordinal, .. } | DocValue::Ip { ordinal, .. } => ordered(ordinal),
            DocValue::Text(text) => text,
        })
    }
}

/// Every combination of the values of some fields.
fn product(fields: impl Iterator<Item = Vec<Value>>) -> Terms {
    let mut terms = Terms { tuples: vec![Vec::new()], cut: false };
    for values in fields {
        let mut extended = Vec::new();
        let mut bytes = 0;
        'tuples: for tuple in &terms.tuples {
            for value in &values {
                bytes += tuple.iter().chain([value]).map(size).sum::<usize>();
                if extended.len() == MAX_TERMS || bytes > TERMS_BYTES {
                    terms.cut = true;
                    break 'tuples;
                }
                extended.push(tuple.iter().chain([value]).cloned().collect::<Vec<_>>());
            }
        }
        terms.tuples = extended;
    }
    let found = terms.tuples.len();
    terms.tuples.retain(|tuple| canonical(tuple).len() <= MAX_TERM);
    terms.cut |= terms.tuples.len() < found;
    terms
}

impl TermField {
    fn new(name: &str, mapping: &Mapping, projection: &mut Projection) -> Result<Self, String> {
        let nowhere = Self { source: TermSource::Nowhere, field_type: FieldType::NotIndexed };
        let Resolved::Field(field) = mapping.resolve(name) else { return Ok(nowhere) };
        if mapping.nested_path(name).is_some() || field.field_type == FieldType::Nested {
            return Ok(nowhere);
        }
        if !field.field_type.is_aggregatable() {
            let type_name = field.field_type.name();
            return Err(format!(
                "`{name}` is of type `{type_name}`, whose values cannot be terms; use a keyword field"
            ));
        }
        let source = match field.field_type {
            FieldType::Flattened { .. } => TermSource::Leaves(projection.leaves(field.path)),
            _ => TermSource::Values(projection.values(field.path)),
        };
        Ok(Self { source, field_type: field.field_type })
    }

    fn work(&self, event: &Slots<'_, '_>) -> u64 {
        match self.source {
            TermSource::Values(slot) => event.values(slot).map(|value| VALUE_WORK + value.raw_len() as u64).sum(),
            TermSource::Leaves(slot) => VALUE_WORK * event.bytes_below(slot) as u64,
            TermSource::Nowhere => 0,
        }
    }

    /// In the order of the field's type.
    fn distinct_values(&self, event: &Slots<'_, '_>) -> BTreeSet<DocValue> {
        match self.source {
            TermSource::Values(slot) => {
                event.values(slot).filter_map(|value| self.field_type.doc_value(value)).collect()
            }
            TermSource::Leaves(slot) => {
                let mut values = BTreeSet::new();
                event.any_leaf(slot, |_, value| {
                    values.extend(self.field_type.doc_value(value));
                    false
                });
                values
            }
            TermSource::Nowhere => BTreeSet::new(),
        }
    }
}

/// The canonical text of a term: a JSON array without white space.
pub fn canonical(tuple: &[Value]) -> String {
    // A slice of values always serialises.
    serde_json::to_string(tuple).unwrap_or_default()
}

fn json(value: &DocValue) -> Value {
    match value {
        DocValue::Bool(flag) => Value::Bool(*flag),
        // What is no number in JSON is an infinity, which no field keeps.
        DocValue::Number { json, .. } => serde_json::from_str(json).unwrap_or_default(),
        DocValue::Ip { text, .. } | DocValue::Text(text) => Value::String(text.clone()),
    }
}

/// About how much memory a value takes.
fn size(value: &Value) -> usize {
    size_of::<Value>() + value.as_str().map_or(0, str::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::scan;
    use firstseen_query::NumberType;

    fn tuples(line: &str, fields: &[&str]) -> Vec<String> {
        let mut mapping = Mapping::default();
        mapping.insert("n", FieldType::Number(NumberType::Long));
        mapping.insert("ip", FieldType::Ip);
        mapping.insert("flat", FieldType::Flattened { ignore_above: None });
        mapping.insert("short", FieldType::Keyword { ignore_above: Some(3), lowercase: true });
        mapping.insert("nested", FieldType::Nested);
        mapping.insert("nested.a", FieldType::KEYWORD);
        mapping.insert("a", FieldType::KEYWORD);
        let mut projection = Projection::default();
        let fields: Vec<String> = fields.iter().map(|field| field.to_string()).collect();
        let fields = TermFields::new(&fields, &mapping, &mut projection).unwrap();
        let mut event = Slots::new(&projection, 0);
        scan(line, &mut event).unwrap();
        fields.terms_of(&event).tuples.iter().map(|tuple| canonical(tuple)).collect()
    }

    #[test]
    fn products_of_distinct_values() {
        assert_eq!(tuples(r#"{"a":["y","x","y"]}"#, &["a"]), [r#"["x"]"#, r#"["y"]"#]);
        assert_eq!(
            tuples(r#"{"a":["x",["y"]],"b":[1,true]}"#, &["b", "a"]),
            [r#"[true,"x"]"#, r#"[true,"y"]"#, r#"[1,"x"]"#, r#"[1,"y"]"#]
        );
        assert_eq!(tuples(r#"{"a":"\u0041\n"}"#, &["a"]), [r#"["A\n"]"#]);
        assert_eq!(tuples(r#"{"a":""}"#, &["a"]), [r#"[""]"#]);
    }

    #[test]
    fn types_decide_what_a_term_is() {
        assert_eq!(tuples(r#"{"a":[1.50,true]}"#, &["a"]), [r#"["1.50"]"#, r#"["true"]"#]);
        assert_eq!(tuples(r#"{"n":["7",7.9,10,-1]}"#, &["n"]), ["[-1]", "[7]", "[10]"]);
        assert_eq!(tuples(r#"{"ip":["::ffff:9.0.0.1","10.0.0.1"]}"#, &["ip"]), [r#"["9.0.0.1"]"#, r#"["10.0.0.1"]"#]);
        assert_eq!(tuples(r#"{"short":["ABC","abcd"]}"#, &["short"]), [r#"["abc"]"#]);
        let line = format!(r#"{{"b":["x",7,"{}"]}}"#, "y".repeat(257));
        assert_eq!(tuples(&line, &["b.keyword"]), [r#"["7"]"#, r#"["x"]"#]);
        assert_eq!(tuples(r#"{"flat":{"x":1,"y":{"z":["v"]}}}"#, &["flat"]), [r#"["1"]"#, r#"["v"]"#]);
        assert_eq!(tuples(r#"{"flat":{"x":1,"y":{"z":["v"]}}}"#, &["flat.y.z"]), [r#"["v"]"#]);
        assert!(tuples(r#"{"nested":[{"a":"x"}]}"#, &["nested.a"]).is_empty());
    }

    #[test]
    fn a_field_without_value_gives_no_tuple() {
        for line in ["{}", r#"{"a":null}"#, r#"{"a":[]}"#, r#"{"a":[null]}"#, r#"{"a":{"c":1}}"#, r#"{"b":1}"#] {
            assert!(tuples(line, &["a", "b"]).is_empty(), "{line}");
        }
    }

    #[test]
    fn too_many_are_cut() {
        let values = (0..200).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let line = format!(r#"{{"a":[{values}],"b":[{values}]}}"#);
        assert_eq!(tuples(&line, &["a", "b"]).len(), MAX_TERMS);
        let long = (0..100).map(|n| format!("\"{n:09000}\"")).collect::<Vec<_>>().join(",");
        let line = format!(r#"{{"b":[{values}],"a":[{long}]}}"#);
        let found = tuples(&line, &["a", "b"]);
        assert!(found.len() > 100 && found.iter().map(String::len).sum::<usize>() < TERMS_BYTES);
    }
}
