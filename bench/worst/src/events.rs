//! Events that are as nasty as can be thought of.

use serde_json::{Map, Value, json};

use crate::rules::{Rules, Script};

/// An event, and what is nasty about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nasty {
    pub(crate) what: String,
    pub(crate) line: String,
    pub(crate) growth: Growth,
}

/// How what an event costs grows with its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Growth {
    /// As the event does.
    #[default]
    Linear,
    /// Faster: rules compute something of each combination of values of several fields. They may give up on it.
    Combining,
}

impl Growth {
    pub(crate) const ALL: [Self; 2] = [Self::Linear, Self::Combining];

    /// How many times as much as an ordinary event, or a KiB of it, the dearest may cost. What combines values may
    /// spend all of the work that a line may take, 50,000,000 units, of which an ordinary event takes some thousands.
    pub(crate) fn ratio_max(self) -> f64 {
        match self {
            Self::Linear => 10.0,
            Self::Combining => 10_000.0,
        }
    }

    /// What costs are said of, and the first part of the names of seeds.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Linear => ("a KiB", "linear"),
            Self::Combining => ("an event", "combining"),
        }
    }
}

/// How many values are in each of the arrays that a script combines.
const COMBINED: [usize; 3] = [30, 300, 3_000];

/// Bytes of an event, about.
const SIZE: usize = 100_000;

/// Texts that no rule looks for, in many scripts, and with what a tokenizer has to think about.
const TEXTS: [(&str, &str); 14] = [
    ("letters", "a"),
    ("words", "a "),
    ("capitals", "Ab "),
    ("underscores", "_"),
    ("joined letters", "a.b:c'"),
    ("Greek", "αβγδ "),
    ("Han", "漢字"),
    ("Thai", "ภาษาไทย"),
    ("Arabic", "العربية "),
    ("Hebrew", "\u{5D0}\"\u{5D1}' "),
    ("marks", "e\u{301}\u{301}\u{301}"),
    ("emoji", "👩\u{200D}💻👍🏽🇺🇸"),
    ("zero width joiners", "\u{200D}\u{2764}\u{FE0F}"),
    ("Deseret", "\u{10400}\u{10401}"),
];

/// All that were thought of.
pub(crate) fn all(rules: &Rules) -> Vec<Nasty> {
    let mut events = padded_lines();
    events.push(opened(rules, "opening", "x", "x".into()));
    for field in ["process.name", "source.ip", "message"] {
        let values: Vec<Value> = (0..20_000).map(|n| json!(format!("{}", n % 10))).collect();
        events.push(plain(&format!("{field}: bare array"), json!({field: values}).to_string()));
    }
    let fields = rules.fields();
    for &field in fields.iter().take(40) {
        let literals: Vec<&str> = rules.literals.get(field).into_iter().flatten().map(String::as_str).collect();
        let joined = |separator: &str| repeat(&format!("{}{separator}", literals.join(separator)), SIZE);
        events.push(opened(rules, &format!("{field}: its literals"), field, joined("").into()));
        events.push(opened(rules, &format!("{field}: its literals, spaced"), field, joined(" ").into()));
        let backwards: Vec<&str> = literals.iter().rev().copied().collect();
        let backwards = repeat(&backwards.join(""), SIZE);
        events.push(opened(rules, &format!("{field}: its literals, backwards"), field, backwards.into()));
        if let Some(shortest) = literals.iter().filter(|text| !text.is_empty()).min_by_key(|text| text.len()) {
            events.push(opened(rules, &format!("{field}: {shortest} repeated"), field, repeat(shortest, SIZE).into()));
        }
        let values: Vec<Value> =
            literals.iter().cycle().take(5_000).enumerate().map(|(n, text)| json!(format!("{text}{n}"))).collect();
        events.push(opened(rules, &format!("{field}: an array of its literals, numbered"), field, values.into()));
        let values: Vec<Value> = (0..20_000).map(|n| json!(format!("{}", n % 10))).collect();
        events.push(opened(rules, &format!("{field}: an array of digits"), field, values.into()));
    }
    for &field in ["powershell.file.script_block_text", "process.command_line", "process.args", "message"].iter() {
        for (name, text) in TEXTS {
            events.push(opened(rules, &format!("{field}: {name}"), field, repeat(text, SIZE).into()));
        }
    }
    events.extend(structures(rules));
    events.extend(rules.scripts.iter().flat_map(combined));
    events
}

/// Arrays in all fields of a script, which is asked with every combination of their values.
fn combined(script: &Script) -> impl Iterator<Item = Nasty> {
    let fields = script.fields.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    COMBINED.iter().map(move |&count| {
        let mut event: Map<String, Value> =
            script.opening.iter().map(|(field, value)| (field.clone(), json!(value))).collect();
        for field in &script.fields {
            // What the rule looks for comes first, so that it has it too.
            let own = script.opening.get(field).cloned().into_iter();
            let numbered = (0..count).map(|n| format!("{field}{n}"));
            event.insert(field.clone(), own.chain(numbered).collect());
        }
        let what = format!("{}: {count} values in each of {fields}", script.rule);
        Nasty { what, line: Value::Object(event).to_string(), growth: Growth::Combining }
    })
}

