//! `firstseen module`.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use firstseen::{Module, ModuleCache};

/// Describe the detection module, or write it out for another host.
///
/// Without options: what the module is and which rules it runs, as JSON.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write the built-in component to this file instead. It runs unchanged in
    /// any host that embeds WebAssembly components; its contract is in wit/.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Describe this component instead of the built-in one.
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    module: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        if let Some(path) = self.output {
            fs::write(&path, Module::built_in_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
            return Ok(ExitCode::SUCCESS);
        }
        let description = load(self.module.as_ref())?.describe()?;
        let rules = description.rules.iter().map(|rule| {
            serde_json::json!({
                "rule_id": rule.rule_id, "version": rule.version, "name": rule.name, "type": rule.rule_type, "language": rule.language,
                "new_terms_fields": rule.new_terms_fields(), "history": rule.history, "window_ms": rule.window_ms,
            })
        });
        let rule_types = description
            .rule_types
            .iter()
            .map(|one| serde_json::json!({"name": one.name, "languages": one.languages, "questions": one.questions}));
        let description = serde_json::json!({
            "name": description.name, "version": description.version, "rule_types": rule_types.collect::<Vec<_>>(),
            "rules": rules.collect::<Vec<_>>(),
        });
        writeln!(std::io::stdout(), "{description:#}")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The component of `--module`, else the built-in one.
pub(super) fn load(path: Option<&PathBuf>) -> Result<Module> {
    let cache = ModuleCache::of_user();
    Ok(match path {
        Some(path) => Module::from_file(path, &cache)?,
        None => Module::built_in_with(&cache)?,
    })
}
