//! Shippers that start `firstseen filter` and write events to it, as `docs/shippers.md`
//! has them set up. What the page has below `/var` and `/usr/local` lies below a scratch
//! folder here.

pub(super) mod cases;
mod processes;

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use firstseen_tests::firstseen::{Firstseen, binary};
use firstseen_tests::output::id_of;
use firstseen_tests::repository;
use firstseen_tests::running::{Running, wait_for};
use tempfile::TempDir;

const SCRIPT: &str = "/usr/local/lib/firstseen-filter";
const ALERTS: &str = "/var/log/firstseen-alerts.ndjson";
const SAID: &str = "/var/log/firstseen-filter.log";
const STATE: &str = "/var/lib/firstseen-filter";
const CACHE: &str = "/var/cache/firstseen-filter";

/// The file that the page has the shipper read, and the address that it listens at.
const EVENTS: &str = "/var/log/events.ndjson";
const ADDRESS: &str = "127.0.0.1";
const PORT: &str = "10514";

/// The one code block of the page that has this text.
fn documented(text: &str) -> Result<String> {
    let page = fs::read_to_string(repository("docs/shippers.md"))?;
    let blocks = page.split("```").skip(1).step_by(2).filter_map(|block| Some(block.split_once('\n')?.1));
    let found: Vec<&str> = blocks.filter(|block| block.contains(text)).collect();
    ensure!(found.len() == 1, "{} blocks of the page have {text}", found.len());
    Ok(found.concat())
}

/// The command that runs a shipper in a folder.
type Start = dyn Fn(&Path) -> Result<Command>;

/// What stands where the page has `/`, and a shipper that runs there or does not.
pub(super) struct Site {
    /// Dropped before its files are.
    shipper: Option<Running>,
    start: Box<Start>,
    port: u16,
    root: TempDir,
}

impl Site {
    /// The shipper is not running yet. `configuration` is in the block of the page that is
    /// its configuration, to which the lines of `around` are added in front; `start` gives
    /// the command that runs it with such a file, `shipper.conf` in the folder.
    ///
    /// # Errors
    ///
    /// When the page has no such blocks.
    pub(super) fn new(
        around: &str,
        configuration: &str,
        start: impl Fn(&Path) -> Result<Command> + 'static,
    ) -> Result<Self> {
        let root = tempfile::tempdir()?;
        for folder in ["bin", "var/lib", "var/log", "var/spool", "usr/local/lib"] {
            fs::create_dir_all(root.path().join(folder))?;
        }
        // Free again when the listener is dropped, and nobody is given it so soon.
        let port = TcpListener::bind((ADDRESS, 0))?.local_addr()?.port();
        let site = Self { shipper: None, start: Box::new(start), port, root };
        let configuration = site.here(&format!("{around}\n{}", documented(configuration)?));
        ensure!(configuration.contains(&site.path(SCRIPT).display().to_string()), "{SCRIPT} is not started");
        fs::write(site.root.path().join("shipper.conf"), configuration)?;

        // Compiled once for all tests.
        let cache = binary()?.with_file_name("firstseen-cache");
        let script = site.here(&documented("#!/bin/sh\n# firstseen-filter")?);
        let script = script.replace(&*site.path(CACHE).to_string_lossy(), &cache.to_string_lossy());
        executable(&site.path(SCRIPT), &script)?;
        symlink(binary()?, site.root.path().join("bin/firstseen"))?;
        File::create(site.path(EVENTS))?;
        Ok(site)
    }

    /// A part of the page, with the places of here.
    fn here(&self, text: &str) -> String {
        // In two steps, since the folder may have such a name itself.
        let marked = text.replace(PORT, &self.port.to_string()).replace("/var/", "\0/var/");
        marked.replace("/usr/local/", "\0/usr/local/").replace('\0', &self.root.path().to_string_lossy())
    }

    fn path(&self, place: &str) -> PathBuf {
        self.root.path().join(place.trim_start_matches('/'))
    }

    /// Has all that comes to the filter kept, in the file that is returned.
    ///
    /// # Errors
    ///
    /// When it cannot be.
    pub(super) fn keep_what_comes(&self) -> Result<PathBuf> {
        let kept = self.root.path().join("came");
        let command = self.root.path().join("bin/firstseen");
        fs::remove_file(&command)?;
        let text = format!("#!/bin/sh\ntee -a '{}' | '{}' \"$@\"\n", kept.display(), binary()?.display());
        executable(&command, &text)?;
        Ok(kept)
    }

