//! Where it was measured, and with what.

use std::fs;
use std::thread::available_parallelism;

/// What the figures depend on.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub rustc: String,
    /// The peers' names and versions.
    pub peers: Vec<String>,
}

impl Machine {
    pub fn read() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, cpu)| cpu);
        Self {
            cpu: model.unwrap_or("unknown CPU").to_owned(),
            cores: available_parallelism().map_or(1, usize::from),
            rustc: env!("BENCH_RUSTC").to_owned(),
            peers: Vec::new(),
        }
    }
}
