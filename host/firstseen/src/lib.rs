//! Elastic Security detection rules on events in flight: the embedding library.
//!
//! A [`Module`] (the compiled detection component) and rules make a
//! [`Detector`]; each thread that evaluates has a [`Worker`] of it. A worker
//! takes a [`Batch`] of NDJSON lines and answers with an [`Outcome`]: the
//! alerts, each with the line that raised it. The events themselves are never
//! changed.
//!
//! ```
//! use firstseen::{Batch, Detector, Module};
//!
//! let detector = Detector::builder(Module::built_in()?).build()?;
//! let mut worker = detector.worker()?;
//!
//! let event = br#"{"event":{"category":"process","type":"start","action":"exec"},
//!     "host":{"os":{"type":"linux"}},"process":{"name":"dpkg","args":["dpkg","-i","x.deb"],
//!     "parent":{"executable":"/usr/bin/bash"}}}"#;
//! let line: Vec<u8> = event.iter().copied().filter(|&byte| byte != b'\n').collect();
//!
//! let first = worker.evaluate(&Batch::new(&line, 1_767_225_600_000))?;
//! assert_eq!(first.alerts.len(), 1);
//! // Hand the alerts to a sink here; once it has them, say so.
//! detector.acknowledge(&first)?;
//!
//! let second = worker.evaluate(&Batch::new(&line, 1_767_225_601_000))?;
//! assert!(second.alerts.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is promised
//!
//! - Alerts of a batch and the sightings behind them are committed together or
//!   not at all; see [`ledger`]. After a crash [`Detector::outbox`] has what was
//!   committed and not acknowledged.
//! - A module that traps costs the detection of the line that made it trap,
//!   nothing else; [`Outcome::unjudged`] names the line. A module that keeps
//!   trapping is switched off, see [`Worker::disabled`].
//! - The same rules, state, batches and arrival times give the same bytes.

mod answer;
mod batch;
mod breaker;
mod builder;
mod configuration;
mod detector;
mod error;
mod gate;
mod learn;
mod outcome;
mod pool;
mod progress;
mod reports;
pub mod rule_files;
mod run_range;
mod sandbox;
mod set_apart;
mod shared;
mod strict_json;
mod text;
mod turn;
mod wasm;
mod worker;

pub use batch::Batch;
pub use builder::Builder;
pub use configuration::{AlertFormat, Clock, DataView, Document, Shortcuts};
pub use detector::Detector;
pub use error::Error;
/// What a detector remembers: the crate `firstseen-ledger`.
pub use firstseen_ledger as ledger;
pub use gate::Ticket;
pub use learn::Learn;
pub use outcome::{
    Alert, Cost, Counts, EventMatch, Fault, LostAlerts, MalformedLine, Matching, NotJudged, Outcome, Remark,
    RuleMatches, Unjudged,
};
pub use pool::{Judged, Judging, JudgingFuture, Pool};
pub use reports::{Cardinality, Reason, Refusal, RuleKind, RuleReports, RuleSummary, RuleType};
pub use run_range::RunRange;
pub use set_apart::{SetApart, SetApartCause, SetApartLine};
pub use wasm::{
    Description, Limits, LogLevel, LogMessage, Module, ModuleCache, ModuleError, Trap, TrapKind, is_printable,
    printable,
};
pub use worker::Worker;
