//! Where it was measured, and with what.

use std::fs;
use std::thread::available_parallelism;

/// What the figures depend on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) rustc: String,
    /// The peers' names and versions.
    pub(crate) peers: Vec<String>,
}

/// Versions of what was compiled in.
const LOCK: &str = include_str!("../Cargo.lock");

impl Machine {
    pub(crate) fn read() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, cpu)| cpu);
        Self {
            cpu: model.unwrap_or("unknown CPU").to_owned(),
            cores: available_parallelism().map_or(1, usize::from),
            rustc: env!("BENCH_RUSTC").to_owned(),
            peers: Vec::new(),
        }
    }

    /// Names the peers too.
    pub(crate) fn with_peers(mut self, jq: Option<String>) -> Self {
        let compiled_in = ["vrl", "rsigma-eval", "sigma-rust"].map(|name| format!("{name} {}", version(LOCK, name)));
        self.peers.extend(compiled_in.into_iter().chain(jq));
        self
    }
}

/// The version of a package in a `Cargo.lock`.
fn version<'a>(lock: &'a str, name: &str) -> &'a str {
    let name = format!("name = \"{name}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = ")).unwrap_or("unknown");
    version.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found() {
        let lock =
            "[[package]]\nname = \"a-b\"\nversion = \"2.0.0\"\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n";
        assert_eq!(version(lock, "a"), "1.0.0");
        assert_eq!(version(lock, "c"), "unknown");
        assert_ne!(version(LOCK, "vrl"), "unknown");
    }
}
