//! `firstseen serve`, as people run it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use firstseen_tests::running::Running;
use serde_json::Value;

/// One that is running. Dropping it kills it.
pub(crate) struct Serve {
    running: Running,
    pub(crate) address: SocketAddr,
    pub(crate) rules: u64,
}

/// What it is started with.
pub(crate) struct ServeOptions<'a> {
    pub(crate) binary: &'a Path,
    /// None: the built-in rule.
    pub(crate) rules: Option<&'a Path>,
    pub(crate) upstream: SocketAddr,
    /// For its state and its alerts.
    pub(crate) folder: PathBuf,
}

impl Serve {
    /// Starts one: with a state on disk, without learning, alerts to a file.
    pub(crate) fn start(options: &ServeOptions<'_>) -> Result<Self> {
        let ServeOptions { binary, rules, upstream, folder } = options;
        std::fs::create_dir(folder)?;
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--admin", "none", "--log-format", "json", "--learn", "0s"]);
        command.arg("--upstream").arg(format!("http://{upstream}"));
        command.arg("--state").arg(folder.join("state")).arg("--alerts").arg(folder.join("alerts.ndjson"));
        if let Some(rules) = rules {
            command.arg("--rules").arg(rules);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let running = Running::new(child.with_context(|| binary.display().to_string())?);
        let is_ready = |line: &&str| line.contains("\"message\":\"ready\"");
        let said = running.wait_for_stderr(|said| said.lines().any(|line| is_ready(&line)))?;
        let ready: Value = serde_json::from_str(said.lines().find(is_ready).context("it is not ready")?)?;
        let address = ready.get("listen").and_then(Value::as_str).context("no address")?.parse()?;
        let rules = ready.get("rules").and_then(Value::as_u64).context("no number of rules")?;
        Ok(Self { running, address, rules })
    }

    pub(crate) fn id(&self) -> u32 {
        self.running.id()
    }
}
