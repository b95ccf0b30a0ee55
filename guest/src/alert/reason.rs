//! `kibana.alert.reason`.

use serde_json::Value;

use super::source::Source;

/// The sentence Kibana puts on an alert, for example `process event with
/// process dpkg, parent process bash, by root on host-1 created low alert
/// DPKG Package Installed by Unusual Parent Process.` (Kibana,
/// `reason_formatters.ts`, its odd spacing included).
pub fn reason(source: &Source, severity: &str, rule_name: &str) -> String {
    let text = |field: &str| source.get(field).and_then(as_text);
    let process = text("process.name");
    let parent = text("process.parent.name");
    let file = text("file.name");
    let (source_ip, source_port) = (text("source.ip"), text("source.port"));
    let (destination_ip, destination_port) = (text("destination.ip"), text("destination.port"));
    let with = [&process, &parent, &file, &source_ip, &source_port, &destination_ip, &destination_port];

    let mut reason = String::new();
    let mut add = |parts: &[&str]| parts.iter().for_each(|part| reason.push_str(part));
    if let Some(category) = text("event.category") {
        add(&[&category, " "]);
    }
    add(&["event"]);
    if with.iter().any(|part| part.is_some()) {
        add(&[" with"]);
    }
    for (label, value) in [(" process ", &process), (" parent process ", &parent), (" file ", &file)] {
        if let Some(value) = value {
            add(&[label, value, ","]);
        }
    }
    for (label, ip, port) in
        [(" source ", &source_ip, &source_port), (" destination ", &destination_ip, &destination_port)]
    {
        if let Some(ip) = ip {
            add(&[label, ip]);
        }
        if let Some(port) = port {
            add(&[":", port, ","]);
        }
    }
    for (label, value) in [(" by ", text("user.name")), (" on ", text("host.name"))] {
        if let Some(value) = value {
            add(&[label, &value]);
        }
    }
    add(&[" created ", severity, " alert ", rule_name, "."]);
    reason
}

/// A value as the sentence shows it. Missing are: null, empty text, a single
/// dash (what some integrations write for "none"), and numbers, which Kibana
/// measures like text and finds without length.
fn as_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(elements) => {
            let text = |element: &Value| match element {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            elements.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        _ => return None,
    };
    (!text.is_empty() && text != "-").then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sentences() {
        let cases = [
            (json!({}), "event created low alert R."),
            (json!({"user": {"name": "root"}, "host": {"name": "h"}}), "event by root on h created low alert R."),
            (json!({"event.category": ["network", "process"]}), "network, process event created low alert R."),
            (
                json!({"event": {"category": ["process"]}, "process": {"name": "dpkg", "parent": {"name": "bash"}},
                       "user": {"name": "root"}, "host.name": "h"}),
                "process event with process dpkg, parent process bash, by root on h created low alert R.",
            ),
            (json!({"file": {"name": "a.deb"}}), "event with file a.deb, created low alert R."),
            (
                json!({"source": {"ip": "1.1.1.1", "port": "1"}, "destination": {"ip": "2.2.2.2", "port": 443}}),
                "event with source 1.1.1.1:1, destination 2.2.2.2 created low alert R.",
            ),
            (json!({"destination": {"port": "443"}}), "event with:443, created low alert R."),
            (
                json!({"user": {"name": "-"}, "host": {"name": ["-"]}, "process": {"name": "x"}}),
                "event with process x, created low alert R.",
            ),
        ];
        for (event, expected) in cases {
            let source = Source::parse(&event.to_string()).unwrap();
            assert_eq!(reason(&source, "low", "R"), expected, "{event}");
        }
    }
}
