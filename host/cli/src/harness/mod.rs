//! Rule tests: folders of events and the alerts they must raise, run through
//! the same component as everything else.
//!
//! A case is a folder:
//!
//! | file | what |
//! |---|---|
//! | `events.ndjson` | the events, in order |
//! | `expected.ndjson` | the alerts, one JSON object a line; only the fields it names are compared |
//! | `rule.json` | Kibana rule JSON; else that of the nearest folder above, else the rules of the runner |
//! | `state.ndjson` | optional: terms known beforehand, `{"term":[…],"at":"2026-11-20T00:00:00Z"}` |
//! | `now` | optional: arrival time of the events; else that of the runner, else the latest `@timestamp` among them |

mod case;
mod expectation;
mod runner;

pub(crate) use case::{Case, find_cases};
pub(crate) use runner::{CaseResult, Runner};
