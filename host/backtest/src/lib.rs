//! Kibana's schedule, replayed: the runs of a rule over stored events, and the
//! alerts that its alerts index would hold.
//!
//! A stream judges each event as it comes; Kibana asks an index every few
//! minutes. [`Schedule`] does the latter with the rules of a [`Detector`], so
//! that both can be laid side by side: the module says which events match, with
//! which terms and when, and writes the alerts; the state is the same as in a
//! stream. A run is
//!
//! 1. a fresh ledger,
//! 2. the history, `[historyStart, from]`, learned: what is in it is known and
//!    raises nothing,
//! 3. the interval, `(from, to]`, judged, oldest event first,
//! 4. no more than `max_signals` of the new terms, in Kibana's order,
//! 5. less what the [`AlertsIndex`] has already, by id.
//!
//! ```
//! use firstseen_backtest::{AlertsIndex, Execution, Schedule, StoredEvent};
//! use firstseen::{Detector, Module};
//!
//! let detector = Detector::builder(Module::built_in()?).build()?;
//! let install = |id: &str, at: &str| StoredEvent {
//!     id: id.to_owned(),
//!     ..StoredEvent::new(format!(r#"{{"@timestamp":"{at}","event":{{"category":"process","type":"start",
//!         "action":"exec"}},"host":{{"os":{{"type":"linux"}}}},"process":{{"name":"dpkg","args":["dpkg","-i"],
//!         "parent":{{"executable":"/usr/bin/bash"}}}}}}"#))
//! };
//! let events = [install("b", "2026-01-01T11:59:00Z"), install("a", "2026-01-01T11:58:00Z")];
//!
//! let mut alerts = AlertsIndex::default();
//! let mut schedule = Schedule::new(&detector, &events)?;
//! let noon = 1_767_268_800_000;
//! for now_ms in [noon, noon + 300_000] {
//!     schedule.run(0, &Execution::at(now_ms), &mut alerts)?;
//! }
//! // One term, found by both runs, with the same oldest event: one alert.
//! assert_eq!(alerts.alerts().len(), 1);
//! assert_eq!(alerts.alerts()[0].event, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is Kibana's, and what is not
//!
//! From Kibana (`new_terms/`, `utils.ts`): the ranges and their ends, that a
//! term is new if it was first seen strictly after `from`, that the oldest event
//! is an alert's source, which terms survive `max_signals`, of an `eql` rule the
//! latest events, catching up after a gap, that a second alert appears when a
//! late event becomes the oldest.
//!
//! Not copied: pipes of EQL, pages of a multi-field history that arrays overfill, runs that
//! fail on a single boolean field. Times have milliseconds, also those of
//! `date_nanos` fields. Documents of a manual run say `scheduled`.

mod alerts;
mod order;
mod range;
mod run;
mod scripted;
mod survey;

pub use alerts::{AlertsIndex, ScheduledAlert};
pub use firstseen::RunRange;
pub use range::{Execution, RunRanges};
pub use run::{Run, Schedule, Warning};
pub use survey::{Occurrence, StoredEvent, Survey};

#[cfg(doc)]
use firstseen::Detector;
