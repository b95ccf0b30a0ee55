//! The numbers of a proxy, in the form of Prometheus.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use firstseen::{Alert, NotJudged, Outcome};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Most rules that have numbers of their own.
const RULES_MAX: usize = 5_000;

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    recent: Mutex<VecDeque<RecentAlert>>,
    pub(crate) requests: Family<RequestLabels, Counter>,
    pub(crate) refused: Family<CauseLabels, Counter>,
    pub(crate) upstream_answers: Family<StatusLabels, Counter>,
    pub(crate) upstream_errors: Counter,
    pub(crate) documents: Counter,
    pub(crate) document_bytes: Counter,
    pub(crate) unjudged: Counter,
    pub(crate) malformed: Counter,
    pub(crate) deferred: Counter,
    pub(crate) deferred_by_outbox: Counter,
    pub(crate) held_back: Counter,
    pub(crate) lost: Counter,
    pub(crate) alerts_refused: Counter,
    pub(crate) matches: Family<RuleLabels, Counter>,
    pub(crate) alerts: Family<RuleLabels, Counter>,
    pub(crate) passed_unexamined: Counter,
    pub(crate) invalid_bulks: Counter,
    pub(crate) ids_assigned: Counter,
    pub(crate) ids_known: Counter,
    pub(crate) detection_failures: Counter,
    pub(crate) batches_off: Counter,
    pub(crate) reloads: Counter,
    pub(crate) reloads_failed: Counter,
    pub(crate) detection_seconds: Histogram,
    pub(crate) added_seconds: Histogram,
    module_seconds: Histogram,
    commit_seconds: Histogram,
    sightings: Counter,
    traps: Counter,
}

/// What kind of request it was.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    pub(crate) kind: &'static str,
}

/// Why a request was refused.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct CauseLabels {
    pub(crate) cause: &'static str,
}

/// A status of HTTP.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct StatusLabels {
    pub(crate) status: u16,
}

/// A rule.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct RuleLabels {
    pub(crate) rule_id: String,
}

/// An alert of the last time.
#[derive(Clone, Debug)]
pub(crate) struct RecentAlert {
    pub(crate) at_ms: i64,
    pub(crate) rule_id: String,
    /// How its term begins.
    pub(crate) term: String,
}

/// Most alerts of the last time that are kept.
const RECENT_MAX: usize = 50;

/// Most characters of their terms.
const TERM_CHARS_MAX: usize = 200;

fn beginning(term: &str) -> String {
    term.chars().take(TERM_CHARS_MAX).collect()
}

/// What numbers are at this moment.
pub(crate) struct Now {
    pub(crate) in_flight_bytes: usize,
    pub(crate) connections: usize,
    pub(crate) terms: Option<u64>,
    pub(crate) outbox_alerts: Option<u64>,
    pub(crate) outbox_bytes: Option<u64>,
    pub(crate) outbox_age: Option<Duration>,
    pub(crate) is_detecting: bool,
    pub(crate) are_alerts_taken: bool,
}

