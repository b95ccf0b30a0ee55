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
    /// Longest time the component may take for a batch, all its calls together.
    #[arg(long, value_name = "DURATION", value_parser = values::duration, default_value = "2s")]
    call_timeout: Duration,
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
        limits.call_timeout = self.call_timeout;
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