    /// Starts the shipper.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(super) fn start(&mut self) -> Result<()> {
        let mut command = (self.start)(self.root.path())?;
        let path = std::env::var("PATH")?;
        command.env("PATH", format!("{}:{path}", self.root.path().join("bin").display()));
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let shipper = self.shipper.insert(Running::new(child)).id();
        // Before, it would not end in order.
        wait_for(|| Ok(processes::catches_term(shipper))).context("the shipper does not start")
    }

    /// Ends the shipper, and waits until what it started has ended too.
    ///
    /// # Errors
    ///
    /// When one of them hangs.
    pub(super) fn stop(&mut self) -> Result<()> {
        self.stop_while(|| Ok(()))
    }

    /// The same, with something done once the shipper has been told.
    ///
    /// # Errors
    ///
    /// When one of them hangs.
    pub(super) fn stop_while(&mut self, told: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut shipper = self.shipper.take().context("it does not run")?;
        let children = processes::children(shipper.id())?;
        shipper.signal("TERM")?;
        told()?;
        let ran = shipper.wait()?.expect_code(0);
        wait_for(|| Ok(children.iter().all(|&id| !processes::runs(id)))).context("what it started goes on")?;
        ran.map(drop)
    }

    /// The process that the shipper started, once that has become the filter.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub(super) fn filter(&self) -> Result<u32> {
        let shipper = self.shipper.as_ref().context("the shipper does not run")?.id();
        let find = || -> Result<Option<u32>> {
            let children = processes::children(shipper)?;
            Ok(children.into_iter().find(|&id| processes::name(id).is_some_and(|name| name == "firstseen")))
        };
        wait_for(|| Ok(find()?.is_some())).context("no filter is started")?;
        find()?.context("the filter is gone again")
    }

    /// Bytes that the shipper has written, to wherever it was.
    ///
    /// # Errors
    ///
    /// When the system cannot say.
    pub(super) fn written(&self) -> Result<u64> {
        processes::written(self.shipper.as_ref().context("the shipper does not run")?.id())
    }

    /// Appends to the file of events.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(super) fn append(&self, bytes: &[u8]) -> Result<()> {
        Ok(OpenOptions::new().append(true).open(self.path(EVENTS))?.write_all(bytes)?)
    }

    /// Sends events over a connection.
    ///
    /// # Errors
    ///
    /// When nobody takes them.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<()> {
        wait_for(|| Ok(TcpStream::connect((ADDRESS, self.port)).is_ok())).context("the shipper does not listen")?;
        Ok(TcpStream::connect((ADDRESS, self.port))?.write_all(bytes)?)
    }

    /// The alerts so far, those that are written to their ends.
    ///
    /// # Errors
    ///
    /// When one has no id.
    pub(super) fn alerts(&self) -> Result<Vec<String>> {
        let file = self.path(ALERTS);
        let text = if file.exists() { fs::read_to_string(file)? } else { String::new() };
        Ok(text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_owned).collect())
    }

    /// Waits for the alert with this id.
    ///
    /// # Errors
    ///
    /// When it does not come; what was said is in the error.
    pub(super) fn wait_for_alert(&self, id: &str) -> Result<()> {
        let has_come = || Ok(ids(&self.alerts()?)?.iter().any(|other| other == id));
        wait_for(has_come).with_context(|| format!("no alert {id}; the filter said: {}", self.said()))
    }

    /// What the filter said so far.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(self.path(SAID)).unwrap_or_default()
    }

    /// The folder of the filter's state.
    pub(super) fn state(&self) -> PathBuf {
        self.path(STATE)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // One that waits for something would wait on without its shipper.
        let children = self.shipper.as_ref().map(|shipper| processes::children(shipper.id()));
        drop(self.shipper.take());
        for id in children.and_then(Result::ok).into_iter().flatten() {
            // It may have ended by itself.
            let _ = processes::signal(id, "KILL");
        }
    }
}

fn executable(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

/// The ids of alerts.
///
/// # Errors
///
/// When one is none.
pub(super) fn ids(alerts: &[String]) -> Result<Vec<String>> {
    alerts.iter().map(|alert| id_of(alert)).collect()
}

/// The ids of the alerts that the filter by itself has on events, in their order.
///
/// # Errors
///
/// When it fails, or one comes twice.
pub(super) fn expected(events: &[u8]) -> Result<Vec<String>> {
    let ran = Firstseen::new("filter")?.arg("--only-alerts").run(events)?;
    let ids = ids(&ran.split().alerts)?;
    ensure!(!ids.is_empty(), "nothing alerts; the filter said: {}", ran.stderr);
    ensure!(ids.iter().collect::<BTreeSet<_>>().len() == ids.len(), "an alert came twice");
    Ok(ids)
}
