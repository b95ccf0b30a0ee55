//! `verdicts.ndjson`: which KQL rule matches which document.

use anyhow::Result;

use super::pairs;

#[test]
fn verdicts_are_those_of_real_engines() -> Result<()> {
    pairs::check("verdicts.ndjson", "corpus/verdicts.json", |rule| {
        matches!(rule.kind.as_deref(), Some("new_terms" | "query"))
    })
}