fn seconds() -> Histogram {
    Histogram::new([0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0])
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("firstseen"),
            requests: Family::default(),
            refused: Family::default(),
            upstream_answers: Family::default(),
            upstream_errors: Counter::default(),
            documents: Counter::default(),
            document_bytes: Counter::default(),
            unjudged: Counter::default(),
            malformed: Counter::default(),
            deferred: Counter::default(),
            deferred_by_outbox: Counter::default(),
            held_back: Counter::default(),
            lost: Counter::default(),
            alerts_refused: Counter::default(),
            recent: Mutex::default(),
            matches: Family::default(),
            alerts: Family::default(),
            passed_unexamined: Counter::default(),
            invalid_bulks: Counter::default(),
            ids_assigned: Counter::default(),
            ids_known: Counter::default(),
            detection_failures: Counter::default(),
            batches_off: Counter::default(),
            reloads: Counter::default(),
            reloads_failed: Counter::default(),
            detection_seconds: seconds(),
            added_seconds: seconds(),
            module_seconds: seconds(),
            commit_seconds: seconds(),
            sightings: Counter::default(),
            traps: Counter::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let Self { registry, .. } = self;
        registry.register("requests", "Requests by kind", self.requests.clone());
        registry.register("refused", "Requests that were refused here, by cause", self.refused.clone());
        registry.register("upstream_answers", "Answers of the cluster by status", self.upstream_answers.clone());
        registry.register("upstream_errors", "Requests that the cluster did not answer", self.upstream_errors.clone());
        registry.register("documents", "Documents that were looked at", self.documents.clone());
        registry.register_with_unit("documents", "Their sources", Unit::Bytes, self.document_bytes.clone());
        registry.register("unjudged", "Documents that were not judged in full", self.unjudged.clone());
        registry.register("malformed", "Documents that are no events", self.malformed.clone());
        registry.register("deferred", "Sightings put off by a rule's quota", self.deferred.clone());
        let deferred = self.deferred_by_outbox.clone();
        registry.register("deferred_by_outbox", "Sightings put off by a full outbox", deferred);
        registry.register("held_back", "Alerts held back by learning", self.held_back.clone());
        registry.register("alerts_lost", "Alerts that a full outbox had no room for", self.lost.clone());
        let refused = self.alerts_refused.clone();
        registry.register("alerts_refused", "Alerts that their target refused, and that are kept", refused);
        registry.register("matches", "Documents that a rule matched", self.matches.clone());
        registry.register("alerts", "Alerts of a rule", self.alerts.clone());
        let passed = self.passed_unexamined.clone();
        registry.register("passed_unexamined", "Requests with documents that passed while detection failed", passed);
        let invalid = self.invalid_bulks.clone();
        registry.register("invalid_bulks", "Bulk requests with a line that is no action", invalid);
        registry.register("ids_assigned", "Documents that were given an id", self.ids_assigned.clone());
        let known = self.ids_known.clone();
        registry.register("ids_known", "Documents of requests with given ids that were there already (409)", known);
        registry.register("detection_failures", "How often detection went off", self.detection_failures.clone());
        registry.register("batches_off", "Batches that were not judged", self.batches_off.clone());
        registry.register("reloads", "How often rules were read again", self.reloads.clone());
        registry.register("reloads_failed", "How often rules could not be read again", self.reloads_failed.clone());
        let help = "From giving a request's documents to the rules to the commit";
        registry.register_with_unit("detection", help, Unit::Seconds, self.detection_seconds.clone());
        let help = "What a request waited beyond the cluster's answer";
        registry.register_with_unit("added", help, Unit::Seconds, self.added_seconds.clone());
        let help = "Processor time in the module for a batch";
        registry.register_with_unit("module", help, Unit::Seconds, self.module_seconds.clone());
        let help = "Until the state has made a batch safe";
        registry.register_with_unit("commit", help, Unit::Seconds, self.commit_seconds.clone());
        registry.register("sightings", "Sightings that the state was asked about", self.sightings.clone());
        registry.register("traps", "Documents that the module failed on", self.traps.clone());
    }

    /// Counts what a batch gave.
    pub(crate) fn note(&self, outcome: &Outcome, rule_ids: &[String], at_ms: i64) {
        let counts = &outcome.counts;
        self.unjudged.inc_by(counts.unjudged);
        self.malformed.inc_by(counts.malformed);
        self.deferred.inc_by(counts.deferred);
        self.deferred_by_outbox.inc_by(counts.deferred_by_outbox);
        self.held_back.inc_by(counts.held_back);
        self.lost.inc_by(counts.lost);
        self.module_seconds.observe(outcome.cost.module.as_secs_f64());
        self.commit_seconds.observe(outcome.cost.commit.as_secs_f64());
        self.sightings.inc_by(outcome.cost.sightings);
        let is_trap = |cause: &NotJudged| matches!(cause, NotJudged::Trap(_));
        self.traps.inc_by(outcome.unjudged.iter().filter(|document| is_trap(&document.cause)).count() as u64);
        for matched in outcome.matches.iter().filter(|matched| matched.rule < RULES_MAX) {
            if let Some(rule_id) = rule_ids.get(matched.rule) {
                let labels = RuleLabels { rule_id: rule_id.clone() };
                self.matches.get_or_create(&labels).inc_by(matched.events);
            }
        }
        let mut recent = self.recent();
        for Alert { stored, .. } in &outcome.alerts {
            let rule_id = stored.rule_id.clone().unwrap_or_default();
            recent.push_front(RecentAlert { at_ms, rule_id: rule_id.clone(), term: beginning(&stored.term) });
            recent.truncate(RECENT_MAX);
            self.alerts.get_or_create(&RuleLabels { rule_id }).inc();
        }
    }

    /// The alerts of the last time, the newest first.
    pub(crate) fn recent_alerts(&self) -> Vec<RecentAlert> {
        self.recent().iter().cloned().collect()
    }

    /// How many documents a rule matched, and how many alerts it raised.
    pub(crate) fn of_rule(&self, rule_id: &str) -> (u64, u64) {
        let labels = RuleLabels { rule_id: rule_id.to_owned() };
        let count = |family: &Family<RuleLabels, Counter>| family.get(&labels).map_or(0, |counter| counter.get());
        (count(&self.matches), count(&self.alerts))
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<RecentAlert>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of it as text.
    pub(crate) fn text(&self, now: &Now) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        let mut body = text.trim_end_matches("# EOF\n").to_owned();
        let mut gauge = |name: &str, help: &str, value: Option<u64>| {
            if let Some(value) = value {
                let _ = write!(
                    body,
                    "# HELP firstseen_{name} {help}.\n# TYPE firstseen_{name} gauge\nfirstseen_{name} {value}\n"
                );
            }
        };
        gauge("in_flight_bytes", "Bytes of bodies that are looked at", Some(now.in_flight_bytes as u64));
        gauge("connections", "Connections of clients", Some(now.connections as u64));
        gauge("terms", "Terms that the state knows", now.terms);
        gauge("outbox_alerts", "Alerts that wait", now.outbox_alerts);
        gauge("outbox_bytes", "Bytes of alerts that wait", now.outbox_bytes);
        gauge("outbox_age_seconds", "Since the alert came that waits longest", now.outbox_age.map(|age| age.as_secs()));
        gauge("detecting", "Whether detection is on", Some(u64::from(now.is_detecting)));
        gauge("alerts_taken", "Whether alerts are taken", Some(u64::from(now.are_alerts_taken)));
        body.push_str("# EOF\n");
        body
    }
}
