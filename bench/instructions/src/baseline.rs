//! What was counted before.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Counts, and the build that gave them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    pub(crate) build: Build,
    /// By case.
    pub(crate) instructions: BTreeMap<String, u64>,
}

/// What decides which instructions run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Build {
    pub(crate) rustc: String,
    pub(crate) target: String,
    /// Features of the processor that the compiler may use.
    pub(crate) target_features: String,
    /// Features that are found and used when it runs.
    pub(crate) found_features: String,
}

/// How a count compares with the one before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    /// Growth, as a part of what was before.
    By(f64),
    /// There is nothing to compare with.
    Unknown,
}

impl Build {
    /// This one.
    pub(crate) fn current() -> Self {
        Self {
            rustc: env!("BUILD_RUSTC").to_owned(),
            target: env!("BUILD_TARGET").to_owned(),
            target_features: env!("BUILD_FEATURES").to_owned(),
            found_features: found_features().to_owned(),
        }
    }
}

/// What memchr asks for.
#[cfg(target_arch = "x86_64")]
fn found_features() -> &'static str {
    if std::arch::is_x86_feature_detected!("avx2") { "avx2" } else { "" }
}

#[cfg(not(target_arch = "x86_64"))]
fn found_features() -> &'static str {
    ""
}

impl Baseline {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(path, text).with_context(|| path.display().to_string())
    }
}

impl Change {
    pub(crate) fn of(before: u64, after: u64) -> Self {
        match before {
            0 => Self::Unknown,
            before => Self::By(after as f64 / before as f64 - 1.0),
        }
    }

    pub(crate) fn is_regression(self, growth_max: f64) -> bool {
        matches!(self, Self::By(growth) if growth > growth_max)
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rustc, target, target_features, found_features } = self;
        write!(f, "{rustc}, {target}, built for {target_features}, found {found_features}")
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::By(growth) => write!(f, "{:+.2} %", growth * 100.0),
            Self::Unknown => f.write_str("nothing to compare with"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_percent_is_the_limit() {
        let grows = |after| Change::of(1_000, after).is_regression(0.03);
        assert!(!grows(1_029));
        assert!(grows(1_031));
        assert!(!grows(500));
        assert!(!Change::of(0, 500).is_regression(0.03));
        assert_eq!(Change::of(1_000, 1_025).to_string(), "+2.50 %");
    }

    #[test]
    fn the_committed_baseline_has_all_cases() {
        let baseline = Baseline::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../baseline.json"))).unwrap();
        let mut cases = crate::work::COMPARED.to_vec();
        cases.sort_unstable();
        assert_eq!(baseline.instructions.keys().collect::<Vec<_>>(), cases);
    }
}
