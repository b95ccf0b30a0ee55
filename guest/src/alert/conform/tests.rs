use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Longest term of an index.
const TERM_BYTES: usize = 32_766;

/// What stays of an event, and what was taken out.
fn conformed(event: &str) -> (Value, Removed) {
    let mut members = Members::parse(event).unwrap();
    let removed = conform(&mut members);
    let mut json = String::new();
    members.write_inner(&mut json);
    (serde_json::from_str(&format!("{{{json}}}")).unwrap(), removed)
}

/// The cases of Kibana's `traverse_and_mutate_doc.test.ts`, and others.
#[test]
fn what_conflicts_goes() {
    let cases = [
        // Objects and scalars.
        (json!({"agent": {"name": {"a": 1}, "type": "x"}}), json!({"agent": {"type": "x"}}), vec!["agent.name"]),
        (json!({"agent": "x", "message": "m"}), json!({"message": "m"}), vec!["agent"]),
        (json!({"device": "x"}), json!({}), vec!["device"]),
        (json!({"labels": ["x"], "tags": ["x"]}), json!({"tags": ["x"]}), vec!["labels"]),
        (json!({"host": {"asset": "x"}}), json!({}), vec!["host.asset"]),
        // Arrays, each element for itself.
        (json!({"agent": [{"name": "a"}, {"name": "b"}]}), json!({"agent": [{"name": "a"}, {"name": "b"}]}), vec![]),
        (
            json!({"agent": [{"name": "a", "type": {"b": 1}}, {"name": {"c": 1}}, "d", [5]]}),
            json!({"agent": [{"name": "a"}]}),
            vec!["agent.type", "agent.name", "agent"],
        ),
        // Dotted names.
        (json!({"agent.name.x": "y", "agent.name": "n"}), json!({"agent.name": "n"}), vec!["agent.name.x"]),
        (json!({"agent.name.x": []}), json!({}), vec!["agent.name.x"]),
        (json!({"agent.": 5, "@timestamp.x": 1}), json!({}), vec!["agent.", "@timestamp.x"]),
        // What is not in the table.
        (json!({"x": {"y": 1}, "agent": {"z": {"y": 1}}}), json!({"x": {"y": 1}, "agent": {"z": {"y": 1}}}), vec![]),
        (json!({"x": {"": 1, "..": {"a..b": 2}}}), json!({"x": {"": 1, "..": {"a..b": 2}}}), vec![]),
        // Documents of their own.
        (
            json!({"threat": {"enrichments": ["a", {"x": 1}, [{"x": 2}]], "indicator.port": 443}}),
            json!({"threat": {"enrichments": [{"x": 1}, [{"x": 2}]], "indicator.port": 443}}),
            vec!["threat.enrichments"],
        ),
        (json!({"threat.enrichments": {"feed": "x"}}), json!({}), vec!["threat.enrichments.feed"]),
        // Types.
        (
            json!({"client": {"bytes": "x", "packets": "24 ", "port": "7", "nat": {"port": [1.5, "0x1f", {}, true]}}}),
            json!({"client": {"port": "7", "nat": {"port": [1.5, "0x1f"]}}}),
            vec!["client.bytes", "client.packets", "client.nat.port"],
        ),
        (
            json!({"host.cpu.usage": ["x", "24 ", "1234", -1.5, "-Infinity"]}),
            json!({"host.cpu.usage": ["24 ", "1234", -1.5, "-Infinity"]}),
            vec!["host.cpu.usage"],
        ),
        (
            json!({"source.ip": ["localhost", "::1", "10.0.0.0/8", "10.0.0.0/33", "fe80::1%eth0", 5, ""]}),
            json!({"source.ip": ["::1", "10.0.0.0/8", "fe80::1%eth0"]}),
            vec!["source.ip"],
        ),
        (
            json!({"dll.code_signature.trusted": ["x", "true", 5, "False", "", true, [false, "True"]]}),
            json!({"dll.code_signature.trusted": ["true", "", true, [false]]}),
            vec!["dll.code_signature.trusted"],
        ),
        (
            json!({"event": {"created": true, "end": [2345562, "2022-10-12", "y"], "start": {}}}),
            json!({"event": {"end": [2345562, "2022-10-12", "y"]}}),
            vec!["event.created", "event.start"],
        ),
        (
            json!({"client.geo.location": "x", "source.geo.location": [{"lat": 1, "lon": {"a": 1}}, [0, 90], [5]]}),
            json!({"client.geo.location": "x", "source.geo.location": [{"lat": 1}, [0, 90]]}),
            vec!["source.geo.location.lon", "source.geo.location"],
        ),
        (
            json!({"client.geo.location": [0, 90, "x"], "client.geo.location.lat": 1, "host.geo.location": {"": 1}}),
            json!({"client.geo.location.lat": 1}),
            vec!["client.geo.location", "host.geo.location."],
        ),
        // Names.
        (
            json!({"_id": "x", "_pid": 1, "agent": {"_id": 1, "": 1, ".": 2, " ": 3}, "a..b": 1, ".c": 1}),
            json!({"_pid": 1, "agent": {"_id": 1}}),
            vec!["_id", "agent.", "agent..", "agent. ", "a..b", ".c"],
        ),
        // A null says nothing.
        (json!({"agent": null, "source": {"ip": null}, "tags": [null]}), json!({"tags": [null]}), vec![]),
    ];
    for (event, expected, fields) in cases {
        let (found, removed) = conformed(&event.to_string());
        assert_eq!((found, removed.fields), (expected, fields.into_iter().map(str::to_owned).collect()), "{event}");
    }
}

