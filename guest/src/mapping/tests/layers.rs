//! What a file says, laid over what is there.

use super::super::Fields;
use super::{check, resolved};

#[test]
fn what_a_file_says_wins() {
    for (properties, names) in [
        (
            // Another type takes the multi-fields with it.
            r#""process.name": {"type": "ip", "fields": {"raw": {"type": "keyword"}}}"#,
            [
                ("process.name", "ip"),
                ("process.name.raw", "keyword@process.name"),
                ("process.name.text", "unmapped"),
                ("process.executable.text", "text@process.executable"),
            ],
        ),
        (
            // A multi-field becomes a field: its parent is an object then.
            r#""process": {"properties": {"name": {"properties": {"text": {"type": "long"}}}}}"#,
            [
                ("process.name.text", "long"),
                ("process.name", "objects"),
                ("process.name.caseless", "dynamic"),
                ("process.pid", "long"),
            ],
        ),
        (
            r#""process.name.text.x": {"type": "long"}"#,
            [
                ("process.name.text.x", "long"),
                ("process.name.text", "objects"),
                ("process.name", "objects"),
                ("process.pid", "long"),
            ],
        ),
        (
            // A field where there was an object.
            r#""process": {"type": "keyword"}"#,
            [
                ("process", "keyword"),
                ("process.name", "unmapped"),
                ("process.parent.pid", "unmapped"),
                ("processor", "dynamic"),
            ],
        ),
        (
            // An object stays one, nested or not.
            r#""file": {"properties": {"elf": {"properties": {"sections": {"properties": {}}}}}}"#,
            [
                ("file.elf.sections", "objects"),
                ("file.elf.sections.name", "keyword:1024"),
                ("file.elf.segments", "nested"),
                ("file.name", "keyword:1024"),
            ],
        ),
        (
            r#""p": {"type": "alias", "path": "process.name.text"}, "q": {"type": "alias", "path": "p.x"},
               "p.x": {"type": "date"}"#,
            [
                ("p.x", "date"),
                ("q", "date@p.x"),
                ("p", "text@process.name"),
                ("process.name.text", "text@process.name"),
            ],
        ),
    ] {
        check(Fields::built_in(), &format!(r#"{{"properties": {{{properties}}}}}"#), &names, &[]);
    }
}

#[test]
fn the_last_file_wins() {
    let mut fields = Fields::built_in();
    for (kind, template) in [("long", "ip"), ("date", "boolean")] {
        let document = format!(
            r#"{{"properties": {{"process": {{"properties": {{"name": {{"type": "{kind}"}}}}}}}},
                "dynamic_templates": [{{"t": {{"path_match": "t.*", "mapping": {{"type": "{template}"}}}}}}]}}"#
        );
        assert_eq!(fields.read(&document), Ok(Vec::new()));
    }
    let mapping = fields.mapping();
    assert_eq!(resolved(&mapping, "process.name"), "date");
    assert_eq!(resolved(&mapping, "t.x"), "boolean");
}

#[test]
fn constants_that_differ_are_keywords() {
    let constant = |value: &str| {
        format!(r#"{{"mappings": {{"properties": {{"c": {{"type": "constant_keyword", "value": "{value}"}}}}}}}}"#)
    };
    let (a, b) = (constant("a"), constant("b"));
    for (documents, expected) in [
        (vec![format!(r#"{{"x": {a}, "y": {a}}}"#)], "constant:a"),
        (vec![format!(r#"{{"x": {a}, "y": {b}, "z": {b}}}"#)], "keyword"),
        (vec![a.clone(), a.clone()], "constant:a"),
        (vec![a.clone(), b.clone(), a.clone()], "keyword"),
        (vec![format!(r#"{{"x": {a}, "y": {b}}}"#), a], "keyword"),
    ] {
        let mut fields = Fields::built_in();
        for document in &documents {
            assert_eq!(fields.read(document), Ok(Vec::new()), "{document}");
        }
        assert_eq!(resolved(&fields.mapping(), "c"), expected, "{documents:?}");
    }
}

#[test]
fn closed_objects() {
    let file = r#""properties": {"a": {"properties": {"b": {"type": "ip"}}}}"#;
    for dynamic in ["false", r#""false""#, r#""strict""#] {
        let document = format!(r#"{{"mappings": {{"dynamic": {dynamic}, {file}}}}}"#);
        let names =
            [("a.b", "ip"), ("a.c", "unmapped"), ("process.name", "unmapped"), ("o365.audit.Parameters.x", "unmapped")];
        check(Fields::built_in(), &document, &names, &[]);
    }
    for dynamic in ["true", r#""true""#, r#""runtime""#] {
        let document = format!(r#"{{"mappings": {{"dynamic": {dynamic}, {file}}}}}"#);
        check(
            Fields::built_in(),
            &document,
            &[("a.b", "ip"), ("a.c", "dynamic"), ("process.name", "keyword:1024")],
            &[],
        );
    }
    let document = r#"{"properties": {"process": {"dynamic": "strict", "properties": {"pid": {"type": "ip"},
        "open": {"dynamic": true, "type": "object"}}}, "file": {"enabled": false, "properties": {"name": {"type": "ip"}}}}}"#;
    let names = [
        ("process.pid", "ip"),
        ("process.name", "unmapped"),
        ("process.open.x", "dynamic"),
        ("file.name", "unmapped"),
        ("user.name", "keyword:1024"),
    ];
    check(Fields::built_in(), document, &names, &[]);
    let mixed = r#"{"x": {"mappings": {"dynamic": false, "properties": {"a": {"type": "ip"}}}},
        "y": {"mappings": {"properties": {"a": {"type": "date"}}}}}"#;
    let warnings = [
        "a: ip and date in different mappings; it is taken as date",
        "some of its mappings are closed to other fields, others are not; it is taken as open",
    ];
    check(Fields::built_in(), mixed, &[("a", "date"), ("process.name", "keyword:1024"), ("b", "dynamic")], &warnings);
    check(Fields::built_in(), r#"{"enabled": false}"#, &[("process.name", "unmapped")], &[]);
}

#[test]
fn runtime_fields() {
    let document =
        r#"{"runtime": {"a": {"type": "keyword"}, "process.name": {"type": "long", "script": {"source": "1"}}}}"#;
    let names = [("a", "keyword"), ("process.name", "unindexed"), ("process.name.text", "unmapped")];
    let warning = "process.name: a runtime field is computed, which is not supported; no query matches it";
    check(Fields::built_in(), document, &names, &[warning]);
}
