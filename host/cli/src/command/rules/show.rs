//! One rule, for reading.

use anstyle::{AnsiColor, Style};
use firstseen::rule_files::FileRule;
use serde_json::{Map, Value};

use super::object::{objects, text, texts, threats};
use crate::printing::{json_line, printable_text};

/// Width of the labels.
const LABEL_WIDTH: usize = 13;

/// What it is, where it looks, what for, and what to do about an alert.
pub(super) fn page(rule: &FileRule, object: &Map<String, Value>) -> String {
    let mut page = Page::default();
    let member = |name: &str| object.get(name).and_then(text);
    page.title(rule.name.as_deref().unwrap_or(&rule.rule_id));
    page.paragraph(member("description").as_deref());
    page.facts("rule_id", [rule.rule_id.clone()]);
    page.facts("file", [rule.place(None, None).to_string()]);
    page.facts("version", member("version"));
    page.facts("type", [joined([member("type"), member("language")], ", ")]);
    let risk = member("risk_score").map(|score| format!("risk score {score}"));
    page.facts("severity", [joined([member("severity"), risk], ", ")]);
    page.facts("state", state(rule, object));
    let is_block = member("building_block_type").is_some();
    page.facts("alerts", is_block.then(|| "are building blocks, for other rules".to_owned()));
    page.facts("author", [texts(object.get("author")).join(", ")]);
    page.facts("index", owned(texts(object.get("index"))));
    page.facts("data view", member("data_view_id"));
    let from = member("from").map(|from| format!("from {from}"));
    let to = member("to").map(|to| format!("to {to}"));
    let every = member("interval").map(|interval| format!("every {interval}"));
    page.facts("schedule", [joined([from, to, every], " ")]);
    page.facts("time", member("timestamp_override"));
    page.facts("category", member("event_category_override"));
    page.facts("new terms", owned(texts(object.get("new_terms_fields"))));
    page.facts("history", member("history_window_start").map(|start| format!("from {start}")));
    page.facts("max signals", member("max_signals"));
    page.facts("tags", owned(texts(object.get("tags"))));
    page.facts("threat", threat_lines(object));
    page.facts("references", owned(texts(object.get("references"))));
    page.section("Query", member("query").as_deref(), true);
    page.section("Filters", json_lines(object.get("filters")).as_deref(), true);
    page.section("Threshold", json_lines(object.get("threshold")).as_deref(), true);
    page.section("Exceptions", json_lines(object.get("exceptions_list")).as_deref(), true);
    let false_positives = texts(object.get("false_positives"));
    let items: Vec<String> = false_positives.iter().map(|text| format!("- {}", text.trim())).collect();
    page.section("False positives", Some(&items.join("\n")), false);
    page.section("Setup", member("setup").as_deref(), false);
    page.section("Guide", member("note").as_deref(), false);
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn title(&mut self, title: &str) {
        let style = Style::new().bold();
        self.text += &format!("{style}{}{style:#}\n", printable_text(title).replace('\n', " "));
    }

    fn paragraph(&mut self, text: Option<&str>) {
        if let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) {
            self.text += &format!("\n{}\n", printable_text(text));
        }
        self.text.push('\n');
    }

    /// A label with what stands beside it, a line each; nothing if there is
    /// nothing.
    fn facts(&mut self, label: &str, facts: impl IntoIterator<Item = String>) {
        let style = AnsiColor::Cyan.on_default();
        let mut label = label;
        for fact in facts.into_iter().filter(|fact| !fact.is_empty()) {
            let fact = printable_text(&fact).replace('\n', " ");
            self.text += &format!("{style}{label:LABEL_WIDTH$}{style:#}{fact}\n");
            label = "";
        }
    }

    /// A heading and a text, as it is or indented; nothing if there is no text.
    fn section(&mut self, heading: &str, text: Option<&str>, indented: bool) {
        let Some(text) = text.map(|text| text.trim_matches('\n').trim_end()).filter(|text| !text.is_empty()) else {
            return;
        };
        let style = Style::new().bold();
        self.text += &format!("\n{style}{heading}{style:#}\n\n");
        for line in printable_text(text).lines() {
            let indent = if indented && !line.is_empty() { "  " } else { "" };
            self.text += &format!("{indent}{line}\n");
        }
    }
}

/// What is said, if anything is not as usual.
fn state(rule: &FileRule, object: &Map<String, Value>) -> Option<String> {
    let is_off = object.get("enabled") == Some(&Value::Bool(false));
    match (rule.deprecated, is_off) {
        (true, _) => Some("deprecated".to_owned()),
        (false, true) => Some("switched off".to_owned()),
        (false, false) => None,
    }
}

/// Framework, tactics, techniques and subtechniques, each below its own.
fn threat_lines(object: &Map<String, Value>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut framework = "";
    for threat in threats(object) {
        if threat.framework != framework {
            framework = threat.framework;
            lines.push(framework.to_owned());
        }
        lines.push(format!("{}{} {}", "  ".repeat(threat.depth + 1), threat.id, threat.name));
    }
    lines
}

/// An object, or each of a list, as JSON on a line.
fn json_lines(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Array(_) => {
            let lines: Vec<String> =
                objects(value).map(|object| json_line(&serde_json::json!(object).to_string()).into_owned()).collect();
            Some(lines.join("\n"))
        }
        Value::Null => None,
        other => Some(json_line(&other.to_string()).into_owned()),
    }
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

fn joined<const N: usize>(parts: [Option<String>; N], separator: &str) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(separator)
}
