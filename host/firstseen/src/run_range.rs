//! What a scheduled run of a rule looks at.

/// What a run of a rule looks at, in epoch milliseconds. Both ends are
/// inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunRange {
    /// The rule's `from`: what is first seen later than this is new.
    pub from_ms: i64,
    /// The rule's `to`.
    pub to_ms: i64,
    /// Where the history begins; for a rule without one the same as `from`.
    pub history_start_ms: i64,
    /// The rule's `interval`, at least 1.
    pub interval_ms: u64,
    /// The rule's `max_signals`.
    pub max_signals: u32,
}
