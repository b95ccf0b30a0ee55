//! The last word of a run.

use std::fmt;
use std::time::Duration;

use firstseen::Counts;

/// What passed, and how long it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    pub(crate) counts: Counts,
    pub(crate) bytes: u64,
    pub(crate) elapsed: Duration,
}

impl Summary {
    /// For machines.
    pub(crate) fn to_json(self) -> serde_json::Value {
        let Counts { events, malformed, matched, alerts, held_back, deferred, deferred_by_outbox, lost, unjudged } =
            self.counts;
        serde_json::json!({
            "events": events, "malformed": malformed, "matched": matched, "alerts": alerts,
            "held_back": held_back, "deferred": deferred, "deferred_by_outbox": deferred_by_outbox, "lost": lost,
            "unjudged": unjudged,
            "bytes": self.bytes, "elapsed_ms": self.elapsed.as_millis() as u64,
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { events, malformed, matched, alerts, held_back, deferred, deferred_by_outbox, lost, unjudged } =
            self.counts;
        write!(
            f,
            "{events} events, {malformed} malformed, {matched} matched, {alerts} alerts, {held_back} held back by \
             learning, {deferred} deferred by the quota"
        )?;
        if deferred_by_outbox > 0 {
            write!(f, ", {deferred_by_outbox} deferred by a full outbox")?;
        }
        if lost > 0 {
            write!(f, ", {lost} ALERTS LOST")?;
        }
        if unjudged > 0 {
            write!(f, ", {unjudged} NOT JUDGED")?;
        }
        let seconds = self.elapsed.as_secs_f64().max(1e-9);
        write!(f, " ({:.1} MB in {seconds:.2} s)", self.bytes as f64 / 1e6)
    }
}
