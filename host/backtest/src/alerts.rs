//! What Kibana's alerts index would hold.

use std::collections::BTreeSet;

use firstseen::ledger::StoredAlert;

/// An alert of a scheduled run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledAlert {
    /// Its source: the event's place among those of the schedule.
    pub event: usize,
    /// Start of the run that created it, in epoch milliseconds.
    pub created_ms: i64,
    /// What it says.
    pub stored: StoredAlert,
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
        self.ids.insert(alert.stored.id.clone());
        self.alerts.push(alert);
    }
}
