//! The mapping of a field or an object, as JSON has it.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::document::take;
use super::scalar::{OneOrMore, Scalar};
use super::template::{self, DynamicTemplate};

/// A member that holds a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// `value` of a constant_keyword.
    Value,
    /// `path` of an alias.
    Path,
    Normalizer,
    Analyzer,
    SearchAnalyzer,
    Format,
}

/// The mapping of a field or an object.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// `type`.
    pub(super) kind: Option<String>,
    pub(super) properties: Vec<(String, Node)>,
    /// Multi-fields.
    pub(super) fields: Vec<(String, Node)>,
    pub(super) runtime: Vec<(String, Node)>,
    pub(super) templates: Vec<DynamicTemplate>,
    texts: Vec<(Text, String)>,
    /// `dynamic`: may other fields come?
    pub(super) dynamic: Option<bool>,
    pub(super) enabled: Option<bool>,
    pub(super) index: Option<bool>,
    pub(super) doc_values: Option<bool>,
    ignore_above: Option<f64>,
    pub(super) scaling_factor: Option<f64>,
    pub(super) has_null_value: bool,
    pub(super) has_script: bool,
    pub(super) has_copy_to: bool,
}

impl Node {
    /// A member that holds a text.
    pub(super) fn text(&self, text: Text) -> Option<&str> {
        self.texts.iter().rfind(|(which, _)| *which == text).map(|(_, value)| value.as_str())
    }

    /// `ignore_above`; one that no value exceeds is none.
    pub(super) fn ignore_above(&self) -> Option<u32> {
        self.ignore_above.filter(|above| (0.0..f64::from(i32::MAX)).contains(above)).map(|above| above as u32)
    }

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
        while let Some(named) = seq.next_element_seed(template::Seed(self.0))? {
            templates.extend(named);
        }
        Ok(templates)
    }
}
