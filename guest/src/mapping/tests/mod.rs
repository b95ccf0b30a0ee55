//! Mapping files of all forms, read over the built-in table or over nothing.

use firstseen_query::{FieldType, Mapping, NumberType, Resolved};
use proptest::prelude::*;

use super::*;

mod layers;
mod templates;
mod types;

const LOWERCASE: FieldType = FieldType::Keyword { ignore_above: Some(1024), lowercase: true };

fn keyword(ignore_above: u32) -> FieldType {
    FieldType::Keyword { ignore_above: Some(ignore_above), lowercase: false }
}

/// How a name resolves, in a word: a type, perhaps `@` another path.
fn resolved(mapping: &Mapping, name: &str) -> String {
    match mapping.resolve(name) {
        Resolved::Object => "objects".to_owned(),
        Resolved::Unmapped => "unmapped".to_owned(),
        Resolved::Field(field) => {
            let kind = match &field.field_type {
                FieldType::Keyword { ignore_above, lowercase } => {
                    let above = ignore_above.map_or(String::new(), |above| format!(":{above}"));
                    format!("keyword{above}{}", if *lowercase { ":lowercase" } else { "" })
                }
                FieldType::ConstantKeyword(value) => format!("constant:{value}"),
                FieldType::Flattened { ignore_above: Some(above) } => format!("flattened:{above}"),
                FieldType::Number(NumberType::ScaledFloat { scaling_factor }) => format!("scaled:{scaling_factor}"),
                other => other.name().to_owned(),
            };
            if field.path == name { kind } else { format!("{kind}@{}", field.path) }
        }
    }
}

/// Reads a document, and says how names resolve and what the warnings are.
fn check(mut fields: Fields, document: &str, names: &[(&str, &str)], warnings: &[&str]) {
    let read = fields.read(document).unwrap_or_else(|error| panic!("{document}: {error}"));
    assert_eq!(read, warnings, "{document}");
    let mapping = fields.mapping();
    for (name, expected) in names {
        assert_eq!(resolved(&mapping, name), *expected, "{name} in {document}");
    }
}

#[test]
fn the_built_in_table() {
    let mapping = built_in();
    for (name, expected) in [
        ("@timestamp", "date"),
        ("process.name", "keyword:1024"),
        ("process.name.text", "text@process.name"),
        ("process.name.caseless", "keyword:1024:lowercase@process.name"),
        ("process.parent.command_line", "keyword"),
        ("process.parent.command_line.caseless", "keyword:1024:lowercase@process.parent.command_line"),
        ("process.title.caseless", "unmapped"),
        ("data_stream.dataset", "keyword"),
        ("message", "text"),
        ("event.original", "keyword"),
        ("gen_ai.agent.description", "unindexed"),
        ("tls.server.x509.public_key_exponent", "unindexed"),
        ("url.query", "keyword:2083"),
        ("host.cpu.usage", "scaled:1000"),
        ("source.geo.location", "opaque"),
        ("file.elf.sections", "nested"),
        ("file.elf.imports.some", "keyword"),
        ("process", "objects"),
        ("log.syslog", "objects"),
        ("file.hash.sha256", "keyword:1024"),
        ("aws.cloudtrail.flattened.request_parameters.withDecryption", "keyword"),
        ("aws.cloudtrail.request_parameters", "keyword:8191"),
        ("aws.cloudtrail.request_parameters.text", "text@aws.cloudtrail.request_parameters"),
        ("azure.auditlogs.properties.target_resources.0.display_name", "keyword:1024"),
        ("azure.auditlogs.properties.target_resources.0.other", "dynamic"),
        ("gcp.audit.service_data.policy_delta.binding_deltas", "nested"),
        ("kubernetes.audit.requestObject.spec.hostPID", "boolean"),
        ("kubernetes.audit.requestObject.spec.other", "unmapped"),
        ("kubernetes.audit.requestObject.roleRef.name", "keyword:1024"),
        ("o365.audit.Members", "flattened"),
        ("o365.audit.Parameters.Any", "keyword:1024"),
        ("ml_is_dga.malicious_probability", "float"),
        ("github.actor_ip", "keyword:1024"),
        ("powershell.file.script_block_text", "text"),
        ("some.field", "dynamic"),
    ] {
        assert_eq!(resolved(mapping, name), expected, "{name}");
    }
    assert!(mapping.len() > 3_000, "{}", mapping.len());
}

#[test]
fn both_ways_to_the_built_in_table_lead_to_the_same() {
    let (left, right) = (built_in(), Fields::built_in().mapping());
    let all = |mapping: &Mapping| -> Vec<String> { mapping.fields().map(|field| format!("{field:?}")).collect() };
    assert_eq!(all(left), all(&right));
    for name in ["kubernetes.audit.requestObject.x", "o365.audit.Parameters.x", "x"] {
        assert_eq!(left.resolve(name), right.resolve(name), "{name}");
    }
}

