//! The time that a thread has used.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long this thread has run so far. Time in which others had its processor
/// does not count, so a busy machine changes nothing.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}
