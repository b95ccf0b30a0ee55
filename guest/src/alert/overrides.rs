//! What an alert takes from its event instead of from the rule: severity, risk
//! score, name.

use serde_json::{Map, Value, json};

use crate::document::{DocumentError, Members};
use crate::rule::{RuleReader, SEVERITIES};

/// Its values are numbers to Kibana, whatever the index says.
const SEVERITY_FIELD: &str = "event.severity";

/// Greatest integer of which JavaScript is sure.
const SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// Longest name taken from an event in bytes; the rest is cut off.
const NAME_BYTES_MAX: usize = 8 * 1024;

/// `severity_mapping`, `risk_score_mapping` and `rule_name_override` of a rule.
///
/// They are asked with a function that gives the JSON value of a field in the
/// event as it came, or nothing. Answers of `None` mean that the rule's own
/// value stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Overrides {
    /// In the order of severities.
    severities: Vec<Severity>,
    risk_score: Option<String>,
    rule_name: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Severity {
    field: String,
    value: String,
    severity: &'static str,
}

impl Overrides {
    /// Reads the three members of a rule object.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] about the first that is not of the form Kibana allows.
    pub(super) fn read(rule: &Map<String, Value>) -> Result<Self, DocumentError> {
        let rule = &RuleReader::of(rule);
        let mut severities: Vec<Severity> = Vec::new();
        for mapping in mappings(rule, "severity_mapping")? {
            severities.push(severity(&mapping)?);
        }
        severities.sort_by_key(|mapping| SEVERITIES.iter().position(|known| *known == mapping.severity));
        let risk_score = mappings(rule, "risk_score_mapping")?.into_iter().next().map(|mapping| mapping.field);
        let rule_name = rule.text("rule_name_override")?;
        let given = |field: &String| !field.is_empty();
        Ok(Self { severities, risk_score: risk_score.filter(given), rule_name: rule_name.filter(given) })
    }

    /// Whether no event changes anything.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// `kibana.alert.severity`: the highest of those whose value the event has
    /// (`build_severity_from_mapping.ts`).
    #[must_use]
    pub(super) fn severity(&self, value_of: impl Fn(&str) -> Option<Value>) -> Option<&'static str> {
        let holds = |mapping: &&Severity| {
            let Some(value) = value_of(&mapping.field) else { return false };
            let wanted = match mapping.field == SEVERITY_FIELD {
                true => Err(js_number(&mapping.value).map(f64::floor)),
                false => Ok(mapping.value.as_str()),
            };
            elements(&value).iter().any(|value| match (wanted, value, safe_integer(value)) {
                (Err(wanted), _, found) => found.is_some() && found == wanted,
                (Ok(wanted), Value::String(text), _) => text == wanted,
                (Ok(wanted), _, Some(number)) => format!("{}", number + 0.0) == wanted,
                _ => false,
            })
        };
        self.severities.iter().rev().find(holds).map(|mapping| mapping.severity)
    }

    /// `kibana.alert.risk_score`: the greatest number from 0 to 100 in the
    /// field of the first mapping (`build_risk_score_from_mapping.ts`). Text
    /// counts as the number it spells to JavaScript, empty text as 0.
    #[must_use]
    pub(super) fn risk_score(&self, value_of: impl Fn(&str) -> Option<Value>) -> Option<Value> {
        let value = value_of(self.risk_score.as_ref()?)?;
        let number = |value: &Value| match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => js_number(text),
            _ => None,
        };
        let scores = elements(&value).iter().filter_map(number).filter(|score| (0.0..=100.0).contains(score));
        let score = scores.max_by(f64::total_cmp)?;
        // A whole number from 0 to 100 is written as one.
        Some(if score.fract() == 0.0 { json!(score as u8) } else { json!(score) })
    }

    /// `kibana.alert.rule.name`: the text of a field; an array or a number is
    /// none (`build_rule_name_from_mapping.ts`). It is cut at 8 KiB.
    #[must_use]
    pub(super) fn rule_name(&self, value_of: impl Fn(&str) -> Option<Value>) -> Option<String> {
        match value_of(self.rule_name.as_ref()?)? {
            Value::String(mut name) => {
                name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
                Some(name)
            }
            _ => None,
        }
    }
}

/// An element of a mapping.
struct Mapping<'a> {
    field: String,
    members: Members<'a>,
}

