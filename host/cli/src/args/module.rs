//! Which component runs the rules, and what it may use.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use firstseen::{Limits, Module, ModuleCache};

use super::values;

/// The detection module.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Detection module")]
pub(crate) struct ModuleArgs {
    /// Run this component instead of the built-in one.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Most work that an event may cost: a unit for each byte that is looked at,
    /// each pattern that is tried on it, and 2,500 for each term. The component
    /// counts it, so it is the same on every machine. An event over it is judged
    /// by the rules that it did cost no more for, and raises the alert "Event Not
    /// Fully Judged".
    #[arg(long, value_name = "UNITS", default_value_t = 50_000_000)]
    max_work: u64,
    /// Longest time of the processor that the component may take for a batch, all
    /// its calls together. It stops a component that does not count its work.
    #[arg(long, value_name = "DURATION", value_parser = values::duration, default_value = "10s")]
    call_timeout: Duration,
    /// The same for loading the rules.
    #[arg(long, value_name = "DURATION", value_parser = values::duration, default_value = "60s")]
    load_timeout: Duration,
    /// Most memory the component may use.
    #[arg(long, value_name = "BYTES", value_parser = values::bytes, default_value = "256MiB")]
    call_memory: usize,
}

impl ModuleArgs {
    /// The component.
    ///
    /// # Errors
    ///
    /// When it cannot be used.
    pub(crate) fn load(&self) -> Result<Module> {
        load(self.module.as_ref())
    }

    /// What it may use.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.line_work = self.max_work;
        limits.call_timeout = self.call_timeout;
        limits.configure_timeout = self.load_timeout;
        limits.memory_bytes = self.call_memory;
        limits
    }
}

/// The component in a file, else the built-in one.
///
/// # Errors
///
/// When it cannot be used.
pub(crate) fn load(path: Option<&PathBuf>) -> Result<Module> {
    let cache = ModuleCache::of_user();
    Ok(match path {
        Some(path) => Module::from_file(path, &cache)?,
        None => Module::built_in_with(&cache)?,
    })
}
