//! `firstseen completions` and `firstseen man`: both come from the same
//! definitions as the arguments.

use std::io;
use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::Cli;

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Print the manual page, in roff.
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The subcommand whose page to print; else the page of the command.
    subcommand: Option<String>,
}

impl CompletionsArgs {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "firstseen", &mut script);
        io::Write::write_all(&mut io::stdout(), &script)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl ManArgs {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let mut command = Cli::command();
        command.build();
        let page = match &self.subcommand {
            None => command,
            Some(name) => match command.find_subcommand(name) {
                Some(subcommand) => subcommand.clone(),
                None => anyhow::bail!("there is no subcommand {name}"),
            },
        };
        clap_mangen::Man::new(page).render(&mut io::stdout())?;
        Ok(ExitCode::SUCCESS)
    }
}
