//! Dynamic templates.

use super::super::Fields;
use super::check;

#[test]
fn dynamic_templates() {
    let refused = |why: &str| format!("the dynamic template `t` has no effect: {why}");
    for (template, names, warning) in [
        (
            r#""path_match": "a.*", "mapping": {"type": "ip"}"#,
            [("a.b.c", "ip"), ("a", "dynamic"), ("process.name", "keyword:1024")],
            String::new(),
        ),
        (
            r#""path_match": ["ip", "*.ip"], "match_mapping_type": "string", "mapping": {"type": "ip"}"#,
            [("ip", "ip"), ("a.ip", "ip"), ("aip", "dynamic")],
            String::new(),
        ),
        (
            r#""match": "*_at", "unmatch_mapping_type": "object", "mapping": {"type": "date"}"#,
            [("a_at", "date"), ("b.c_at", "date"), ("at", "dynamic")],
            String::new(),
        ),
        (
            r#""match": "at", "mapping": {"type": "date"}"#,
            [("at", "date"), ("b.at", "date"), ("bat", "dynamic")],
            String::new(),
        ),
        (
            r#""match_mapping_type": "string", "mapping": {"type": "keyword", "ignore_above": 256}"#,
            [("a", "dynamic"), ("b", "dynamic"), ("c", "dynamic")],
            String::new(),
        ),
        (
            r#""mapping": {"type": "keyword"}"#,
            [("a", "keyword"), ("b.c", "keyword"), ("process.name", "keyword:1024")],
            String::new(),
        ),
        (
            r#""path_match": "a.*", "mapping": {"type": "{dynamic_type}", "index": false}"#,
            [("a.b", "dynamic"), ("b", "dynamic"), ("c", "dynamic")],
            String::new(),
        ),
        (
            r#""path_match": "a.*", "match_mapping_type": "long", "mapping": {"type": "double"}"#,
            [("a.b", "dynamic"), ("b", "dynamic"), ("c", "dynamic")],
            String::new(),
        ),
        (
            r#""path_match": "a.*", "match_mapping_type": "object", "mapping": {"type": "flattened"}"#,
            [("a.b", "dynamic"), ("b", "dynamic"), ("c", "dynamic")],
            refused("it is for values of one type"),
        ),
        (
            r#""path_match": "a.*", "path_unmatch": "a.b", "mapping": {"type": "ip"}"#,
            [("a.b", "dynamic"), ("b", "dynamic"), ("c", "dynamic")],
            refused("it has exceptions"),
        ),
        (
            r#""match": "^a", "match_pattern": "regex", "mapping": {"type": "ip"}"#,
            [("a", "dynamic"), ("b", "dynamic"), ("c", "dynamic")],
            refused("it has a regular expression"),
        ),
        (
            r#""match": "ip*", "mapping": {"type": "ip"}"#,
            [("ip", "dynamic"), ("b", "dynamic"), ("c", "dynamic")],
            refused("patterns on names can have one star, at their beginning"),
        ),
        (
            r#""match": "*ip", "path_match": "a.*", "mapping": {"type": "ip"}"#,
            [("a.ip", "dynamic"), ("b", "dynamic"), ("c", "dynamic")],
            refused("it has patterns on both paths and names"),
        ),
    ] {
        let document = format!(r#"{{"dynamic_templates": [{{"t": {{{template}}}}}], "dynamic": true}}"#);
        let warnings: Vec<&str> = [&*warning].into_iter().filter(|warning| !warning.is_empty()).collect();
        check(Fields::built_in(), &document, &names, &warnings);
    }
}