/// JSON texts with values and names of many kinds.
fn json_text() -> impl Strategy<Value = String> {
    let values = ["null", "true", "7", "1e999", r#""x""#, r#""7""#, r#""::1""#, r#""\u0041""#, "[]", "{}"];
    prop::sample::select(values.to_vec()).prop_map(str::to_owned).prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|elements| format!("[{}]", elements.join(","))),
            object_text(inner),
        ]
    })
}

fn object_text(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let parts = [
        "agent",
        "name",
        "source",
        "ip",
        "port",
        "geo",
        "location",
        "event",
        "created",
        "threat",
        "enrichments",
        "feed",
        "labels",
        "data_stream",
        "type",
        "x",
        "",
        " ",
        "_id",
    ];
    let name = prop::collection::vec(prop::sample::select(parts.to_vec()), 1..4);
    prop::collection::vec((name, value), 0..6).prop_map(|members| {
        let members: Vec<String> =
            members.iter().map(|(name, value)| format!("\"{}\":{value}", name.join("."))).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    /// Nothing is left to be taken out, and what was written can be read again.
    #[test]
    fn once_is_enough(event in object_text(json_text())) {
        let mut members = Members::parse(&event).unwrap();
        conform(&mut members);
        let mut json = String::new();
        Node::Object(members).write(&mut json);
        let mut again = Members::parse(&json).unwrap();
        prop_assert_eq!(conform(&mut again), Removed::default(), "{}", json);
        let mut rewritten = String::new();
        Node::Object(again).write(&mut rewritten);
        prop_assert_eq!(rewritten, json);
    }
}

#[test]
fn what_is_too_large_goes() {
    let cases = [
        (format!("{{\"x\":{}}}", "9".repeat(1001)), 1),
        (format!("{{\"x\":[{{\"y\":-0.{}}}]}}", "9".repeat(1000)), 1),
        (format!("{{\"x\":0.{}}}", "9".repeat(998)), 0),
        (format!("{{\"x\":{}}}", "9".repeat(308)), 0),
        (format!("{{\"x\":{}}}", "9".repeat(309)), 1),
        (format!("{{\"data_stream\":{{\"type\":\"{}\"}}}}", "x".repeat(TERM_BYTES + 1)), 1),
        (format!("{{\"data_stream\":{{\"type\":\"{}\"}}}}", "é".repeat(TERM_BYTES / 2 + 1)), 1),
        (format!("{{\"data_stream\":{{\"type\":\"\\u0041{}\"}}}}", "x".repeat(TERM_BYTES - 1)), 0),
        (format!("{{\"process\":{{\"name\":\"{}\"}}}}", "x".repeat(TERM_BYTES + 1)), 0),
        ("{\"client.geo.location\":[1e999,1],\"x\":-1e999,\"process.pid\":1e999,\"y\":1e-999}".to_owned(), 3),
    ];
    for (event, count) in cases {
        assert_eq!(conformed(&event).1.count, count, "{:.60}", event);
    }
}

#[test]
fn documents_of_their_own_are_counted() {
    let objects = vec!["{\"x\":1}"; 6_000].join(",");
    let dotted: Vec<String> = (0..6_000).map(|number| format!("\"threat.enrichments.x{number}\":1")).collect();
    let event = format!("{{\"threat\":{{\"enrichments\":[{objects}]}},{}}}", dotted.join(","));
    assert_eq!(conformed(&event).1.count, 2_000);
}

#[test]
fn the_first_ones_are_named() {
    let values: Vec<String> = (0..50).map(|number| format!("\"agent.name.{number}\":1")).collect();
    let event = format!("{{\"agent.name.{}\":1,\"source\":[1,2,3],{}}}", "é".repeat(1_000), values.join(","));
    let removed = conformed(&event).1;
    assert_eq!((removed.count, removed.fields.len()), (54, NAMES_MAX));
    assert!(removed.fields.iter().all(|field| field.len() <= NAME_BYTES_MAX));
    let members: Vec<String> = removed.members().into_iter().map(|(name, _)| name).collect();
    assert_eq!(members, ["firstseen.removed.count", "firstseen.removed.fields"]);
    assert!(Removed::default().members().is_empty());
}
