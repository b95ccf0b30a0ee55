//! JSON that Elasticsearch takes, which is less than the grammar allows.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Makes sure that a text is a JSON object on one line: one whose numbers are
/// finite, whose texts are Unicode, and in which no object has a member twice.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn check_object(text: &str) -> Result<(), String> {
    if !text.starts_with('{') {
        return Err("it is no object".to_owned());
    }
    if text.contains(['\n', '\r']) {
        return Err("there is a line break in it".to_owned());
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    Strict.deserialize(&mut reader).and_then(|()| reader.end()).map_err(|error| error.to_string())
}

/// Any JSON value, of which nothing is kept.
struct Strict;

impl<'t> DeserializeSeed<'t> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Strict)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names: HashSet<Cow<'t, str>> = HashSet::new();
        while let Some(name) = members.next_key_seed(Name)? {
            if !names.insert(name) {
                return Err(A::Error::custom("a member is there twice"));
            }
            members.next_value_seed(Strict)?;
        }
        Ok(())
    }
}

/// The name of a member, borrowed where it has no escapes.
struct Name;

impl<'t> DeserializeSeed<'t> for Name {
    type Value = Cow<'t, str>;

    fn deserialize<D: Deserializer<'t>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Name {
    type Value = Cow<'t, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'t str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_elasticsearch_takes() {
        for text in ["{}", r#"{"a":[1,-2.5e3,null,true,"\ud83d\ude00"],"b":{"a":{}}}"#, r#"{"a":18446744073709551616}"#]
        {
            assert_eq!(check_object(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "1",
            "[]",
            "[{}]",
            " {}",
            "{} {}",
            "{\n}",
            "{\r}",
            r#"{"a":1e999}"#,
            r#"{"a":[-1e999]}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"\udc00":1}"#,
            "{\"a\":\"\u{1}\"}",
            r#"{"a":1,"a":2}"#,
            r#"{"b":[{"a":1,"\u0061":2}]}"#,
            r#"{"a":NaN}"#,
            r#"{"a":1,}"#,
        ] {
            assert!(check_object(text).is_err(), "{text}");
        }
    }
}
