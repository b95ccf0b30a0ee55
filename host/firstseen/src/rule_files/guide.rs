//! Investigation guides: filling in what detection-rules keeps apart.
//!
//! A guide (`note`) may hold placeholders for Kibana's Markdown plug-ins,
//! `$osquery_0` and `$investigate_2`, which stand for the entries of the file's
//! `[transform]` table by their numbers.

use serde_json::{Map, Value};

/// The guide with `!{osquery{…}}` in the places of `$osquery_0`, or none if it
/// grew past `bytes_max`.
pub(super) fn fill_in(note: &str, transform: &Map<String, Value>, bytes_max: usize) -> Option<String> {
    let mut filled = String::with_capacity(note.len());
    let mut rest = note;
    while let Some((before, after)) = rest.split_once('$') {
        filled.push_str(before);
        rest = match placeholder(after) {
            Some((name, after)) => {
                match entry(name, transform) {
                    Some((plugin, entry)) => filled.push_str(&format!("!{{{plugin}{entry}}}")),
                    // Any other word after a `$` is text of the guide.
                    None => filled.push_str(written(rest, before, after)),
                }
                after
            }
            None => {
                filled.push('$');
                after.strip_prefix('$').unwrap_or(after)
            }
        };
        if filled.len() > bytes_max {
            return None;
        }
    }
    filled.push_str(rest);
    Some(filled)
}

/// The word after a `$`, or in `${}`, and what follows it.
fn placeholder(after: &str) -> Option<(&str, &str)> {
    if let Some(braced) = after.strip_prefix('{') {
        let (name, after) = braced.split_once('}')?;
        return (word_length(name) == name.len() && !name.is_empty()).then_some((name, after));
    }
    match word_length(after) {
        0 => None,
        length => after.split_at_checked(length),
    }
}

fn word_length(text: &str) -> usize {
    let in_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match text.as_bytes().first() {
        Some(first) if !first.is_ascii_digit() => text.bytes().take_while(|&byte| in_word(byte)).count(),
        _ => 0,
    }
}

/// The placeholder as it stands in `rest`, between `before` and `after`.
fn written<'a>(rest: &'a str, before: &str, after: &str) -> &'a str {
    rest.get(before.len()..rest.len().saturating_sub(after.len())).unwrap_or_default()
}

fn entry<'a>(name: &str, transform: &'a Map<String, Value>) -> Option<(&'a str, &'a Value)> {
    let (plugin, number) = name.rsplit_once('_')?;
    // `osquery_00` is none.
    let index: usize = number.parse().ok().filter(|index: &usize| index.to_string() == number)?;
    let (plugin, entries) = transform.get_key_value(plugin)?;
    Some((plugin, entries.as_array()?.get(index)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_are_filled_in() {
        let transform = json!({
            "osquery": [{"label": "L", "query": "SELECT 1"}, {"label": "M"}],
            "investigate": [{"label": "I"}],
        });
        let cases = [
            ("a $osquery_0 b", "a !{osquery{\"label\":\"L\",\"query\":\"SELECT 1\"}} b"),
            ("${osquery_1}$investigate_0", "!{osquery{\"label\":\"M\"}}!{investigate{\"label\":\"I\"}}"),
            ("$osquery_2 $osquery_00 $osquery $other_0", "$osquery_2 $osquery_00 $osquery $other_0"),
            ("$$osquery_0 costs 5$ $1 ${a", "$osquery_0 costs 5$ $1 ${a"),
            ("${osquery_9} ${} $é", "${osquery_9} ${} $é"),
            ("", ""),
            ("$", "$"),
        ];
        for (note, expected) in cases {
            assert_eq!(fill_in(note, transform.as_object().unwrap(), 1000).unwrap(), expected, "{note}");
        }
    }

    #[test]
    fn a_guide_does_not_grow_without_end() {
        let transform = json!({"osquery": ["x".repeat(1000)]});
        assert!(fill_in(&"$osquery_0".repeat(1000), transform.as_object().unwrap(), 10_000).is_none());
    }
}
