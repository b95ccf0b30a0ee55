//! `eql-verdicts.ndjson`: which EQL rule matches which document, as far as it asks
//! for single events.

use anyhow::Result;
use firstseen::rule_files::FileRule;

use super::pairs;

#[test]
fn eql_verdicts_are_those_of_a_real_engine() -> Result<()> {
    pairs::check("eql-verdicts.ndjson", "corpus/eql-verdicts.json", asks_for_single_events)
}

/// Whether it is an EQL rule, and neither a sequence nor a sample.
fn asks_for_single_events(rule: &FileRule) -> bool {
    let query = rule.object().ok().and_then(|object| Some(object.get("query")?.as_str()?.to_owned()));
    let is_series = query.is_some_and(|query| matches!(first_word(&query), "sequence" | "sample"));
    rule.kind.as_deref() == Some("eql") && !is_series
}

/// The word that a query begins with, behind white space and comments.
fn first_word(query: &str) -> &str {
    let rest = query.trim_start();
    let comment = match rest.get(..2) {
        Some("//") => rest.split_once('\n'),
        Some("/*") => rest.split_once("*/"),
        _ => None,
    };
    match comment {
        Some((_, rest)) => first_word(rest),
        None => rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default(),
    }
}

#[test]
fn the_first_word_stands_behind_comments() {
    for query in ["sequence", " sequence by a", "/* a */ // b\n\tsequence with", "//\n/**/sequence[a"] {
        assert_eq!(first_word(query), "sequence", "{query}");
    }
    for query in ["", " ", "// sequence", "/* sequence", "sequences where a", "any where sequence"] {
        assert_ne!(first_word(query), "sequence", "{query}");
    }
}
