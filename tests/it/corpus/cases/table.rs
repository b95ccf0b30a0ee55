//! `tests/data/corpus/new-terms-cases.json`: the cases by what comes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use firstseen_tests::data;
use serde::{Deserialize, Serialize};

use super::reasons;

/// What a case that gives just what Kibana gave is listed under.
const SAME: &str = "same";

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// Each reason and what it means, in a sentence.
    reasons: BTreeMap<String, String>,
    /// Cases on Kibana's schedule.
    pub(super) schedule: Column,
    /// Cases as streams.
    pub(super) stream: Column,
}

/// The cases that are `same`, and the others by the reason why they differ.
#[derive(Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct Column(BTreeMap<String, BTreeSet<String>>);

impl Table {
    pub(super) fn read() -> Result<Self> {
        let path = path();
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let table: Self = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let named: BTreeSet<&str> = table.reasons.keys().map(String::as_str).collect();
        ensure!(
            named == reasons::ALL.into(),
            "the reasons that have a sentence are not those that there are: {named:?}"
        );
        Ok(table)
    }

    /// With `BLESS=1`, writes the table as it has become.
    pub(super) fn bless(&self) -> Result<()> {
        match blesses() {
            true => Ok(fs::write(path(), serde_json::to_string_pretty(self)? + "\n")?),
            false => Ok(()),
        }
    }
}

impl Column {
    /// What is wrong with a case: it differs for no reason, or is not where the
    /// table has it. A case of another corpus, which the table does not have, may
    /// differ for a reason.
    pub(super) fn check(
        &mut self,
        name: &str,
        difference: Option<String>,
        reason: Option<&'static str>,
    ) -> Option<String> {
        let found = match (&difference, reason) {
            (None, _) => SAME,
            (Some(_), Some(reason)) => reason,
            (Some(difference), None) => return Some(difference.clone()),
        };
        let listed = self.0.iter().find(|(_, names)| names.contains(name)).map(|(reason, _)| reason.clone());
        if blesses() {
            self.0.values_mut().for_each(|names| names.retain(|listed| listed != name));
            self.0.entry(found.to_owned()).or_default().insert(name.to_owned());
            self.0.retain(|_, names| !names.is_empty());
            return None;
        }
        match listed {
            Some(listed) if listed != found => {
                Some(format!("the table has it under `{listed}`, it is `{found}`: {}", difference.unwrap_or_default()))
            }
            _ => None,
        }
    }
}

fn path() -> PathBuf {
    data("corpus/new-terms-cases.json")
}

fn blesses() -> bool {
    std::env::var_os("BLESS").is_some_and(|bless| bless == "1")
}

#[test]
fn a_case_is_where_the_table_has_it() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let mut column =
        Column(BTreeMap::from([(SAME.to_owned(), names(&["a", "b"])), (reasons::OLDEST.to_owned(), names(&["c"]))]));
    let mut check = |name, differs: bool, reason| column.check(name, differs.then(|| "x".to_owned()), reason).is_some();
    assert!(!check("a", false, None));
    assert!(!check("a", false, Some(reasons::OLDEST)));
    assert!(check("a", true, None));
    assert!(!check("c", true, Some(reasons::OLDEST)));
    assert!(check("unknown", true, None));
    assert!(!check("unknown", true, Some(reasons::OLDEST)));
    if !blesses() {
        assert!(check("b", true, Some(reasons::OLDEST)), "differs, and is listed as the same");
        assert!(check("c", false, None), "is the same, and is listed as different");
        assert!(check("c", true, Some(reasons::DEFECT)), "differs for another reason");
    }
}
