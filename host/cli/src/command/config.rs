//! `firstseen config`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use crate::settings::{Effective, Layers, Problem, example, toml_text};
use crate::{EXIT_ERROR, message};

/// Check, show or begin the settings of `firstseen serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say what is wrong with a file of settings, all of it at once.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Print what is in force, and who says so: the environment, the file, or the default.
    Print {
        /// The file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Print a file with all keys, what they are and their defaults.
    Example,
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let mut out = io::stdout().lock();
        match self.action {
            Action::Check { file } => match Layers::of_file(Some(&file)) {
                Ok(_) => {}
                Err(problems) => return Ok(say(&problems)),
            },
            Action::Print { config } => match Layers::of_file(config.as_deref()) {
                Ok(layers) => layers.effective().iter().try_for_each(|key| writeln!(out, "{}", line(key)))?,
                Err(problems) => return Ok(say(&problems)),
            },
            Action::Example => out.write_all(example().as_bytes())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Says what is wrong.
pub(crate) fn say(problems: &[Problem]) -> ExitCode {
    problems.iter().for_each(|problem| message::error(&problem.to_string()));
    ExitCode::from(EXIT_ERROR)
}

/// A key as it stands in a file, and who says so.
fn line(key: &Effective) -> String {
    let Effective { name, values, is_switch, is_list, source } = key;
    let texts: Vec<String> = values.iter().map(|value| toml_text(value)).collect();
    let value = match (is_switch, is_list, texts.as_slice()) {
        (true, ..) => (*source != "default" && !texts.is_empty()).to_string(),
        (_, true, texts) => format!("[{}]", texts.join(", ")),
        (_, _, [value]) => value.clone(),
        _ => return format!("# {name} is not set"),
    };
    format!("{name} = {value} # {source}")
}
