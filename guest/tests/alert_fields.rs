//! The table of what alerts hold at a path is what its sources give.
//!
//! The sources are lists of facts that lie beside the corpus: all fields of
//! Elastic Common Schema with their types, and the index template of Kibana's
//! alerts. They are not part of the repository; the table made from them is.
//! `BLESS=1` makes it anew.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a failed assumption is a failed test")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::{env, fs};

use firstseen_tests::needs::missing;
use firstseen_tests::repository;
use serde_json::Value;

const HEADER: &str = "\
# What an alert may hold at a path: Elastic Common Schema, and the index template of Kibana's alerts.
# The form is explained in guest/src/alert/fields.rs; guest/tests/alert_fields.rs writes this file.
";

/// What stands at each path, by the word that the table has for it.
type Words = BTreeMap<String, &'static str>;

#[test]
fn the_table_is_what_its_sources_give() {
    let folder = repository("../shared/spec");
    let sources = ["ecs-types.json", "kibana-alerts-template.json"].map(|name| folder.join(name));
    if !sources.iter().all(|path| path.exists()) {
        missing(format_args!("there are no facts on alerts at {}", folder.display())).expect("they may be absent");
        return;
    }
    let [ecs, template] = sources.map(|path| -> Value {
        let text = fs::read_to_string(path).expect("a source can be read");
        serde_json::from_str(&text).expect("a source is JSON")
    });
    let mut words = Words::new();
    for (name, mapping) in ecs.as_object().expect("fields by their names") {
        words.insert(name.clone(), word(mapping));
    }
    add_mapped(&template["template"]["mappings"]["properties"], "", &mut words);
    let actual = format!("{HEADER}{}", tree(&words));

    let path = repository("guest/fields/alert.txt");
    if env::var_os("BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&path, actual).expect("the table can be written");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{} is not what its sources give; BLESS=1 rewrites it", path.display());
}

/// Adds the fields of the alerts index that an event can have too.
fn add_mapped(properties: &Value, prefix: &str, words: &mut Words) {
    for (name, mapping) in properties.as_object().expect("properties") {
        let path = format!("{prefix}{name}");
        if matches!(path.as_str(), "kibana" | "signal") {
            continue;
        }
        if let Some(properties) = mapping.get("properties") {
            add_mapped(properties, &format!("{path}."), words);
        }
        match (mapping_word(mapping), words.get(&path)) {
            // A keyword whose values are not cut fails on one that is too long.
            ("", None | Some(&"")) if is_term(mapping) => words.insert(path, "term"),
            // What Kibana compares with an event is Elastic Common Schema.
            (_, Some(_)) => None,
            ("object", None) if mapping.get("properties").is_some() => None,
            (word, None) => words.insert(path, word),
        };
    }
}

fn is_term(mapping: &Value) -> bool {
    mapping["type"] == "keyword" && mapping.get("ignore_above").is_none() && mapping["index"] != false
}

fn mapping_word(mapping: &Value) -> &'static str {
    if mapping.get("type").is_none() { "object" } else { word(mapping) }
}

/// The word for a mapping, or the name of its type.
fn word(mapping: &Value) -> &'static str {
    match mapping.as_str().or(mapping["type"].as_str()).expect("a mapping has a type") {
        "keyword" | "constant_keyword" | "wildcard" | "match_only_text" | "version" | "double" => "",
        "object" | "flattened" => "object",
        "long" | "integer" => "long",
        "float" | "scaled_float" => "float",
        "nested" => "nested",
        "geo_point" => "geo_point",
        "ip" => "ip",
        "date" => "date",
        "boolean" => "boolean",
        other => panic!("the table has no word for {other}"),
    }
}

/// The table: a line for each object and field, below the object that it is in.
fn tree(words: &Words) -> String {
    let mut objects: BTreeMap<Vec<&str>, &str> = BTreeMap::new();
    for (path, word) in words {
        let names: Vec<&str> = path.split('.').collect();
        for length in 1..names.len() {
            let object = objects.entry(names[..length].to_vec()).or_insert("");
            assert!(matches!(*object, "" | "object" | "nested"), "{path} is below a field");
        }
        objects.insert(names, word);
    }
    let mut table = String::new();
    for (names, word) in &objects {
        let (name, above) = names.split_last().expect("a path has a name");
        let has_below = objects.range(names.clone()..).nth(1).is_some_and(|(next, _)| next.starts_with(names));
        let word = if has_below && *word == "object" { "" } else { word };
        assert!(!has_below || matches!(word, "" | "nested"), "{names:?} is an object and a field");
        let space = if word.is_empty() { "" } else { " " };
        writeln!(table, "{}{name}{space}{word}", " ".repeat(above.len())).expect("a string takes all");
    }
    table
}
