//! Reading the mapping of a field or an object.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::budget::take;
use super::node::{DynamicTemplate, Node, Text};
use super::scalar::{OneOrMore, Scalar};

impl Node {
    /// Reads the value of a member.
    pub(super) fn absorb<'de, A: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
        budget: &Cell<usize>,
    ) -> Result<(), A::Error> {
        match key {
            "properties" => self.properties.extend(map.next_value_seed(MembersSeed(budget))?),
            "fields" => self.fields.extend(map.next_value_seed(MembersSeed(budget))?),
            "runtime" => self.runtime.extend(map.next_value_seed(MembersSeed(budget))?),
            "dynamic_templates" => self.templates = map.next_value_seed(TemplatesSeed(budget))?,
            "type" => match map.next_value()? {
                Scalar::Text(kind) => self.kind = Some(kind),
                _ => return Err(A::Error::custom("`type` is not a text")),
            },
            "dynamic" => match map.next_value()? {
                Scalar::Flag(dynamic) => self.dynamic = Some(dynamic),
                Scalar::Text(dynamic) if matches!(&*dynamic, "true" | "runtime") => self.dynamic = Some(true),
                Scalar::Text(dynamic) if matches!(&*dynamic, "false" | "strict") => self.dynamic = Some(false),
                _ => return Err(A::Error::custom("`dynamic` is none of true, false, \"strict\" and \"runtime\"")),
            },
            "enabled" => self.enabled = map.next_value::<Scalar>()?.flag(),
            "index" => self.index = map.next_value::<Scalar>()?.flag(),
            "doc_values" => self.doc_values = map.next_value::<Scalar>()?.flag(),
            "ignore_above" => self.ignore_above = map.next_value::<Scalar>()?.number(),
            "scaling_factor" => self.scaling_factor = map.next_value::<Scalar>()?.number(),
            "value" => self.read_text(Text::Value, map)?,
            "path" => self.read_text(Text::Path, map)?,
            "normalizer" => self.read_text(Text::Normalizer, map)?,
            "analyzer" => self.read_text(Text::Analyzer, map)?,
            "search_analyzer" => self.read_text(Text::SearchAnalyzer, map)?,
            "format" => self.read_text(Text::Format, map)?,
            "null_value" => self.has_null_value = !matches!(map.next_value()?, Scalar::Null),
            "script" => self.has_script = !matches!(map.next_value()?, Scalar::Null),
            "copy_to" => self.has_copy_to = !map.next_value::<OneOrMore>()?.0.is_empty(),
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn read_text<'de, A: MapAccess<'de>>(&mut self, text: Text, map: &mut A) -> Result<(), A::Error> {
        let value = match map.next_value()? {
            Scalar::Text(value) => value,
            Scalar::Number(value) => value.to_string(),
            Scalar::Flag(value) => value.to_string(),
            Scalar::Null | Scalar::Other => return Ok(()),
        };
        self.texts.push((text, value));
        Ok(())
    }
}

/// Reads a [`Node`]; the budget is of fields.
pub(super) struct NodeSeed<'b>(pub(super) &'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mapping of a field, an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        take(self.0)?;
        let mut node = Node::default();
        while let Some(key) = map.next_key::<String>()? {
            node.absorb(&key, &mut map, self.0)?;
        }
        Ok(node)
    }
}

/// Reads named nodes.
struct MembersSeed<'b>(&'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for MembersSeed<'_> {
    type Value = Vec<(String, Node)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MembersSeed<'_> {
    type Value = Vec<(String, Node)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key()? {
            members.push((name, map.next_value_seed(NodeSeed(self.0))?));
        }
        Ok(members)
    }
}

/// Reads the list of dynamic templates: objects of one member, its name.
struct TemplatesSeed<'b>(&'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for TemplatesSeed<'_> {
    type Value = Vec<DynamicTemplate>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TemplatesSeed<'_> {
    type Value = Vec<DynamicTemplate>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of dynamic templates")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut templates = Vec::new();
        while let Some(named) = seq.next_element_seed(NamedTemplateSeed(self.0))? {
            templates.extend(named);
        }
        Ok(templates)
    }
}

impl DynamicTemplate {
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
struct NamedTemplateSeed<'b>(&'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for NamedTemplateSeed<'_> {
    type Value = Vec<DynamicTemplate>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for NamedTemplateSeed<'_> {
    type Value = Vec<DynamicTemplate>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a named dynamic template")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut templates = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let template = map.next_value_seed(TemplateSeed(self.0))?;
            templates.push(DynamicTemplate { name, ..template });
        }
        Ok(templates)
    }
}

struct TemplateSeed<'b>(&'b Cell<usize>);

impl<'de> DeserializeSeed<'de> for TemplateSeed<'_> {
    type Value = DynamicTemplate;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<DynamicTemplate, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TemplateSeed<'_> {
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