#[test]
fn forms() {
    let inner = r#"{"properties": {"a": {"properties": {"b": {"type": "ip"}}}}}"#;
    let other = r#"{"properties": {"c.d": {"type": "date"}}}"#;
    let composed = "component templates that it is composed of have to be given too";
    let none = "there is no field in it";
    for (document, warnings) in [
        (inner.to_owned(), [].as_slice()),
        (format!(r#"{{"mappings": {inner}}}"#), &[]),
        (format!(r#"{{"settings": {{"index": {{}}}}, "mappings": {inner}, "aliases": {{}}}}"#), &[]),
        (format!(r#"{{".ds-logs-1": {{"mappings": {inner}}}, ".ds-logs-2": {{"mappings": {other}}}}}"#), &[]),
        (format!(r#"{{"index_patterns": ["l-*"], "template": {{"mappings": {inner}}}, "priority": 1}}"#), &[]),
        (format!(r#"{{"template": {{"mappings": {inner}}}, "_meta": {{"mappings": 1}}, "version": 1}}"#), &[]),
        (
            format!(
                r#"{{"index_templates": [{{"name": "x", "index_template": {{"index_patterns": ["l-*"],
                    "composed_of": ["y"], "template": {{"mappings": {inner}}}}}}}]}}"#
            ),
            &[composed],
        ),
        (
            format!(
                r#"{{"component_templates": [{{"name": "x", "component_template":
                    {{"template": {{"settings": {{}}, "mappings": {inner}}}}}}}]}}"#
            ),
            &[],
        ),
        (format!(r#"{{"x": {{"order": 1, "index_patterns": ["x"], "mappings": {inner}}}}}"#), &[]),
    ] {
        let names = [("a.b", "ip"), ("a", "objects"), ("x", "dynamic")];
        check(Fields::default(), &document, &names, warnings);
    }
    for document in [
        r#"{"mappings": {}}"#,
        r#"{"index_patterns": ["a"], "template": {"settings": {}}}"#,
        r#"{"index_templates": []}"#,
        r#"{"fields": {}}"#,
    ] {
        check(Fields::default(), document, &[("a", "dynamic")], &[none]);
    }
}

#[test]
fn field_caps() {
    let cap = |kind: &str| format!(r#"{{"{kind}": {{"type": "{kind}", "searchable": true, "aggregatable": true}}}}"#);
    let document = format!(
        r#"{{"indices": ["x", "y", "z"], "fields": {{
            "_id": {{"_id": {{"type": "_id", "metadata_field": true, "searchable": true, "aggregatable": false}}}},
            "process": {}, "process.name.text": {}, "process.name": {}, "process.command_line": {},
            "process.executable": {}, "mine": {}, "mine.caseless": {}, "host.cpu.usage": {}, "load": {}, "r": {},
            "n": {}, "n.a": {},
            "off": {{"long": {{"type": "long", "searchable": false, "aggregatable": false}}}},
            "part": {{"ip": {{"type": "ip", "indices": ["x"]}}, "unmapped": {{"type": "unmapped", "indices": ["y"]}}}},
            "both": {{"keyword": {{"type": "keyword", "indices": ["x"]}},
                      "text": {{"type": "text", "indices": ["y", "z"]}}}}
        }}}}"#,
        cap("object"),
        cap("text"),
        cap("keyword"),
        cap("keyword"),
        cap("long"),
        cap("keyword"),
        cap("keyword"),
        cap("scaled_float"),
        cap("scaled_float"),
        cap("ip_range"),
        cap("nested"),
        cap("keyword"),
    );
    let names = [
        ("process", "objects"),
        ("process.name", "keyword:1024"),
        ("process.name.text", "text@process.name"),
        // Not among the fields of the indices.
        ("process.name.caseless", "unmapped"),
        ("process.command_line", "keyword"),
        ("process.executable", "long"),
        ("process.pid", "long"),
        ("mine", "keyword:1024"),
        ("mine.caseless", "keyword:1024:lowercase@mine"),
        ("host.cpu.usage", "scaled:1000"),
        ("load", "double"),
        ("r", "opaque"),
        ("n", "nested"),
        ("n.a", "keyword:1024"),
        ("off", "unindexed"),
        ("part", "ip"),
        ("both", "text"),
        ("_id", "dynamic"),
    ];
    let warnings = [
        "both: keyword and text in different indices; it is taken as text",
        "load: a scaled_float of unknown `scaling_factor` is taken for a double",
        "r: the type `ip_range` is not supported; queries can only ask whether there is a value",
    ];
    check(Fields::built_in(), &document, &names, &warnings);
}

