//! Nodes with the plugin, for the time of a test.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use firstseen_tests::elasticsearch::Elasticsearch;
use firstseen_tests::needs;
use firstseen_tests::repository;
use firstseen_tests::running::Running;
use tempfile::TempDir;

use crate::java::{self, unpack};

/// How the line begins that a node writes once it answers.
const READY: &str = "READY ";

/// One test at a time: a node takes half a gigabyte.
static TURN: Mutex<()> = Mutex::new(());

/// A node with the plugin, running or not; its data outlive it.
pub(super) struct Node {
    name: &'static str,
    server: &'static str,
    /// What `start.sh` is told to run.
    built: PathBuf,
    home: PathBuf,
    pub(super) process: Option<Running>,
    /// The way to it, while it runs.
    pub(super) api: Elasticsearch,
}

/// Nodes of one kind that lie in one folder.
pub(super) struct Cluster {
    pub(super) server: &'static str,
    built: PathBuf,
    plugin: PathBuf,
    scratch: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Cluster {
    /// A place for nodes of `tests/servers/<server>`. `None` where something is missing.
    ///
    /// # Errors
    ///
    /// With `CI=true` when it is.
    pub(super) fn new(server: &'static str) -> Result<Option<Self>> {
        let Some(java) = java::built()? else { return Ok(None) };
        let Some(built) = needs::built(&format!("servers/{server}"))? else { return Ok(None) };
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = tempfile::Builder::new().prefix(server).tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        Ok(Some(Self { server, built, plugin: java.plugin(server)?, scratch, _turn: turn }))
    }

    /// Puts a node together that has the unpacked plugin where its server looks for it.
    pub(super) fn node(&self, name: &'static str) -> Result<Node> {
        let folder = self.scratch.path().join(name);
        let (built, home) = (folder.join("built"), folder.join("home"));
        fs::create_dir_all(built.join("config"))?;
        for name in ["lib", "jdk"] {
            symlink(self.built.join(name), built.join(name))?;
        }
        let log = "config/log4j2.properties";
        fs::copy(self.built.join(log), built.join(log))?;
        let plugin = if self.server == "elasticsearch" {
            let transport = "modules/transport-netty4";
            fs::create_dir(built.join("modules"))?;
            symlink(self.built.join(transport), built.join(transport))?;
            built.join("modules/firstseen")
        } else {
            home.join("plugins/firstseen")
        };
        fs::create_dir_all(&plugin)?;
        unpack(&self.plugin, &plugin)?;
        let api = Elasticsearch::new("");
        Ok(Node { name, server: self.server, built, home, process: None, api })
    }
}

impl Node {
    /// A folder below `config/`.
    pub(super) fn config(&self, name: &str) -> Result<PathBuf> {
        let folder = self.built.join("config").join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Starts it, with settings (`name=value`).
    pub(super) fn start(&mut self, settings: &[String]) -> Result<()> {
        let start = repository("tests/servers").join(self.server).join("start.sh");
        let mut command = Command::new("sh");
        command.arg(start).arg(&self.built).arg(&self.home).arg("0").args(settings);
        command.arg(format!("node.name={}", self.name));
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut process = Running::new(child);
        let said = process.wait_for_stdout(|said| ready(said).is_some());
        match said {
            Ok(said) => self.api = Elasticsearch::new(ready(&said).context("not ready")?),
            Err(error) => {
                process.signal("TERM").ok();
                return Err(error.context(format!("{} does not start: {}", self.server, process.wait()?.stderr)));
            }
        }
        self.process = Some(process);
        Ok(())
    }

    /// Where other nodes find it.
    pub(super) fn transport(&self) -> Result<String> {
        Ok(fs::read_to_string(self.home.join("logs/transport.ports"))?.lines().next().context("no address")?.to_owned())
    }

    /// Waits until it has said something in its log.
    pub(super) fn wait_for_log(&self, text: &str) -> Result<()> {
        self.process.as_ref().context("it does not run")?.wait_for_stderr(|said| said.contains(text)).map(drop)
    }

    /// Ends it, and gives its log.
    pub(super) fn end(&mut self) -> Result<String> {
        let mut process = self.process.take().context("it does not run")?;
        process.signal("TERM")?;
        Ok(process.wait()?.stderr)
    }
}

/// The address in what a node has written.
fn ready(said: &[u8]) -> Option<&str> {
    let said = std::str::from_utf8(said).ok()?;
    let (line, _) = said.get(said.find(READY)?..)?.split_once('\n')?;
    line.strip_prefix(READY)
}
