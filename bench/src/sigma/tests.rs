use rsigma_eval::{Engine, JsonEvent};
use serde_json::{Value, json};

use super::*;

fn detection(query: &str) -> Result<Value, Inexpressible> {
    let rule: Value = serde_json::from_str(&rule("t", query)?).unwrap();
    Ok(rule["detection"].clone())
}

#[test]
fn conditions() {
    let cases = [
        ("user.name:root", json!({"s0": {"user.name|cased": "root"}, "condition": "s0"})),
        ("user.name:(a or b*)", json!({"s0": {"user.name|cased": ["a", "b*"]}, "condition": "s0"})),
        (
            "user.name:a and not host.name:*",
            json!({"s0": {"host.name|exists": true}, "s1": {"user.name|cased": "a"}, "condition": "s1 and not s0"}),
        ),
        (
            "process.args:(a and b)",
            json!({"s0": {"process.args|cased": "a"}, "s1": {"process.args|cased": "b"}, "condition": "s1 and s0"}),
        ),
        (
            "not (user.name:a or host.name:b)",
            json!({"s0": {"user.name|cased": "a"}, "s1": {"host.name|cased": "b"}, "condition": "not (s0 or s1)"}),
        ),
        (
            "source.port >= 1024 and source.ip:10.0.0.0/8 and destination.port:80",
            json!({"s0": {"source.port|gte": 1024, "source.ip|cidr": "10.0.0.0/8", "destination.port": 80},
                "condition": "s0"}),
        ),
        (r"file.path:C\:\\a\*?", json!({"s0": {"file.path|cased": r"C:\\a\*\?"}, "condition": "s0"})),
    ];
    for (query, expected) in cases {
        assert_eq!(detection(query), Ok(expected), "{query}");
    }
}

#[test]
fn what_sigma_cannot_say() {
    let cases = [
        ("root", Inexpressible::NoField),
        ("user.*:root", Inexpressible::FieldPattern),
        ("dll.Ext.load:{ x:1 }", Inexpressible::Nested),
        ("message:failed", Inexpressible::Type),
        ("@timestamp > 2026", Inexpressible::Type),
        ("user.name > a", Inexpressible::Type),
        ("user.name:null", Inexpressible::Value),
        ("user.name:(", Inexpressible::NotKql),
    ];
    for (query, cause) in cases {
        assert_eq!(detection(query), Err(cause), "{query}");
    }
}

/// Both Sigma engines take what is written, and rsigma-eval judges as KQL does.
/// sigma-rust does not look into arrays, so it sees events without them.
#[test]
fn engines_judge_as_kql_does() {
    let event = json!({"user": {"name": "Root"}, "process": {"args": ["dpkg", "-i", "*.deb"], "pid": 7,
        "executable": "/opt/a?b/x\\y"}, "source": {"ip": "10.1.2.3", "port": 443}});
    let flat = json!({"user": {"name": "Root"}, "process": {"args": "-i", "pid": 7, "executable": "/opt/a?b/x\\y"},
        "source": {"ip": "10.1.2.3", "port": 443}});
    let queries = [
        ("user.name:Root", true),
        ("user.name:root", false),
        ("user.name:(bob or Root)", true),
        ("user.name:R*t and process.args:-i", true),
        ("user.name:Root and not process.pid:7", false),
        ("not (user.name:x or process.pid:8)", true),
        ("host.name:* or source.ip:10.0.0.0/8", true),
        ("not host.name:*", true),
        ("source.port >= 443 and source.port < 444", true),
        (r#"process.executable:"/opt/a?b/x\\y""#, true),
        (r#"process.executable:"/opt/aXb/x\\y""#, false),
        (r#"process.executable:/opt/a?b*"#, true),
        (r#"process.args:"\*.deb""#, false),
        ("(user.name:x or user.name:Root) and (process.pid:1 or (source.port:443 and not user.name:y))", true),
    ];
    for (query, expected) in queries {
        let text = rule("t", query).unwrap();
        let mut engine = Engine::new();
        engine.add_collection(&rsigma_parser::parse_sigma_yaml(&text).unwrap()).unwrap();
        assert_eq!(engine.evaluate(&JsonEvent::borrow(&event)).len() == 1, expected, "rsigma-eval: {query}\n{text}");
        let rule = sigma_rust::rule_from_yaml(&text).unwrap();
        let event = sigma_rust::Event::try_from(flat.clone()).unwrap();
        assert_eq!(rule.is_match(&event), expected, "sigma-rust: {query}\n{text}");
    }
}