#[test]
fn errors() {
    let long = format!(r#"{{"properties": {{"{}": {{"type": "ip"}}}}}}"#, "x".repeat(1025));
    let deep = format!("{}{}", r#"{"properties":{"a":"#.repeat(70), "1");
    let many: Vec<String> = (0..100_001).map(|number| format!(r#""f{number}":{{"type":"ip"}}"#)).collect();
    let many = format!(r#"{{"properties": {{{}}}}}"#, many.join(","));
    let too_long = format!("{{}}{}", " ".repeat(16 << 20));
    for (document, offset, cause) in [
        ("", Some(0), "not JSON: EOF"),
        (r#"{"properties": }"#, Some(15), "not JSON: expected value"),
        ("{}\n}", Some(3), "not JSON: trailing characters"),
        ("{}", None, "not a mapping, an index or component template"),
        (r#"{"query": {"match_all": {}}}"#, None, "not a mapping, an index or component template"),
        ("[]", Some(0), "not a mapping: invalid type: sequence, expected a JSON object"),
        ("1", Some(0), "not a mapping: invalid type: integer `1`"),
        (r#"{"mappings": 1}"#, Some(13), "not a mapping: invalid type: integer `1`, expected the mapping of a field"),
        (r#"{"properties": {"a": "ip"}}"#, Some(24), "not a mapping: invalid type: string \"ip\""),
        (r#"{"properties": {"a": {"type": 1}}}"#, Some(31), "not a mapping: `type` is not a text"),
        (r#"{"dynamic": "perhaps"}"#, Some(21), "not a mapping: `dynamic` is none of"),
        (r#"{"fields": {"a": {"type": "ip"}}}"#, Some(29), "not a mapping: invalid type: string \"ip\""),
        (r#"{"properties": {"": {"type": "ip"}}}"#, None, "the name of a field has an empty part: ``"),
        (r#"{"properties": {"a..b": {"type": "ip"}}}"#, None, "the name of a field has an empty part: `a..b`"),
        (r#"{"fields": {".a": {"ip": {"type": "ip"}}}}"#, None, "the name of a field has an empty part: `.a`"),
        (&long, None, "the name of a field is longer than 1024 bytes: `xxx"),
        (&deep, Some(1211), "not JSON: recursion limit exceeded"),
        (&many, None, "more than 100000 fields"),
        (&too_long, None, "longer than 16 MiB"),
    ] {
        let mut fields = Fields::built_in();
        let error = fields.read(document).expect_err(document.get(..40).unwrap_or(document));
        assert_eq!(error.offset, offset, "{error}");
        assert!(error.cause.starts_with(cause), "{error} is not {cause}");
        assert_eq!(fields.entries, Fields::built_in().entries, "nothing has changed");
    }
}

#[test]
fn warnings_end_somewhere() {
    let fields: Vec<String> = (0..60).map(|number| format!(r#""f{number}": {{"type": "x"}}"#)).collect();
    let warnings = Fields::default().read(&format!(r#"{{"properties": {{{}}}}}"#, fields.join(","))).unwrap();
    assert_eq!((warnings.len(), warnings.last().map(String::as_str)), (51, Some("and 10 more")));
}

#[test]
fn keywords_are_as_said() {
    assert_eq!(crate::mapping::types::ELASTIC_KEYWORD, keyword(1024));
    let Resolved::Field(field) = built_in().resolve("host.os.name.caseless") else { panic!("it is a field") };
    assert_eq!(field.field_type, LOWERCASE);
}

/// JSON of the words that mappings have, put together in any way.
fn json() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "mappings",
        "properties",
        "fields",
        "type",
        "dynamic",
        "enabled",
        "template",
        "index_templates",
        "a",
        "b.c",
        "keyword",
        "nested",
        "alias",
        "path",
        "text",
        "false",
        "strict",
        "dynamic_templates",
        "path_match",
        "match",
        "mapping",
        "runtime",
        "script",
        "value",
        "ignore_above",
        "scaling_factor",
        "scaled_float",
        "*",
        "a.*",
        "",
        "é",
        "indices",
        "searchable",
        "flattened",
        "normalizer",
        "component_templates",
        "index_template",
        "composed_of",
    ]);
    let leaf = prop_oneof![
        word.clone().prop_map(|word| format!("{word:?}")),
        prop::sample::select(vec!["null", "true", "false", "0", "-1.5e3", "18446744073709551616", "1e400"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(6, 60, 5, move |inner| {
        let member = (word.clone(), inner.clone()).prop_map(|(name, value)| format!("{name:?}:{value}"));
        prop_oneof![
            4 => prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(","))),
            1 => prop::collection::vec(inner, 0..4).prop_map(|elements| format!("[{}]", elements.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,60}") {
        let _ = Fields::default().read(&text);
    }

    #[test]
    fn any_json_is_read_or_refused(first in json(), second in json(), cut in 0usize..200) {
        let mut fields = Fields::default();
        fields.insert("a", FieldType::KEYWORD, None);
        fields.insert("a.text", FieldType::Text, Some("a"));
        for document in [&*first, &second, first.get(..cut).unwrap_or_default()] {
            let before = fields.clone();
            if let Err(error) = fields.read(document) {
                prop_assert!(error.offset.is_none_or(|offset| offset <= document.len()));
                prop_assert_eq!(&fields.entries, &before.entries);
            }
            let mapping = fields.mapping();
            for name in ["a", "a.text", "b.c", "a.b.c", "é"] {
                let _ = mapping.resolve(name);
            }
        }
    }
}
