//! The values of a document of rules, read without what only alerts say.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Members that decide nothing: only alerts repeat them, out of the rule's text.
/// They are most of it.
const REPEATED: [&str; 11] = [
    "author",
    "description",
    "false_positives",
    "license",
    "note",
    "references",
    "related_integrations",
    "required_fields",
    "setup",
    "tags",
    "threat",
];

/// A value of a document of rules.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    /// An object, without the members that only alerts repeat.
    Object(Map<String, Value>),
    /// An array, whole.
    Array(Vec<Value>),
    /// Anything else.
    Other,
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

/// What has to be JSON as a [`Value`] has, but is not kept.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

/// The methods of a visitor for values that are neither arrays nor objects.
macro_rules! visit_scalars {
    ($answer:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any valid JSON value")
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($answer)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($answer)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($answer)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($answer)
        }

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($answer)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($answer)
        }
    };
}

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part;

    visit_scalars!(Part::Other);

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Part, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element()? {
            array.push(element);
        }
        Ok(Part::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Part, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if REPEATED.contains(&name.as_str()) {
                members.next_value::<Checked>()?;
            } else {
                object.insert(name, members.next_value()?);
            }
        }
        Ok(Part::Object(object))
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Self;

    visit_scalars!(Self);

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self, A::Error> {
        while elements.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it would be if all were read.
    fn from_all(text: &str) -> Result<Part, String> {
        match serde_json::from_str(text).map_err(|error| error.to_string())? {
            Value::Object(mut object) => {
                object.retain(|name, _| !REPEATED.contains(&name.as_str()));
                Ok(Part::Object(object))
            }
            Value::Array(elements) => Ok(Part::Array(elements)),
            _ => Ok(Part::Other),
        }
    }

    #[test]
    fn what_is_left_out_is_checked_all_the_same() {
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let values = [
            r#""a\n\u00e9\ud83d\ude00""#,
            r#""\ud800""#,
            r#""\udc00\ud800""#,
            r#""\x""#,
            "\"a\nb\"",
            r#""open"#,
            "1e999",
            "-0.5e-3",
            "18446744073709551616",
            "01",
            "[1,{\"a\":[null,true]}]",
            "[1,]",
            "{\"a\":1,}",
            "{1:2}",
            "{\"a\" 1}",
            "nul",
            "",
            &deep(120),
            &deep(128),
        ];
        for value in values {
            for text in [
                format!(r#"{{"name":"n","note":{value},"query":"q","threat":[{value}]}}"#),
                format!(r#"{{"index":[{value}],"tags":{value}}}"#),
                format!(r#"[{{"note":{value}}}]"#),
                value.to_owned(),
            ] {
                let read: Result<Part, _> = serde_json::from_str(&text).map_err(|error| error.to_string());
                assert_eq!(read, from_all(&text), "{text}");
            }
        }
    }
}