fn plain(what: &str, line: String) -> Nasty {
    Nasty { what: what.to_owned(), line, growth: Growth::Linear }
}

/// The padded line of a script that is otherwise an alert, and the same for keywords.
fn padded_lines() -> Vec<Nasty> {
    let script = |padding: String| {
        let text = format!("# {padding}\nInvoke-Mimikatz -DumpCreds");
        json!({
            "event": {"category": ["process"], "type": ["info"], "kind": "event", "code": "4104"},
            "host": {"os": {"type": "windows"}},
            "powershell": {"file": {"script_block_text": text}},
        })
    };
    let nasty = |what: &str, value: Value| plain(what, value.to_string());
    vec![
        nasty("a script padded with Get-", script("Get-".repeat(250_000))),
        nasty("a script padded with words", script("Invoke- ".repeat(100_000))),
        nasty("a line of a", json!({"message": "a".repeat(1_000_000)})),
        nasty("an argument of a", json!({"process": {"args": ["a".repeat(1_000_000)]}})),
    ]
}

/// Objects, keys, escapes and numbers.
fn structures(rules: &Rules) -> Vec<Nasty> {
    let mut events = Vec::new();
    let mut push = |what: &str, line: String| events.push(plain(what, line));
    push("deep objects", format!("{{\"a\":{}1{}}}", "{\"a\":".repeat(90), "}".repeat(90)));
    let deep: Vec<String> =
        (0..300).map(|n| format!("\"k{n}\":{}1{}", "{\"process\":".repeat(90), "}".repeat(90))).collect();
    push("many deep objects", format!("{{{}}}", deep.join(",")));
    push("many keys", format!("{{{}}}", (0..10_000).map(|n| format!("\"k{n}\":1")).collect::<Vec<_>>().join(",")));
    push("empty keys", format!("{{{}}}", vec!["\"\":0"; 20_000].join(",")));
    push("dots", format!("{{{}}}", vec!["\"process.\":0"; 10_000].join(",")));
    push("one key of dots", format!("{{\"{}\":0}}", "process.".repeat(10_000)));
    push("escaped keys", format!("{{{}}}", vec!["\"pr\\u006fcess\":{\"n\\u0061me\":\"x\"}"; 3_000].join(",")));
    push("objects in arrays", format!("{{\"process\":[{}]}}", vec!["{\"name\":\"x\"}"; 8_000].join(",")));
    push("arrays in arrays", format!("{{\"process\":{{\"name\":{}1{}}}}}", "[".repeat(90), "]".repeat(90)));
    push("many arrays", format!("{{\"process\":{{\"name\":[{}]}}}}", vec!["[[1]]"; 18_000].join(",")));
    push("numbers", format!("{{\"process\":{{\"pid\":[{}]}}}}", vec!["1"; 40_000].join(",")));
    push("large numbers", format!("{{\"process\":{{\"pid\":[{}]}}}}", vec!["1e300"; 15_000].join(",")));
    push("a long number", format!("{{\"process\":{{\"pid\":{}}}}}", "1".repeat(100_000)));
    push("escapes", format!("{{\"message\":\"{}\"}}", "\\u0061".repeat(16_000)));
    push("dpkg everywhere", format!("{{\"x\":\"{}\"}}", "dpkg".repeat(25_000)));
    let times = |value: String| format!("{{\"@timestamp\":{value},\"event\":{{\"ingested\":{value}}}}}");
    push("a long time", times(format!("\"{}\"", "2026-01-01".repeat(5_000))));
    push("many times", times(format!("[{}]", vec!["\"2026-01-01T00:00:00Z\""; 4_000].join(","))));
    for field in rules.fields() {
        let value = "\\u0061".repeat(8_000);
        push(&format!("{field}: escapes"), opened_line(rules, field, &format!("\"{value}\"")));
    }
    events
}

/// An event that all rules could match for what its most asked fields hold, with a value in a field.
fn opened(rules: &Rules, what: &str, field: &str, value: Value) -> Nasty {
    plain(what, opened_line(rules, field, &value.to_string()))
}

fn opened_line(rules: &Rules, field: &str, json: &str) -> String {
    let members: Vec<String> = rules
        .fields()
        .into_iter()
        .filter(|name| *name != field)
        .map(|name| {
            let literals: Vec<&String> = rules.literals.get(name).into_iter().flatten().take(OPENING_MAX).collect();
            format!("{}:{}", json!(name), json!(literals))
        })
        .collect();
    format!("{{{},{}:{json}}}", members.join(","), json!(field))
}

/// Most literals of a field in the part of an event that makes rules look at it.
const OPENING_MAX: usize = 40;

fn repeat(text: &str, bytes: usize) -> String {
    text.repeat(bytes / text.len().max(1) + 1)
}
