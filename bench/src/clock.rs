//! Which time counts.

use std::time::{Duration, Instant};

use anyhow::Result;
use firstseen_bench_common::process::children_s;
use rustix::time::{ClockId, clock_gettime};

/// A clock for runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The one on the wall.
    Wall,
    /// The time that processors spent on this thread and on the processes it
    /// has waited for, those to 10 ms.
    Processor,
}

/// A point in time.
pub(crate) struct Start {
    clock: Clock,
    wall: Instant,
    processor_s: f64,
}

impl Clock {
    pub(crate) fn start(self) -> Result<Start> {
        let processor_s = match self {
            Self::Wall => 0.0,
            Self::Processor => processor_s()?,
        };
        Ok(Start { clock: self, wall: Instant::now(), processor_s })
    }
}

impl Start {
    /// Seconds since then.
    pub(crate) fn elapsed_s(&self) -> Result<f64> {
        match self.clock {
            Clock::Wall => Ok(self.wall.elapsed().as_secs_f64()),
            Clock::Processor => Ok(processor_s()? - self.processor_s),
        }
    }
}

fn processor_s() -> Result<f64> {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let thread = Duration::new(u64::try_from(time.tv_sec)?, u32::try_from(time.tv_nsec)?);
    Ok(thread.as_secs_f64() + children_s()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_processor_time() {
        let start = Clock::Processor.start().unwrap();
        let mut sum = 0u64;
        while start.elapsed_s().unwrap() == 0.0 {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(start.elapsed_s().unwrap() > 0.0);
    }
}