fn mappings<'a>(rule: &RuleReader<'a>, name: &'static str) -> Result<Vec<Mapping<'a>>, DocumentError> {
    let mapping = |element: &'a Value| {
        let object = element.as_object().ok_or_else(|| DocumentError::new(name, "an element is not an object"))?;
        if object.get("operator").is_some_and(|operator| operator != "equals") {
            return Err(DocumentError::new(name, "an `operator` is not `equals`"));
        }
        match object.get("field") {
            Some(Value::String(field)) => Ok(Mapping { field: field.clone(), members: Members::of(object) }),
            _ => Err(DocumentError::new(name, "a `field` is missing or not a string")),
        }
    };
    rule.array(name)?.iter().map(mapping).collect()
}

fn severity(mapping: &Mapping<'_>) -> Result<Severity, DocumentError> {
    let text = |name: &str| mapping.members.text(name).ok().flatten();
    let severity = SEVERITIES.into_iter().find(|known| text("severity") == Some(known));
    let severity = severity
        .ok_or_else(|| DocumentError::new("severity_mapping", "a `severity` is none of low, medium, high, critical"))?;
    let value = text("value");
    let value = value.ok_or_else(|| DocumentError::new("severity_mapping", "a `value` is missing or not a string"))?;
    Ok(Severity { field: mapping.field.clone(), value: value.to_owned(), severity })
}

/// A value, or those of an array.
fn elements(value: &Value) -> &[Value] {
    match value {
        Value::Array(elements) => elements,
        value => core::slice::from_ref(value),
    }
}

/// JavaScript's `Number.isSafeInteger`.
fn safe_integer(value: &Value) -> Option<f64> {
    let number = value.as_f64()?;
    (number.fract() == 0.0 && number.abs() <= SAFE_INTEGER).then_some(number)
}

