//! Rule tests: folders of events and the alerts they must raise, run through
//! the same component as everything else.
//!
//! A case is a folder:
//!
//! | file | what |
//! |---|---|
//! | `events.ndjson` | the events, in order |
//! | `expected.ndjson` | the alerts, one JSON object a line; only the fields it names are compared |
//! | `*.toml`, `*.json`, `*.ndjson` | one file of rules of any name; else the rules of the runner |
//! | `exceptions.ndjson`, `mapping.json`, `value_lists/` | optional: what belongs to the rules, beside what the runner has |
//! | `state.ndjson` | optional: terms known beforehand, `{"term":[…],"at":"2026-11-20T00:00:00Z"}` |
//! | `now` | optional: arrival time of the events; else that of the runner, else the latest `@timestamp` among them |
//!
//! What is missing of rules and what belongs to them is that of the nearest folder
//! above.

mod case;
mod expectation;
mod own_files;
mod runner;

pub(crate) use case::{Case, case_name, find_cases};
pub(crate) use runner::{CaseReport, CaseResult, Runner};
