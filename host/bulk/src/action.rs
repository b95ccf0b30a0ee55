//! An action line.

use std::borrow::Cow;
use std::fmt;

use firstseen_decode::strict;
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Action<'l> {
    pub(crate) verb: Verb,
    /// `_index`, if it says it.
    pub(crate) index: Option<Cow<'l, str>>,
    /// `_id`, if it says it.
    pub(crate) id: Option<Cow<'l, str>>,
    /// Whether `_id` is there, though it be `null`.
    pub(crate) has_id: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Index,
    Update,
    Delete,
}

impl Verb {
    fn of(name: &str) -> Option<Self> {
        match name {
            "create" => Some(Self::Create),
            "index" => Some(Self::Index),
            "update" => Some(Self::Update),
            "delete" => Some(Self::Delete),
            _ => None,
        }
    }

    /// Whether a line with a source stands behind it.
    pub(crate) fn has_source(self) -> bool {
        self != Self::Delete
    }
}

impl<'l> Action<'l> {
    /// Reads a line; none if it is no action.
    pub(crate) fn read(line: &'l [u8]) -> Option<Self> {
        if let Ok(action) = serde_json::from_slice(line) {
            return Some(action);
        }
        let line = strict(line)?;
        let Action { verb, index, id, has_id } = serde_json::from_slice(&line).ok()?;
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Some(Action { verb, index: owned(index), id: owned(id), has_id })
    }
}

impl<'de> Deserialize<'de> for Action<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneVerb;

        impl<'de> Visitor<'de> for OneVerb {
            type Value = Action<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an action")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Action<'de>, A::Error> {
                let Text(Some(name)) = map.next_key()?.unwrap_or_default() else {
                    return Err(A::Error::custom("no action"));
                };
                let verb = Verb::of(&name).ok_or_else(|| A::Error::custom("another action"))?;
                let Metadata { index, id, has_id } = map.next_value()?;
                match map.next_key::<IgnoredAny>()? {
                    None => Ok(Action { verb, index, id, has_id }),
                    Some(_) => Err(A::Error::custom("two actions")),
                }
            }
        }

        deserializer.deserialize_map(OneVerb)
    }
}

/// What an action says of its document. Of what is there twice the last one counts.
#[derive(Default)]
struct Metadata<'l> {
    index: Option<Cow<'l, str>>,
    id: Option<Cow<'l, str>>,
    has_id: bool,
}

impl<'de> Deserialize<'de> for Metadata<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Metadata<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata<'de>, A::Error> {
                let mut metadata = Metadata::default();
                while let Some(Text(name)) = map.next_key()? {
                    match name.as_deref() {
                        Some("_index") => metadata.index = map.next_value::<Text<'de>>()?.0,
                        Some("_id") => {
                            metadata.id = map.next_value::<Text<'de>>()?.0;
                            metadata.has_id = true;
                        }
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(metadata)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A text, or a number or a truth value as one; none for `null`.
#[derive(Default)]
struct Text<'l>(Option<Cow<'l, str>>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyScalar;

        impl<'de> Visitor<'de> for AnyScalar {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(number.to_string()))))
            }

            fn visit_bool<E: Error>(self, is_true: bool) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Borrowed(if is_true { "true" } else { "false" }))))
            }

            fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
                Ok(Text(None))
            }
        }

        deserializer.deserialize_any(AnyScalar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<(Verb, Option<String>, Option<String>)> {
        let action = Action::read(line.as_bytes())?;
        Some((action.verb, action.index.map(Cow::into_owned), action.id.map(Cow::into_owned)))
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn actions_are_read_as_elasticsearch_reads_them() {
        for (line, expected) in [
            (r#"{"create":{}}"#, (Verb::Create, None, None)),
            (r#"{"create":{ }} "#, (Verb::Create, None, None)),
            (r#"{"index":{"_index":"a","_id":"1","_type":"_doc"}}"#, (Verb::Index, some("a"), some("1"))),
            (r#"{"index":{"_id":7,"dynamic_templates":{"a":"b"}}}"#, (Verb::Index, None, some("7"))),
            (r#"{"ind\u0065x":{"_ind\u0065x":"a\u0062"}}"#, (Verb::Index, some("ab"), None)),
            (r#"{"index":{"_index":"a","_index":"b"}}"#, (Verb::Index, some("b"), None)),
            (r#"{"index":{"_id":null}}"#, (Verb::Index, None, None)),
            (r#"{/*x*/"delete":{"_id":"1"}}//y"#, (Verb::Delete, None, some("1"))),
            ("\u{feff}{\"update\":{\"_id\":\"1\"}}\r", (Verb::Update, None, some("1"))),
        ] {
            assert_eq!(read(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn all_else_is_no_action() {
        for line in [
            "",
            "{}",
            "[]",
            "{\"create\":1}",
            "{\"get\":{}}",
            "{\"index\":{},\"delete\":{}}",
            "{\"index\":{}",
            "{\"index\":{\"_index\":[\"a\"]}}",
            "{\"message\":\"index\"}",
            "{\"index\":{}} {}",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