/// JavaScript's `Number(text)`; none for `NaN`.
pub(super) fn js_number(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_empty() {
        return Some(0.0);
    }
    for (prefixes, radix) in [(["0x", "0X"], 16), (["0o", "0O"], 8), (["0b", "0B"], 2)] {
        if let Some(digits) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
            let digits = digits.chars().map(|digit| digit.to_digit(radix).map(f64::from));
            let sum = digits.reduce(|sum, digit| Some(sum? * f64::from(radix) + digit?));
            return sum.flatten();
        }
    }
    // What Rust reads beyond JavaScript are names: `inf`, `nan`, `infinity` in
    // any case.
    let is_decimal = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    if is_decimal { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn overrides(rule: Value) -> Result<Overrides, DocumentError> {
        Overrides::read(rule.as_object().unwrap())
    }

    fn value_of(event: &Value) -> impl Fn(&str) -> Option<Value> {
        |field| event.pointer(&format!("/{}", field.replace('.', "/"))).cloned()
    }

    #[test]
    fn severities() {
        let mapping = |field: &str, value: &str, severity: &str| {
            json!({
                "field": field, "operator": "equals", "value": value, "severity": severity,
            })
        };
        let scale = |field: &str| {
            json!([
                mapping(field, "33", "high"),
                mapping(field, "13", "low"),
                mapping(field, "43", "critical"),
                mapping(field, "23", "medium")
            ])
        };
        let both = json!([mapping("event.code", "7", "critical"), mapping("event.code", "7", "medium")]);
        let cases = [
            (both.clone(), json!({"event": {"code": "7"}}), Some("critical")),
            (both.clone(), json!({"event": {"code": ["x", "7"]}}), Some("critical")),
            (both, json!({"event": {"code": "07"}}), None),
            (json!([mapping("process.pid", "42", "high")]), json!({"process": {"pid": 42}}), Some("high")),
            (json!([mapping("process.pid", "42", "high")]), json!({"process": {"pid": 42.0}}), Some("high")),
            (json!([mapping("process.pid", "42.5", "high")]), json!({"process": {"pid": 42.5}}), None),
            (json!([mapping("x", "9007199254740993", "high")]), json!({"x": 9_007_199_254_740_993_u64}), None),
            (json!([mapping("x", "-7", "high")]), json!({"x": -7}), Some("high")),
            (json!([mapping("x", "0", "high")]), json!({"x": -0.0}), Some("high")),
            (json!([mapping("x", "true", "high")]), json!({"x": true}), None),
            (json!([mapping("x", "a", "high")]), json!({"x": [["a"]]}), None),
            (json!([mapping("event.severity", "73.9", "high")]), json!({"event": {"severity": 73}}), Some("high")),
            (json!([mapping("event.severity", "73", "high")]), json!({"event": {"severity": "73"}}), None),
            (json!([mapping("event.severity", "", "high")]), json!({"event": {"severity": 0}}), Some("high")),
            (json!([mapping("event.severity", "x", "high")]), json!({"event": {"severity": "x"}}), None),
            (json!([mapping("a", "", "high")]), json!({}), None),
            (json!([mapping("a", "", "high")]), json!({"a": ""}), Some("high")),
            (scale("event.severity"), json!({"event": {"severity": 23}}), Some("medium")),
            (scale("event.severity"), json!({"event": {"severity": [23, "x", 43, 33]}}), Some("critical")),
            (scale("event.other"), json!({"event": {"other": 23}}), Some("medium")),
            (scale("event.other"), json!({"event": {"other": null}}), None),
            (json!([]), json!({}), None),
        ];
        for (mapping, event, expected) in cases {
            let overrides = overrides(json!({"severity_mapping": mapping})).unwrap();
            assert_eq!(overrides.severity(value_of(&event)), expected, "{mapping} {event}");
        }
    }

    #[test]
    fn risk_scores() {
        let x = json!([{"field": "x", "operator": "equals", "value": ""}]);
        let other_first = json!([
            {"field": "y", "operator": "equals", "value": "9"},
            {"field": "x", "operator": "equals", "value": ""},
        ]);
        let cases = [
            (&x, json!({"x": ["12", "60", 200]}), Some(json!(60))),
            (&x, json!({"x": 50.25}), Some(json!(50.25))),
            (&x, json!({"x": "50.25"}), Some(json!(50.25))),
            (&x, json!({"x": 100.0}), Some(json!(100))),
            (&x, json!({"x": [-1, 100.1, true, null, {}, "x", "Infinity", "inf", "nan"]}), None),
            (&x, json!({"x": ""}), Some(json!(0))),
            (&x, json!({"x": " 0x10 "}), Some(json!(16))),
            (&x, json!({"x": "1e1"}), Some(json!(10))),
            (&x, json!({"x": ".5"}), Some(json!(0.5))),
            (&x, json!({"x": "0x"}), None),
            (&x, json!({"x": "5e"}), None),
            (&x, json!({}), None),
            (&other_first, json!({"x": 50}), None),
        ];
        for (mapping, event, expected) in cases {
            let overrides = overrides(json!({"risk_score_mapping": mapping})).unwrap();
            assert_eq!(overrides.risk_score(value_of(&event)), expected, "{mapping} {event}");
        }
    }

    #[test]
    fn rule_names() {
        let cases = [
            (json!("message"), json!({"message": "hello"}), Some("hello")),
            (json!("message"), json!({"message": ""}), Some("")),
            (json!("message"), json!({"message": ["hello"]}), None),
            (json!("message"), json!({"message": 5}), None),
            (json!("message"), json!({}), None),
            (json!(""), json!({"": "x"}), None),
            (Value::Null, json!({"message": "hello"}), None),
        ];
        for (field, event, expected) in cases {
            let overrides = overrides(json!({"rule_name_override": field})).unwrap();
            assert_eq!(overrides.rule_name(value_of(&event)).as_deref(), expected, "{field} {event}");
        }
        let long = overrides(json!({"rule_name_override": "m"})).unwrap();
        let name = long.rule_name(|_| Some("é".repeat(9_000).into())).unwrap();
        assert_eq!(name.len(), NAME_BYTES_MAX);
    }

    #[test]
    fn what_is_not_of_their_form_is_refused() {
        for (rule, field) in [
            (json!({"severity_mapping": {}}), "severity_mapping"),
            (json!({"severity_mapping": [1]}), "severity_mapping"),
            (json!({"severity_mapping": [{"field": "a", "value": "b", "severity": "info"}]}), "severity_mapping"),
            (json!({"severity_mapping": [{"field": "a", "value": 1, "severity": "low"}]}), "severity_mapping"),
            (json!({"risk_score_mapping": [{"value": "b"}]}), "risk_score_mapping"),
            (json!({"risk_score_mapping": [{"field": "b", "operator": "is"}]}), "risk_score_mapping"),
            (json!({"rule_name_override": ["a"]}), "rule_name_override"),
        ] {
            assert_eq!(overrides(rule.clone()).unwrap_err().field, Some(field), "{rule}");
        }
        let nothing = json!({"severity_mapping": [], "risk_score_mapping": null, "rule_name_override": null});
        assert!(overrides(nothing).unwrap().is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn numbers_are_those_of_decimal_text(number in -1e6..1e6_f64) {
            prop_assert_eq!(js_number(&number.to_string()), Some(number));
        }
    }
}
