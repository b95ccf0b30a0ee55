//! The flags of `serve` as keys.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::Cli;

/// What is not a key: it is about keys.
const CONFIG: &str = "config";

/// What the names of variables begin with.
const VARIABLE: &str = "FIRSTSEEN_SERVE_";

/// The command that is told.
pub(super) fn command() -> Command {
    let mut cli = Cli::command();
    cli.build();
    cli.find_subcommand("serve").cloned().unwrap_or_default()
}

/// A flag that may stand in a file.
#[derive(Clone)]
pub(super) struct Key {
    argument: Arg,
    long: String,
}

impl Key {
    /// All of them, in the order of the help.
    pub(super) fn all(command: &Command) -> Vec<Self> {
        let flags = command.get_arguments().filter_map(|argument| {
            let long = argument.get_long()?.to_owned();
            let is_key = !matches!(&*long, CONFIG | "help" | "version");
            is_key.then(|| Self { argument: argument.clone(), long })
        });
        flags.collect()
    }

    /// Its name in a file.
    pub(super) fn name(&self) -> String {
        self.long.replace('-', "_")
    }

    /// Its name in the environment.
    pub(super) fn variable(&self) -> String {
        format!("{VARIABLE}{}", self.name().to_uppercase())
    }

    /// The id by which clap knows it.
    pub(super) fn id(&self) -> &str {
        self.argument.get_id().as_str()
    }

    /// What it is, in words.
    pub(super) fn help(&self) -> String {
        let help = self.argument.get_long_help().or(self.argument.get_help());
        help.map(ToString::to_string).unwrap_or_default()
    }

    /// Whether it is given or not, and has no value.
    pub(super) fn is_switch(&self) -> bool {
        matches!(self.argument.get_action(), ArgAction::SetTrue)
    }

    /// Whether it can be given more than once.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.argument.get_action(), ArgAction::Append)
    }

    /// What it is where nobody says anything.
    pub(super) fn default(&self) -> Option<String> {
        let values = self.argument.get_default_values();
        values.first().map(|value| value.to_string_lossy().into_owned()).filter(|_| !self.is_switch())
    }

    /// What a value must be one of, if it must.
    pub(super) fn choices(&self) -> Vec<String> {
        let values = self.argument.get_possible_values();
        values.iter().filter(|_| !self.is_switch()).map(|value| value.get_name().to_owned()).collect()
    }

    /// The same as an argument.
    pub(super) fn as_argument(&self, value: &str) -> OsString {
        match self.is_switch() {
            true => format!("--{}", self.long),
            false => format!("--{}={value}", self.long),
        }
        .into()
    }

    /// What is wrong with a value, if something is.
    pub(super) fn fault(&self, command: &Command, value: &str) -> Option<String> {
        let arguments = [OsString::from("serve"), self.as_argument(value)];
        let error = command.clone().try_get_matches_from(arguments).err()?;
        // What it needs beside it may come from elsewhere.
        if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
            return None;
        }
        let text = error.to_string();
        let first = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ").trim();
        let cause = first.split_once("': ").map_or(first, |(_, cause)| cause);
        Some(cause.lines().map(str::trim).collect::<Vec<_>>().join(" "))
    }
}
