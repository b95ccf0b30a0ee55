//! What a module may use.

use std::time::Duration;

use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};

/// Limits on every call of a detection module. Over one of them the call
/// traps; see [`Trap`](super::Trap).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Greatest size of the module's memory in bytes: 256 MiB.
    pub memory_bytes: usize,
    /// Greatest number of elements of a table: 20,000.
    pub table_elements: usize,
    /// Units of work that a line may cost: 50,000,000. The module counts them
    /// itself, the same on every machine; `wit/README.md` says what counts.
    pub line_work: u64,
    /// Longest time of the processor that a call may take, all rounds of a batch
    /// together, rounded up to 10 ms: 10 s, many times what the work of a line
    /// costs. It is for modules that do not count their work. What the host takes
    /// to answer does not count, nor does time in which other threads run.
    pub call_timeout: Duration,
    /// The same for loading rules: 60 s.
    pub configure_timeout: Duration,
    /// Bytes the host copies out of the module at a time, for a call that the
    /// module makes or for its answer: 128 MiB.
    pub hostcall_bytes: usize,
    /// How often the module may ask for one batch: 1,000.
    pub rounds: u32,
    /// Most questions for one batch, over all its rounds: 2,000,000.
    pub questions: usize,
    /// Bytes that the questions for one batch may take: 256 MiB.
    pub question_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            table_elements: 20_000,
            line_work: 50_000_000,
            call_timeout: Duration::from_secs(10),
            configure_timeout: Duration::from_secs(60),
            hostcall_bytes: 128 << 20,
            rounds: 1_000,
            questions: 2_000_000,
            question_bytes: 256 << 20,
        }
    }
}

/// Enforces [`Limits`] within one wasmtime store and knows how large the
/// memory has become.
pub(super) struct Guard {
    limits: StoreLimits,
    memory_bytes: usize,
}

impl Guard {
    pub(super) fn new(limits: &Limits) -> Self {
        let limits = StoreLimitsBuilder::new()
            .memory_size(limits.memory_bytes)
            .table_elements(limits.table_elements)
            .instances(8)
            .tables(8)
            .memories(2)
            .trap_on_grow_failure(true)
            .build();
        Self { limits, memory_bytes: 0 }
    }

    /// Size of the largest memory, which never shrinks.
    pub(super) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }
}

impl ResourceLimiter for Guard {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = self.limits.memory_growing(current, desired, maximum)?;
        if granted {
            self.memory_bytes = self.memory_bytes.max(desired);
        }
        Ok(granted)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.limits.memory_grow_failed(error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.limits.table_growing(current, desired, maximum)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.limits.table_grow_failed(error)
    }

    fn instances(&self) -> usize {
        self.limits.instances()
    }

    fn tables(&self) -> usize {
        self.limits.tables()
    }

    fn memories(&self) -> usize {
        self.limits.memories()
    }
}
