//! A file with all keys, from the definitions of the flags.

use std::fmt::Write;

use super::option::{Key, command};

/// Longest line of a comment.
const LINE_CHARS: usize = 90;

/// What a value looks like where there is no default.
const EXAMPLES: [(&str, &str); 1] = [("upstream", "[\"http://localhost:9200\"]")];

/// The file: each key with what it is and its default, as a comment; but for what must
/// be said.
pub(crate) fn example() -> String {
    let mut text = "# Settings of `firstseen serve --config FILE`. A flag wins over the environment\n\
                    # (FIRSTSEEN_SERVE_ and the key in capitals), that over this file.\n"
        .to_owned();
    for key in Key::all(&command()) {
        text.push('\n');
        for line in wrapped(&key.help()) {
            // Writing to a string does not fail.
            let _ = writeln!(text, "# {line}");
        }
        let choices = key.choices();
        if !choices.is_empty() {
            let _ = writeln!(text, "# One of: {}", choices.join(", "));
        }
        let _ = match EXAMPLES.iter().find(|(name, _)| *name == key.name()) {
            Some((name, value)) => writeln!(text, "{name} = {value}"),
            None => writeln!(text, "#{} = {}", key.name(), default(&key)),
        };
    }
    text
}

fn default(key: &Key) -> String {
    match (key.is_switch(), key.is_list(), key.default()) {
        (true, ..) => "false".to_owned(),
        (_, true, _) => "[]".to_owned(),
        (_, _, default) => toml_text(&default.unwrap_or_default()),
    }
}

/// A text in TOML, which JSON's form of it is too.
pub(crate) fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split("\n\n") {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.len() + word.len() >= LINE_CHARS {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}
