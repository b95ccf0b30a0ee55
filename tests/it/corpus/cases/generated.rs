//! Events that a case only describes: a template and how many.

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

use super::case::Event;

/// `count` events made of `template`: `{i}` in its texts is the event's number
/// from 0, `{i mod n}` the rest of that by n. `timestamps`, if there are any, are
/// shared out evenly, in order, as `@timestamp`.
pub(super) fn events(description: &Value, index: &str) -> Result<Vec<Event>> {
    let count = description.get("count").and_then(Value::as_u64).context("generated events without `count`")?;
    let template = description.get("template").context("generated events without `template`")?;
    let timestamps = description.get("timestamps").and_then(Value::as_array);
    let event = |number: u64| {
        let mut source = match filled(template, number)? {
            Value::Object(source) => source,
            _ => Map::new(),
        };
        if let Some(timestamps) = timestamps {
            let place = u128::from(number) * timestamps.len() as u128 / u128::from(count);
            let at = timestamps.get(usize::try_from(place)?).context("no time")?;
            source.insert("@timestamp".to_owned(), at.clone());
        }
        Ok(Event { index: index.to_owned(), id: format!("generated-{number}"), source, visible_at: None })
    };
    (0..count).map(event).collect()
}

fn filled(value: &Value, number: u64) -> Result<Value> {
    Ok(match value {
        Value::String(text) => Value::String(filled_text(text, number)?),
        Value::Array(elements) => elements.iter().map(|element| filled(element, number)).collect::<Result<_>>()?,
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| Ok((name.clone(), filled(value, number)?)))
            .collect::<Result<Map<_, _>>>()?
            .into(),
        other => other.clone(),
    })
}

fn filled_text(text: &str, number: u64) -> Result<String> {
    let Some((head, rest)) = text.split_once("{i") else { return Ok(text.to_owned()) };
    let (what, tail) = rest.split_once('}').with_context(|| format!("`{text}` has no end"))?;
    let value = match what.strip_prefix(" mod ") {
        Some(modulus) => {
            let modulus: u64 = modulus.parse()?;
            ensure!(modulus > 0, "`{text}`: modulo zero");
            number % modulus
        }
        None => {
            ensure!(what.is_empty(), "`{text}` is not understood");
            number
        }
    };
    Ok(format!("{head}{value}{}", filled_text(tail, number)?))
}

#[test]
fn templates_are_filled() -> Result<()> {
    let description = serde_json::json!({
        "count": 4, "timestamps": ["a", "b"], "template": {"n": ["x{i}-{i mod 3}"], "o": {"k": 1}},
    });
    let events = events(&description, "logs")?;
    let last = serde_json::json!({"n": ["x3-0"], "o": {"k": 1}, "@timestamp": "b"});
    assert_eq!(events.last().map(|event| Value::Object(event.source.clone())), Some(last));
    let times: Vec<_> = events.iter().map(|event| event.source.get("@timestamp").and_then(Value::as_str)).collect();
    assert_eq!(times, [Some("a"), Some("a"), Some("b"), Some("b")]);
    assert!(filled_text("{i div 2}", 1).is_err());
    Ok(())
}
