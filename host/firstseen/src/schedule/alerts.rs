//! What Kibana's alerts index would hold.

use std::collections::BTreeSet;

/// An alert of a scheduled run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledAlert {
    /// Its source: the event's place among those of the schedule.
    pub event: usize,
    /// Start of the run that created it, in epoch milliseconds.
    pub created_ms: i64,
    /// The rule's `rule_id`.
    pub rule_id: String,
    /// The new term, a canonical JSON array.
    pub term: String,
    /// `kibana.alert.uuid`, also its `_id`.
    pub id: String,
    /// The alert document: one JSON object on one line.
    pub document: String,
}

/// The alerts of runs, in the order of their creation. It outlives a
/// [`Schedule`](super::Schedule): a rule that is edited between two runs keeps
/// its alerts.
#[derive(Clone, Debug, Default)]
pub struct AlertsIndex {
    alerts: Vec<ScheduledAlert>,
    ids: BTreeSet<String>,
}

impl AlertsIndex {
    /// The alerts, in the order of their creation.
    pub fn alerts(&self) -> &[ScheduledAlert] {
        &self.alerts
    }

    /// Whether there is an alert of this id.
    pub fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    pub(super) fn create(&mut self, alert: ScheduledAlert) {
        self.ids.insert(alert.id.clone());
        self.alerts.push(alert);
    }
}
