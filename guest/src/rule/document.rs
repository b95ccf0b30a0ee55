//! Finding the rules in a text.

use serde_json::{Map, Value};

use super::part::Part;
use crate::document::{DocumentError, offset_of};

/// A rule object in a document, or what stands in its place.
#[derive(Debug)]
pub struct RuleEntry<'t> {
    /// Position in the document, from 0.
    pub position: usize,
    /// The object, or why there is none. Where there is a text, the object lacks
    /// members that only alerts repeat.
    pub object: Result<Map<String, Value>, DocumentError>,
    /// The object's text, unless it is an element of an array.
    pub text: Option<&'t str>,
}

/// The rules of a text: one JSON object, an array of them, or NDJSON (one
/// object a line).
///
/// What is not JSON gives one error with its byte offset; what stands before
/// it is kept.
pub fn rules_of(text: &str) -> Vec<RuleEntry<'_>> {
    let mut found = Vec::new();
    let mut push = |object, text| {
        let position = found.len();
        found.push(RuleEntry { position, object, text });
    };
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Part>();
    let mut start = 0;
    while let Some(value) = values.next() {
        let end = values.byte_offset();
        match value {
            Ok(Part::Object(object)) => push(Ok(object), text.get(start..end)),
            Ok(Part::Array(elements)) => elements.into_iter().for_each(|element| push(object_of(element), None)),
            Ok(Part::Other) => push(Err(not_a_rule()), None),
            Err(error) => {
                let offset = offset_of(text, error.line(), error.column());
                push(Err(DocumentError::document(Some(offset), format!("not JSON: {error}"))), None);
                break;
            }
        }
        start = end;
    }
    if found.is_empty() {
        let object = Err(DocumentError::document(None, "there is no rule in it"));
        found.push(RuleEntry { position: 0, object, text: None });
    }
    found
}

fn object_of(value: Value) -> Result<Map<String, Value>, DocumentError> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(not_a_rule()),
    }
}

fn not_a_rule() -> DocumentError {
    DocumentError::document(None, "not a rule: a rule is a JSON object")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_array_or_ndjson() {
        let cases = [
            (r#"{"a":1}"#, vec![true]),
            ("[{},{}]", vec![true, true]),
            ("{}\n{}\n", vec![true, true]),
            ("[{},1]", vec![true, false]),
            ("", vec![false]),
            ("  ", vec![false]),
            ("[]", vec![false]),
            ("{} x", vec![true, false]),
        ];
        for (text, expected) in cases {
            let found: Vec<bool> = rules_of(text).iter().map(|found| found.object.is_ok()).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn an_object_has_its_text() {
        for text in [r#"{"a":1}"#, " {\"b\":[ {}]}\n{\"a\":1} ", r#"[{"a":1}]"#, r#"{"c":1} [{}]{}"#] {
            for found in rules_of(text) {
                let object = found.object.unwrap();
                match found.text {
                    Some(text) => assert_eq!(serde_json::from_str::<Map<_, _>>(text).unwrap(), object),
                    None => assert!(text.contains("[{"), "{text}"),
                }
            }
        }
    }

    #[test]
    fn names_the_place_of_a_syntax_error() {
        let error = rules_of("{}\n{\"a\":}\n").remove(1).object.unwrap_err();
        assert_eq!(error.offset, Some(8));
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_crash() {
        assert!(rules_of(&"[".repeat(1_000_000)).iter().all(|found| found.object.is_err()));
    }
}
