//! Which kind of mapping file a document is.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::field_caps::{self, Caps};
use super::fields::Fields;
use super::node::Node;
use super::node_seed::NodeSeed;
use super::properties;
use super::scalar::OneOrMore;
use super::warnings::Warnings;
use crate::document::{DocumentError, offset_of};

/// Longest document in bytes.
const MAX_DOCUMENT: usize = 16 << 20;
/// Most fields of a document, those that several of its mappings have counted
/// once.
const MAX_FIELDS: usize = 100_000;
/// Most fields of a document, counted in each of its mappings: what can be held
/// at once.
const MAX_FIELDS_IN_ALL: usize = 200_000;
/// What is in a document, by the places at which forms have it.
#[derive(Default)]
struct Document {
    /// `mappings`, wherever they are.
    mappings: Vec<Node>,
    /// The document itself, read as a mapping.
    own: Node,
    /// Is it one?
    is_mapping: bool,
    /// `fields` of a `_field_caps` answer.
    caps: Option<Vec<(String, Caps)>>,
    /// Is it a template, be it one without a mapping?
    is_template: bool,
    /// Does it leave fields to component templates?
    is_composed: bool,
}

impl Fields {
    /// Lays what a mapping file says over what is there: a mapping, an index or
    /// component template, or an answer of `_mapping`, `_index_template`,
    /// `_component_template` or `_field_caps`. Gives what its author should
    /// know.
    ///
    /// Fields that it does not name stay, unless they lie below a field of it
    /// that is no object, or below an object of it, the root included, whose
    /// `dynamic` is `false` or `strict`: then it is the whole truth there.
    ///
    /// # Errors
    ///
    /// When the document is too large, not JSON, or none of these, when a name
    /// is empty or too long, or when there are too many fields. Then nothing
    /// has changed.
    pub fn read(&mut self, document: &str) -> Result<Vec<String>, DocumentError> {
        let (above, mut warnings) = read(document, self)?;
        self.put(above, |warning| warnings.add(warning));
        Ok(warnings.into())
    }
}

/// The fields of a document, given what is below it.
fn read(text: &str, below: &Fields) -> Result<(Fields, Warnings), DocumentError> {
    let error = |offset, cause: String| DocumentError::document(offset, cause);
    if text.len() > MAX_DOCUMENT {
        return Err(error(None, format!("longer than {} MiB", MAX_DOCUMENT >> 20)));
    }
    let budget = Cell::new(MAX_FIELDS_IN_ALL);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = DocumentSeed(&budget).deserialize(&mut deserializer);
    let document = parsed.and_then(|document| deserializer.end().map(|()| document)).map_err(|cause| {
        let what = if cause.is_data() { "not a mapping" } else { "not JSON" };
        error(Some(offset_of(text, cause.line(), cause.column())), format!("{what}: {cause}"))
    })?;
    let mut warnings = Warnings::default();
    let mut fields = Fields::default();
    let Document { mappings, own, is_mapping, caps, is_template, is_composed } = document;
    if !mappings.is_empty() || is_template {
        properties::read_all(&mappings, &mut fields, &mut warnings).map_err(|cause| error(None, cause))?;
    } else if is_mapping {
        properties::read_all(&[own], &mut fields, &mut warnings).map_err(|cause| error(None, cause))?;
    } else if let Some(caps) = caps {
        field_caps::read(caps, below, &mut fields, &mut warnings).map_err(|cause| error(None, cause))?;
    } else {
        let cause = "not a mapping, an index or component template, or an answer of _mapping, _index_template, \
                     _component_template or _field_caps";
        return Err(error(None, cause.to_owned()));
    }
    if fields.entries.len() + fields.aliases.len() > MAX_FIELDS {
        return Err(error(None, format!("more than {MAX_FIELDS} fields")));
    }
    if is_composed {
        warnings.add("component templates that it is composed of have to be given too".to_owned());
    }
    let is_empty = fields.entries.is_empty() && fields.aliases.is_empty() && fields.templates.is_empty();
    if is_empty && fields.dynamic.is_empty() && warnings.is_empty() {
        warnings.add("there is no field in it".to_owned());
    }
    Ok((fields, warnings))
}

/// Reads a [`Document`]; the budget is of fields.
struct DocumentSeed<'b>(&'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for DocumentSeed<'_> {
    type Value = Document;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Document, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for DocumentSeed<'_> {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut document = Document::default();
        while let Some(key) = map.next_key::<String>()? {
            match &*key {
                "mappings" => document.mappings.push(map.next_value_seed(NodeSeed(self.0))?),
                "template" | "index_templates" | "component_templates" => {
                    document.is_template |= map.next_value_seed(TemplateSeed(self.0, &mut document))?;
                }
                "index_patterns" => {
                    document.is_template = true;
                    map.next_value::<IgnoredAny>()?;
                }
                "composed_of" => document.is_composed |= !map.next_value::<OneOrMore>()?.0.is_empty(),
                "fields" => document.caps = Some(map.next_value_seed(field_caps::Seed(self.0))?),
                "properties" | "dynamic" | "dynamic_templates" | "runtime" | "enabled" => {
                    document.is_mapping = true;
                    document.own.absorb(&key, &mut map, self.0)?;
                }
                // No index is named so, or is meant if it is.
                key if key.starts_with('_') || matches!(key, "settings" | "aliases") => {
                    map.next_value::<IgnoredAny>()?;
                }
                // The name of an index, if it has `mappings`.
                _ => {
                    map.next_value_seed(TemplateSeed(self.0, &mut document))?;
                }
            }
        }
        Ok(document)
    }
}

/// Finds the mappings of templates and indices; says whether there was an
/// object or a list.
struct TemplateSeed<'b>(&'b Cell<usize>, &'b mut Document);

impl<'de> DeserializeSeed<'de> for TemplateSeed<'_> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TemplateSeed<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a template")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let Self(budget, document) = self;
        while let Some(key) = map.next_key::<String>()? {
            match &*key {
                "mappings" => document.mappings.push(map.next_value_seed(NodeSeed(budget))?),
                "template" | "index_template" | "component_template" => {
                    map.next_value_seed(TemplateSeed(budget, document))?;
                }
                "composed_of" => document.is_composed |= !map.next_value::<OneOrMore>()?.0.is_empty(),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let Self(budget, document) = self;
        while seq.next_element_seed(TemplateSeed(budget, document))?.is_some() {}
        Ok(true)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
}
