//! Which cores a contender may use.

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores of the process.
pub struct Cores(Vec<usize>);

impl Cores {
    pub fn of_process() -> Result<Self> {
        let all = sched_getaffinity(None)?;
        Ok(Self((0..CpuSet::MAX_CPU).filter(|&cpu| all.is_set(cpu)).collect()))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Keeps this thread, and what it starts from here on, to so many cores.
    pub fn keep_to(&self, count: usize) -> Result<()> {
        keep_to(self.0.iter().take(count))
    }

    /// The same to a single one, by its place.
    pub fn keep_to_one(&self, place: usize) -> Result<()> {
        let core = self.0.get(place).with_context(|| format!("there are {} cores", self.0.len()))?;
        keep_to([core])
    }
}

fn keep_to<'c>(cores: impl IntoIterator<Item = &'c usize>) -> Result<()> {
    let mut set = CpuSet::new();
    cores.into_iter().for_each(|&cpu| set.set(cpu));
    Ok(sched_setaffinity(None, &set)?)
}
