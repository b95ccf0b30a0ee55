//! How much may wait in the outbox.

/// How much may wait in the outbox before what is new is put off.
///
/// Nothing that waits is ever dropped for it. Where there is no room an unseen term
/// is answered [`Verdict::Deferred`](crate::Verdict::Deferred), so that it stays
/// unknown and alerts when it comes again. An alert that nobody asked for, with `[]` or
/// nothing as its term, is lost. [`Committed`](crate::Committed) tells of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxMax {
    /// Alerts.
    pub alerts: u64,
    /// Bytes of their documents. Looked at before a batch, so that its alerts of new
    /// terms may go beyond it.
    pub bytes: u64,
}

impl OutboxMax {
    /// No bound.
    pub const NONE: Self = Self { alerts: u64::MAX, bytes: u64::MAX };
}

impl Default for OutboxMax {
    /// 100,000 alerts, and 256 MiB.
    fn default() -> Self {
        Self { alerts: 100_000, bytes: 256 << 20 }
    }
}

/// What waits in an outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxSize {
    /// Alerts committed and not yet acknowledged.
    pub alerts: u64,
    /// Bytes of their documents, or some more.
    pub bytes: u64,
}

impl OutboxSize {
    /// Whether another alert, of so many bytes, goes beyond a bound.
    #[must_use]
    pub fn has_room(self, bytes: u64, max: OutboxMax) -> bool {
        self.alerts < max.alerts && self.bytes.saturating_add(bytes) <= max.bytes
    }

    /// What waits with another alert of so many bytes.
    #[must_use]
    pub fn with(self, bytes: u64) -> Self {
        Self { alerts: self.alerts.saturating_add(1), bytes: self.bytes.saturating_add(bytes) }
    }
}
