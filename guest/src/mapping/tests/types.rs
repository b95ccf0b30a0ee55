//! Each type of a field, and its members.

use super::super::Fields;
use super::check;

#[test]
fn types() {
    let not_supported = "is not supported; queries can only ask whether there is a value";
    for (field, expected, warning) in [
        (r#"{"type": "keyword"}"#, "keyword", ""),
        (r#"{"type": "keyword", "ignore_above": 256}"#, "keyword:256", ""),
        (r#"{"type": "keyword", "ignore_above": "256"}"#, "keyword:256", ""),
        (r#"{"type": "keyword", "ignore_above": 2147483647}"#, "keyword", ""),
        (r#"{"type": "keyword", "normalizer": "lowercase"}"#, "keyword:lowercase", ""),
        (
            r#"{"type": "keyword", "normalizer": "mine"}"#,
            "keyword",
            "x: the normalizer `mine` is not supported; values are taken as they are",
        ),
        (r#"{"type": "keyword", "index": false}"#, "keyword", ""),
        (r#"{"type": "keyword", "doc_values": false}"#, "keyword", ""),
        (r#"{"type": "keyword", "index": false, "doc_values": "false"}"#, "unindexed", ""),
        (r#"{"type": "keyword", "null_value": null}"#, "keyword", ""),
        (r#"{"type": "keyword", "null_value": "-"}"#, "keyword", "x: `null_value` has no effect: null is no value"),
        (r#"{"type": "keyword", "copy_to": ["y"]}"#, "keyword", "x: `copy_to` has no effect"),
        (
            r#"{"type": "long", "script": {"source": "1"}}"#,
            "long",
            "x: its script is not run; the long has the values that the event has",
        ),
        (r#"{"type": "wildcard", "ignore_above": 9}"#, "keyword:9", ""),
        (r#"{"type": "constant_keyword"}"#, "keyword", ""),
        (r#"{"type": "constant_keyword", "value": "v"}"#, "constant:v", ""),
        (r#"{"type": "constant_keyword", "value": 5}"#, "constant:5", ""),
        (r#"{"type": "text"}"#, "text", ""),
        (r#"{"type": "text", "analyzer": "standard"}"#, "text", ""),
        (
            r#"{"type": "text", "analyzer": "english", "search_analyzer": "mine"}"#,
            "text",
            "x: the analyzer `english` is not supported; `standard` stands for it",
        ),
        (r#"{"type": "text", "index": false, "doc_values": true}"#, "unindexed", ""),
        (r#"{"type": "match_only_text"}"#, "text", ""),
        (r#"{"type": "long"}"#, "long", ""),
        (r#"{"type": "long", "index": false}"#, "long", ""),
        (r#"{"type": "long", "index": false, "doc_values": false}"#, "unindexed", ""),
        (r#"{"type": "integer"}"#, "integer", ""),
        (r#"{"type": "short"}"#, "short", ""),
        (r#"{"type": "byte"}"#, "byte", ""),
        (r#"{"type": "unsigned_long"}"#, "unsigned_long", ""),
        (r#"{"type": "double"}"#, "double", ""),
        (r#"{"type": "float"}"#, "float", ""),
        (r#"{"type": "half_float"}"#, "half_float", ""),
        (r#"{"type": "scaled_float", "scaling_factor": 100}"#, "scaled:100", ""),
        (
            r#"{"type": "scaled_float", "scaling_factor": 0}"#,
            "double",
            "x: a scaled_float without `scaling_factor` is taken for a double",
        ),
        (r#"{"type": "boolean"}"#, "boolean", ""),
        (r#"{"type": "date"}"#, "date", ""),
        (r#"{"type": "date", "format": "strict_date_optional_time||epoch_millis"}"#, "date", ""),
        (
            r#"{"type": "date", "format": "epoch_second"}"#,
            "date",
            "x: the format `epoch_second` is not supported; `strict_date_optional_time||epoch_millis` stands for it",
        ),
        (r#"{"type": "date_nanos"}"#, "date_nanos", ""),
        (r#"{"type": "ip"}"#, "ip", ""),
        (r#"{"type": "version"}"#, "version", ""),
        (r#"{"type": "flattened", "ignore_above": 9}"#, "flattened:9", ""),
        (r#"{"type": "geo_point"}"#, "opaque", ""),
        (r#"{"type": "binary"}"#, "unindexed", ""),
        (r#"{"type": "rank_feature"}"#, "opaque", &format!("x: the type `rank_feature` {not_supported}")),
        (r#"{"type": "ip_range"}"#, "opaque", &format!("x: the type `ip_range` {not_supported}")),
        (r#"{"type": "nested"}"#, "nested", ""),
        (r#"{"type": "object"}"#, "dynamic", ""),
        (r#"{"type": "object", "dynamic": "strict"}"#, "dynamic", ""),
        ("{}", "dynamic", ""),
        (r#"{"type": "alias"}"#, "dynamic", "x: an alias without `path`; it is left out"),
        (r#"{"type": "alias", "path": "y"}"#, "dynamic", "x: an alias of `y`, which is not a field; it is left out"),
    ] {
        let document = format!(r#"{{"properties": {{"x": {field}}}}}"#);
        let warnings: Vec<&str> = [warning].into_iter().filter(|warning| !warning.is_empty()).collect();
        check(Fields::default(), &document, &[("x", expected)], &warnings);
    }
}
