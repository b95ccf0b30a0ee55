//! Which time counts.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};

/// Ticks of `/proc/self/stat` in a second, the same on every Linux.
const TICKS_PER_S: f64 = 100.0;

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
    Ok(thread.as_secs_f64() + children_ticks(&fs::read_to_string("/proc/self/stat")?)? as f64 / TICKS_PER_S)
}

/// User and system time of children, of a `/proc/PID/stat`.
fn children_ticks(stat: &str) -> Result<u64> {
    // The name of the program may hold anything; it ends with the last `)`.
    let fields = stat.rsplit_once(')').context("no name in /proc/self/stat")?.1;
    let mut times = fields.split_ascii_whitespace().skip(13);
    let mut next = || Ok(times.next().context("too few fields in /proc/self/stat")?.parse::<u64>()?);
    let (user, system): (Result<u64>, Result<u64>) = (next(), next());
    Ok(user? + system?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_children() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 900 1200 0 0 11 12 13 14 20 0 1 0 100 1000 1\n";
        assert_eq!(children_ticks(stat).unwrap(), 27);
        assert!(children_ticks("7 (a) S 1").is_err());
    }

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
