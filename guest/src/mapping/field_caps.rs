//! Answers of `_field_caps`.
//!
//! They name the family of a type, `keyword` also for `wildcard`, and no
//! parameters. Where what is below knows a field as of the same family, it is
//! the better source.

use std::cell::Cell;
use std::fmt;

use firstseen_query::{FieldType, NumberType};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::budget::take;
use super::fields::Fields;
use super::properties::check_name;
use super::scalar::OneOrMore;
use super::types::{self, ELASTIC_KEYWORD};
use super::warnings::Warnings;

/// What is known of a field: types in the order of the document.
#[derive(Debug, Default)]
pub(super) struct Caps(Vec<Cap>);

/// A type that a field has, perhaps in some indices only.
#[derive(Debug, Deserialize)]
struct Cap {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    metadata_field: bool,
    #[serde(default = "yes")]
    searchable: bool,
    #[serde(default = "yes")]
    aggregatable: bool,
    /// How many of the indices, if not all.
    #[serde(default, deserialize_with = "count")]
    indices: usize,
}

const fn yes() -> bool {
    true
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    OneOrMore::deserialize(deserializer).map(|indices| indices.0.len())
}

/// Reads the fields of an answer.
pub(super) fn read(
    caps: Vec<(String, Caps)>,
    below: &Fields,
    fields: &mut Fields,
    warnings: &mut Warnings,
) -> Result<(), String> {
    let mut ordered: Vec<(String, Cap)> = Vec::with_capacity(caps.len());
    for (name, Caps(caps)) in caps {
        let caps: Vec<Cap> = caps.into_iter().filter(|cap| !cap.metadata_field && cap.kind != "unmapped").collect();
        let kinds: Vec<String> = caps.iter().map(|cap| cap.kind.clone()).collect();
        // The type of most indices; of those the first.
        let Some(cap) = caps.into_iter().rev().max_by_key(|cap| cap.indices) else {
            continue;
        };
        check_name(&name)?;
        if kinds.len() > 1 {
            let kind = &cap.kind;
            warnings.add(format!("{name}: {} in different indices; it is taken as {kind}", kinds.join(" and ")));
        }
        ordered.push((name, cap));
    }
    // Parents come before their multi-fields.
    ordered.sort_by(|(left, _), (right, _)| left.cmp(right));
    for (name, cap) in ordered {
        let field_type = field_type(&name, &cap, below, warnings);
        let parent = name.rsplit_once('.').and_then(|(parent, _)| {
            let entry = fields.entries.get(parent)?;
            let is_object = matches!(entry.field_type, FieldType::Object | FieldType::Nested);
            (!is_object).then(|| parent.to_owned())
        });
        fields.insert(&name, field_type, parent.as_deref());
    }
    Ok(())
}

fn field_type(name: &str, cap: &Cap, below: &Fields, warnings: &mut Warnings) -> FieldType {
    if !cap.searchable && !cap.aggregatable && !matches!(&*cap.kind, "object" | "nested") {
        return FieldType::NotIndexed;
    }
    let known = below.entries.get(name).map(|entry| &entry.field_type);
    if let Some(known) = known.filter(|known| family(known) == family_of(&cap.kind)) {
        return known.clone();
    }
    match &*cap.kind {
        "keyword" if name.ends_with(".caseless") => FieldType::Keyword { ignore_above: Some(1024), lowercase: true },
        "keyword" => ELASTIC_KEYWORD,
        "scaled_float" => {
            warnings.add(format!("{name}: a scaled_float of unknown `scaling_factor` is taken for a double"));
            FieldType::Number(NumberType::Double)
        }
        kind => types::plain(kind).unwrap_or_else(|| {
            let what = "is not supported; queries can only ask whether there is a value";
            warnings.add(format!("{name}: the type `{kind}` {what}"));
            FieldType::Opaque
        }),
    }
}

/// The name that answers have for a type.
fn family(field_type: &FieldType) -> &'static str {
    family_of(field_type.name())
}

fn family_of(kind: &str) -> &str {
    match kind {
        "wildcard" | "constant_keyword" => "keyword",
        "match_only_text" => "text",
        kind => kind,
    }
}

/// Reads the named fields of an answer; the budget is of fields.
pub(super) struct Seed<'b>(pub(super) &'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Vec<(String, Caps)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Vec<(String, Caps)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fields of a _field_caps answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key()? {
            fields.push((name, map.next_value_seed(CapsSeed(self.0))?));
        }
        Ok(fields)
    }
}

struct CapsSeed<'b>(&'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for CapsSeed<'_> {
    type Value = Caps;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Caps, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for CapsSeed<'_> {
    type Value = Caps;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the types of a field, an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Caps, A::Error> {
        take(self.0)?;
        let mut caps = Vec::new();
        while let Some((_, cap)) = map.next_entry::<String, Cap>()? {
            take(self.0)?;
            caps.push(cap);
        }
        Ok(Caps(caps))
    }
}
