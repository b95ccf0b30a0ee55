//! A case on Kibana's schedule.

use anyhow::{Context, Result};
use firstseen::{Clock, Detector, Document, Module};
use firstseen_backtest::{AlertsIndex, Execution, Occurrence, RunRange, Schedule, Warning};
use serde_json::{Value, json};

use super::case::{Case, Event};
use super::compare::RaisedAlert;
use super::inputs::{detector, stored, time_ms};

/// What the runs of a case gave.
pub(super) struct Replayed {
    pub(super) alerts: AlertsIndex,
    /// In the words of the cases.
    pub(super) warnings: Vec<&'static str>,
    /// What was looked at, run by run.
    pub(super) ranges: Vec<RunRange>,
    /// What the rule sees, as it was at first.
    pub(super) occurrences: Vec<Occurrence>,
    pub(super) events: Vec<Event>,
}

impl Replayed {
    /// Replays the runs of a case, in order, into one alerts index.
    pub(super) fn run(module: &Module, case: &Case) -> Result<Self> {
        let events = case.events()?;
        let stored = stored(&events)?;
        let (mut alerts, mut warnings, mut ranges) = (AlertsIndex::default(), Vec::new(), Vec::new());
        let mut occurrences = None;
        for execution in case.executions()? {
            let detector = detector(module, case, &execution.rule_override, &events)?;
            let mut schedule = Schedule::new(&detector, &stored)?;
            occurrences.get_or_insert_with(|| schedule.survey().occurrences(0).to_vec());
            let manual =
                execution.manual.as_ref().map(|(from, to)| Ok::<_, anyhow::Error>((time_ms(from)?, time_ms(to)?)));
            let execution = Execution { manual_ms: manual.transpose()?, ..Execution::at(time_ms(&execution.now)?) };
            let run = schedule.run(0, &execution, &mut alerts)?;
            ranges.extend(run.looked_at.ranges);
            warnings.extend(run.warnings.into_iter().map(|warning| match warning {
                Warning::MaxSignalsReached => "max_signals_reached",
                _ => "another",
            }));
        }
        Ok(Self { alerts, warnings, ranges, occurrences: occurrences.unwrap_or_default(), events })
    }

    /// The time of an event, by its place, as the rule has it; none if the rule
    /// does not match it or gets no term of it.
    pub(super) fn at_ms(&self, event: usize) -> Option<i64> {
        self.occurrences.iter().find(|occurrence| occurrence.event == event).map(|occurrence| occurrence.at_ms)
    }

    /// The alerts as cases speak of them.
    pub(super) fn found(&self) -> Vec<RaisedAlert> {
        let found = |event: usize, document: &str| RaisedAlert::new(&self.events, event, document);
        self.alerts.alerts().iter().map(|alert| found(alert.event, &alert.stored.document)).collect()
    }
}

impl RaisedAlert {
    /// An alert of an event, by its place.
    pub(super) fn new(events: &[Event], event: usize, document: &str) -> Self {
        Self {
            source_id: events.get(event).map(|event| event.id.clone()).unwrap_or_default(),
            document: serde_json::from_str(document).unwrap_or_default(),
        }
    }
}

/// The ranges of a run against those of a `rule_range_tuples` case.
pub(super) fn range_tuples(module: &Module, case: &Case) -> Result<Option<String>> {
    let input = case.rule.get("input").context("no input")?;
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let rule = json!({
        "type": "new_terms", "rule_id": "r", "name": "r", "risk_score": 1, "severity": "low", "query": "*",
        "new_terms_fields": ["host.name"], "history_window_start": "now-30d",
        "from": text("from"), "to": text("to"), "interval": text("interval"),
    });
    let rule = Document { name: "rule.json".to_owned(), content: rule.to_string() };
    let detector = Detector::builder(module.clone()).rules([rule]).clock(Clock::Event).build()?;
    let execution = Execution {
        previous_ms: text("previous_started_at").map(time_ms).transpose()?,
        ..Execution::at(time_ms(text("started_at").context("no start")?)?)
    };
    let found = Schedule::new(&detector, &[])?.ranges(0, &execution)?;

    let expected = case.expected.get("tuples").and_then(Value::as_array).context("no tuples")?;
    let end = |tuple: &Value, end: usize| time_ms(tuple.get(end).and_then(Value::as_str).context("no time")?);
    let ends = expected.iter().map(|tuple| Ok((end(tuple, 0)?, end(tuple, 1)?))).collect::<Result<Vec<_>>>()?;
    let found_ends: Vec<(i64, i64)> = found.ranges.iter().map(|range| (range.from_ms, range.to_ms)).collect();
    let gap_ms = case.expected.get("remaining_gap_ms").and_then(Value::as_u64).unwrap_or(0);
    // Each by its own `to`.
    let history = found.ranges.iter().all(|range| range.to_ms - range.history_start_ms == 30 * 86_400_000);
    Ok((found_ends != ends || found.gap_ms != gap_ms || !history)
        .then(|| format!("{found:?}, expected {ends:?} and {gap_ms} ms uncovered")))
}
