//! `kibana.alert.reason`.

use super::tree::{Members, Node};

/// Longest part taken from one field, in bytes.
const PART_BYTES_MAX: usize = 1024;

/// The parts of an event that a reason speaks of.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    category: Option<String>,
    process: Option<String>,
    parent: Option<String>,
    file: Option<String>,
    source_ip: Option<String>,
    source_port: Option<String>,
    destination_ip: Option<String>,
    destination_port: Option<String>,
    user: Option<String>,
    host: Option<String>,
}

impl Subject {
    pub(super) fn of(event: &Members<'_>) -> Self {
        let text = |field: &str| event.get(field).and_then(as_text);
        Self {
            category: text("event.category"),
            process: text("process.name"),
            parent: text("process.parent.name"),
            file: text("file.name"),
            source_ip: text("source.ip"),
            source_port: text("source.port"),
            destination_ip: text("destination.ip"),
            destination_port: text("destination.port"),
            user: text("user.name"),
            host: text("host.name"),
        }
    }
}

/// The sentence Kibana puts on an alert, for example `process event with
/// process dpkg, parent process bash, by root on host-1 created low alert
/// DPKG Package Installed by Unusual Parent Process.` (Kibana,
/// `reason_formatters.ts`, its odd spacing included).
pub(super) fn reason(subject: &Subject, severity: &str, rule_name: &str) -> String {
    let Subject { category, process, parent, file, .. } = subject;
    let Subject { source_ip, source_port, destination_ip, destination_port, user, host, .. } = subject;
    let with = [process, parent, file, source_ip, source_port, destination_ip, destination_port];

    let mut reason = String::new();
    let mut add = |parts: &[&str]| parts.iter().for_each(|part| reason.push_str(part));
    if let Some(category) = category {
        add(&[category, " "]);
    }
    add(&["event"]);
    if with.iter().any(|part| part.is_some()) {
        add(&[" with"]);
    }
    for (label, value) in [(" process ", process), (" parent process ", parent), (" file ", file)] {
        if let Some(value) = value {
            add(&[label, value, ","]);
        }
    }
    for (label, ip, port) in [(" source ", source_ip, source_port), (" destination ", destination_ip, destination_port)]
    {
        if let Some(ip) = ip {
            add(&[label, ip]);
        }
        if let Some(port) = port {
            add(&[":", port, ","]);
        }
    }
    for (label, value) in [(" by ", user), (" on ", host)] {
        if let Some(value) = value {
            add(&[label, value]);
        }
    }
    add(&[" created ", severity, " alert ", rule_name, "."]);
    reason
}

/// A value as the sentence shows it. Missing are: null, empty text, a single
/// dash (what some integrations write for "none"), and objects. Numbers are
/// there, as in released Kibanas, which read all values as arrays; its newest
/// sources measure a number like text, and find it without length.
fn as_text(node: &Node<'_>) -> Option<String> {
    let element_text = |element: &Node<'_>| match (element, element.as_string()) {
        (_, Some(text)) => text.into_owned(),
        (Node::Scalar("null"), _) => String::new(),
        (other, _) => {
            let mut json = String::new();
            other.write(&mut json);
            json
        }
    };
    let mut text = match node {
        Node::Array(elements) => elements.iter().map(element_text).collect::<Vec<_>>().join(", "),
        Node::Object(_) => return None,
        Node::Scalar(_) => element_text(node),
    };
    text.truncate(text.floor_char_boundary(PART_BYTES_MAX));
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
                "event with source 1.1.1.1:1, destination 2.2.2.2:443, created low alert R.",
            ),
            (
                json!({"source": {"ip": "1.1.1.1", "port": [53]}, "destination": {"ip": "2.2.2.2", "port": null}}),
                "event with source 1.1.1.1:53, destination 2.2.2.2 created low alert R.",
            ),
            (json!({"user": {"name": 0}, "host": {"name": {"x": 1}}}), "event by 0 created low alert R."),
            (json!({"destination": {"port": "443"}}), "event with:443, created low alert R."),
            (
                json!({"user": {"name": "-"}, "host": {"name": ["-"]}, "process": {"name": "x"}}),
                "event with process x, created low alert R.",
            ),
        ];
        for (event, expected) in cases {
            let line = event.to_string();
            let subject = Subject::of(&Members::parse(&line).unwrap());
            assert_eq!(reason(&subject, "low", "R"), expected, "{event}");
        }
    }
}
