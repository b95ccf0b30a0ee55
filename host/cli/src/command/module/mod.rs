//! `firstseen module`.

mod bake;
mod baking;

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use firstseen::Module;
use serde_json::json;

use crate::args::load_module;

/// Describe the detection module, or write it out for another host.
///
/// Without options: what the module is, which types of rules it runs in which
/// languages, and the rules that are built in, as JSON.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Write the built-in component to this file instead, or to standard output
    /// if it is `-`. It runs unchanged in any host that embeds WebAssembly
    /// components; its contract is in wit/.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the plain module: for hosts that embed WebAssembly but no components.
    /// It imports nothing; bytes go in and out, as wit/README.md says.
    #[arg(long, requires = "output")]
    plain: bool,
    /// The plain module without vector instructions, for hosts that have none, such
    /// as Chicory and WAMR. It does the same, more slowly.
    #[arg(long, requires = "plain")]
    scalar: bool,
    /// Describe this component instead of the built-in one.
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    module: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen module | jq '.rules[].name'
  firstseen module --output firstseen.wasm
  firstseen module --output - | sha256sum
  firstseen module --plain --scalar --output firstseen-plain-scalar.wasm
  firstseen module bake --rules rules/ --learn 1d --output firstseen-fluent-bit.wasm";

/// What each does is said where its arguments are.
#[derive(Debug, Subcommand)]
enum Command {
    Bake(Box<bake::Args>),
}

const PLAIN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/plain.wasm"));
const PLAIN_SCALAR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/plain-scalar.wasm"));

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        if let Some(Command::Bake(args)) = self.command {
            return args.run();
        }
        match &self.output {
            Some(path) => write_module(self.built_in(), path)?,
            None => writeln!(io::stdout(), "{:#}", description(&load_module(self.module.as_ref())?)?)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn built_in(&self) -> &'static [u8] {
        match (self.plain, self.scalar) {
            (false, _) => Module::built_in_bytes(),
            (true, false) => PLAIN,
            (true, true) => PLAIN_SCALAR,
        }
    }
}

fn write_module(module: &[u8], path: &Path) -> Result<()> {
    if path == Path::new("-") {
        let mut stdout = io::stdout();
        ensure!(!stdout.is_terminal(), "a module is binary and standard output a terminal: name a file");
        return Ok(stdout.write_all(module).and_then(|()| stdout.flush())?);
    }
    fs::write(path, module).with_context(|| format!("cannot write {}", path.display()))
}

fn description(module: &Module) -> Result<serde_json::Value> {
    let description = module.describe()?;
    let rules = description.rules.iter().map(|rule| {
        json!({
            "rule_id": rule.rule_id, "version": rule.version, "name": rule.name, "type": rule.rule_type,
            "language": rule.language, "new_terms_fields": rule.new_terms_fields(), "history": rule.history,
            "window_ms": rule.window_ms,
        })
    });
    let rule_types = description.rule_types.iter().map(
        |rule_type| json!({"name": rule_type.name, "languages": rule_type.languages, "questions": rule_type.questions}),
    );
    Ok(json!({
        "name": description.name, "version": description.version, "rule_types": rule_types.collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
    }))
}
