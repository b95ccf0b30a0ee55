//! Dynamic templates, as far as patterns on paths can say them.

use std::cell::Cell;
use std::fmt;

use firstseen_query::FieldType;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::node::{Node, NodeSeed};
use super::scalar::{OneOrMore, Scalar};
use super::types;

/// A dynamic template.
#[derive(Debug, Default)]
pub(super) struct DynamicTemplate {
    name: String,
    path_match: Vec<String>,
    /// `match`, on the last part of a path.
    name_match: Vec<String>,
    match_mapping_type: Vec<String>,
    /// `unmatch` or `path_unmatch`.
    has_exceptions: bool,
    is_regex: bool,
    mapping: Option<Node>,
}

impl DynamicTemplate {
    /// The patterns that it is, each with its type; none where Firstseen does
    /// as it says without. A pattern without a star is a path.
    pub(super) fn patterns(&self, mut warn: impl FnMut(String)) -> Vec<(String, FieldType)> {
        let mut refuse = |why: &str| {
            warn(format!("the dynamic template `{}` has no effect: {why}", self.name));
            Vec::new()
        };
        let Some(mapping) = &self.mapping else {
            return Vec::new();
        };
        // `{dynamic_type}` is the type that it would be anyway.
        let Some(kind) = mapping.kind.as_deref().filter(|kind| !kind.starts_with('{')) else {
            return Vec::new();
        };
        if kind == "object" {
            return Vec::new();
        }
        let field_type = types::of(kind, mapping, |_| ());
        if !self.is_needed(&field_type) {
            return Vec::new();
        }
        let of_strings = |kind: &String| matches!(kind.as_str(), "string" | "*");
        if !self.match_mapping_type.is_empty() && !self.match_mapping_type.iter().any(of_strings) {
            return refuse("it is for values of one type");
        }
        if self.is_regex {
            return refuse("it has a regular expression");
        }
        if self.has_exceptions {
            return refuse("it has exceptions");
        }
        let mut patterns = Vec::new();
        match (self.path_match.as_slice(), self.name_match.as_slice()) {
            ([], []) => patterns.push("*".to_owned()),
            (paths, []) => patterns.extend_from_slice(paths),
            ([], names) => {
                for name in names {
                    match name.strip_prefix('*') {
                        // The star has any objects before it, too.
                        Some(rest) if !rest.contains('*') => patterns.push(name.clone()),
                        None if !name.contains('*') => patterns.extend([name.clone(), format!("*.{name}")]),
                        _ => return refuse("patterns on names can have one star, at their beginning"),
                    }
                }
            }
            _ => return refuse("it has patterns on both paths and names"),
        }
        patterns.into_iter().map(|pattern| (pattern, field_type.clone())).collect()
    }

    /// Is a value typed otherwise than without it? Texts are keywords anyway; a
    /// pattern would make keywords of numbers, too.
    fn is_needed(&self, field_type: &FieldType) -> bool {
        let only = |kinds: &[&str]| {
            let mut types = self.match_mapping_type.iter();
            !self.match_mapping_type.is_empty() && types.all(|kind| kinds.contains(&kind.as_str()))
        };
        match field_type {
            FieldType::Boolean => !only(&["boolean"]),
            FieldType::Number(_) => !only(&["long", "double"]),
            FieldType::Keyword { lowercase: false, .. } => !only(&["string"]),
            _ => true,
        }
    }

    fn read_pattern<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "path_match" => self.path_match = map.next_value::<OneOrMore>()?.0,
            "match" => self.name_match = map.next_value::<OneOrMore>()?.0,
            "match_mapping_type" => self.match_mapping_type = map.next_value::<OneOrMore>()?.0,
            "unmatch" | "path_unmatch" => self.has_exceptions = !map.next_value::<OneOrMore>()?.0.is_empty(),
            "match_pattern" => self.is_regex = matches!(map.next_value()?, Scalar::Text(kind) if kind == "regex"),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Reads an object of named templates; lists have one in each.
pub(super) struct Seed<'b>(pub(super) &'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Vec<DynamicTemplate>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Vec<DynamicTemplate>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a named dynamic template")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut templates = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let template = map.next_value_seed(BodySeed(self.0))?;
            templates.push(DynamicTemplate { name, ..template });
        }
        Ok(templates)
    }
}

struct BodySeed<'b>(&'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for BodySeed<'_> {
    type Value = DynamicTemplate;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<DynamicTemplate, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for BodySeed<'_> {
    type Value = DynamicTemplate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a dynamic template, an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DynamicTemplate, A::Error> {
        let mut template = DynamicTemplate::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "mapping" {
                template.mapping = Some(map.next_value_seed(NodeSeed(self.0))?);
            } else if !template.read_pattern(&key, &mut map)? {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(template)
    }
}
