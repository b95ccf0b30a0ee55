//! How a transaction judges.

use super::{Learning, OutboxMax};

/// How a transaction judges.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which rules are learning.
    pub learning: Learning,
    /// What may wait for the sink.
    pub outbox_max: OutboxMax,
    /// The clock by which what is kept for keys of rules is released and forgotten.
    pub clock: Clock,
    /// How long an event of a sequence waits for others that stand before it, in
    /// milliseconds; 0: events are judged as they come.
    pub late_ms: u64,
    /// How much may be kept for keys of rules.
    pub stages_max: StagesMax,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            learning: Learning::NONE,
            outbox_max: OutboxMax::default(),
            clock: Clock::default(),
            late_ms: 0,
            stages_max: StagesMax::default(),
        }
    }
}

/// The clock by which what is kept for keys of rules is released and forgotten. Within
/// a key the times of its own events decide in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    /// The arrival of batches.
    #[default]
    Arrival,
    /// The time that [`WATERMARK_EVENTS`](super::WATERMARK_EVENTS) events have reached,
    /// for a replay.
    Event,
}

/// How much may be kept for keys of rules: unfinished sequences, and events for
/// samples. Beyond it the oldest are forgotten, and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StagesMax {
    /// Bytes of a rule.
    pub rule_bytes: u64,
    /// Bytes of all rules together. What is forgotten for it is of the rule that has
    /// most, of those that the batch changes.
    pub bytes: u64,
}

impl Default for StagesMax {
    /// 256 MiB a rule, and 1 GiB in all.
    fn default() -> Self {
        Self { rule_bytes: 256 << 20, bytes: 1 << 30 }
    }
}
