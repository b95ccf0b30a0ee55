//! Which cores a contender may use.

use anyhow::Result;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores of the process.
pub(crate) struct Cores(Vec<usize>);

impl Cores {
    pub(crate) fn of_process() -> Result<Self> {
        let all = sched_getaffinity(None)?;
        Ok(Self((0..CpuSet::MAX_CPU).filter(|&cpu| all.is_set(cpu)).collect()))
    }

    /// Keeps this thread, and what it starts from here on, to so many cores.
    pub(crate) fn keep_to(&self, count: usize) -> Result<()> {
        let mut set = CpuSet::new();
        self.0.iter().take(count).for_each(|&cpu| set.set(cpu));
        Ok(sched_setaffinity(None, &set)?)
    }
}
