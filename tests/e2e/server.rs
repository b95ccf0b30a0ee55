//! A server of `tests/servers`, for the time of a test.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, ensure};
use firstseen_tests::needs::built;
use firstseen_tests::repository;
use firstseen_tests::running::Running;
use tempfile::TempDir;

/// How the line begins that a server writes once it answers.
const READY: &str = "READY ";

/// One server at a time: each takes half a gigabyte, and keeps classes for the
/// next start.
static TURN: Mutex<()> = Mutex::new(());

/// A server that is running. Dropping it kills it.
pub(crate) struct Server {
    process: Running,
    /// Data and logs.
    home: TempDir,
    /// `http://127.0.0.1:<port>`.
    pub(crate) url: String,
    _turn: MutexGuard<'static, ()>,
}

impl Server {
    /// Starts the server whose scripts lie in `tests/servers/<name>`, empty and
    /// with settings (`name=value`). `None` where it was not put together.
    ///
    /// # Errors
    ///
    /// When it does not start, and with `CI=true` when it is not there.
    pub(crate) fn start(name: &str, settings: &[&str]) -> Result<Option<Self>> {
        let Some(built) = built(&format!("servers/{name}"))? else { return Ok(None) };
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let home = tempfile::Builder::new().prefix(name).tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let start = repository("tests/servers").join(name).join("start.sh");
        let mut command = Command::new("sh");
        command.arg(start).arg(built).arg(home.path()).arg("0").args(settings);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;

        let mut process = Running::new(child);
        let said = process.wait_for_stdout(|said| said.starts_with(READY.as_bytes()) && said.ends_with(b"\n"));
        let url = match said {
            Ok(said) => String::from_utf8(said)?.trim_start_matches(READY).trim_end().to_owned(),
            Err(error) => {
                // What was written to standard error says why.
                process.signal("TERM").ok();
                return Err(error.context(format!("{name} does not start: {}", process.wait()?.stderr)));
            }
        };
        Ok(Some(Self { process, home, url, _turn: turn }))
    }

    /// Stops it. What a test left that failed is kept, and named: data, logs,
    /// and what the server said.
    ///
    /// # Errors
    ///
    /// That of the test, and when it does not stop.
    pub(crate) fn end(mut self, result: Result<()>) -> Result<()> {
        self.process.signal("TERM")?;
        let ran = self.process.wait()?;
        if let Err(error) = result {
            let home = self.home.keep();
            fs::write(home.join("stderr.log"), &ran.stderr)?;
            return Err(error.context(format!("the server's data and logs are in {}", home.display())));
        }
        // As the shell has it: ended by SIGTERM.
        ensure!(ran.status.code() == Some(128 + 15), "{}: {}", ran.status, ran.stderr);
        Ok(())
    }
}
