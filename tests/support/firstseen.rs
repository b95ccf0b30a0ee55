//! Running the built `firstseen`.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::output::Ran;
use crate::running::Running;

/// A call of `firstseen` in the making.
pub struct Firstseen {
    command: Command,
    stdin_is_file: bool,
}

/// The `firstseen` that was built with the same profile as the running test:
/// it lies beside the folder of the test executables.
///
/// # Errors
///
/// When it is not built.
pub fn binary() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.parent().and_then(Path::parent).context("the test executable lies in no target folder")?;
    let binary = folder.join("firstseen");
    ensure!(binary.is_file(), "{} is not there: run `make build` first", binary.display());
    Ok(binary)
}

impl Firstseen {
    /// `firstseen <subcommand>`.
    ///
    /// # Errors
    ///
    /// When it is not built.
    pub fn new(subcommand: &str) -> Result<Self> {
        let binary = binary()?;
        let mut command = Command::new(&binary);
        // As on a terminal with colours, so that only the pipes speak against
        // them.
        command.arg(subcommand).env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        // Compiled once for all tests, and nothing in the home of who runs them.
        command.env("FIRSTSEEN_CACHE_DIR", binary.with_file_name("firstseen-cache"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(Self { command, stdin_is_file: false })
    }

    /// `firstseen filter` at a fixed time.
    ///
    /// # Errors
    ///
    /// When it is not built.
    pub fn filter() -> Result<Self> {
        Ok(Self::new("filter")?.args(["--now", NOW, "--summary", "json"]))
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it in a folder.
    #[must_use]
    pub fn current_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Reads standard input from a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn stdin_file(mut self, path: &Path) -> Result<Self> {
        self.command.stdin(File::open(path).with_context(|| path.display().to_string())?);
        self.stdin_is_file = true;
        Ok(self)
    }

    /// Writes standard output to a file, made anew.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn stdout_file(mut self, path: &Path) -> Result<Self> {
        self.command.stdout(File::create(path).with_context(|| path.display().to_string())?);
        Ok(self)
    }

    /// Starts it and leaves it running.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn spawn(mut self) -> Result<Running> {
        Ok(Running::new(self.command.spawn()?))
    }

    /// Runs it to its end with this standard input.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or hangs.
    pub fn run(self, input: &[u8]) -> Result<Ran> {
        let stdin_is_file = self.stdin_is_file;
        let mut running = self.spawn()?;
        if !stdin_is_file {
            running.feed(input.to_vec());
        }
        running.finish()
    }

    /// The command, for what the methods above do not cover.
    #[must_use]
    pub fn into_command(self) -> Command {
        self.command
    }
}

/// The arrival time of [`Firstseen::filter`].
pub const NOW: &str = "2026-11-24T12:00:00Z";

/// The same in epoch milliseconds.
pub const NOW_MS: i64 = 1_795_521_600_000;
