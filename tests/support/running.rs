//! A `firstseen` that is running.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::output::Ran;

/// What takes longer hangs. It bounds failing tests; none depends on it.
const HANG: Duration = Duration::from_secs(120);

/// Waits until something is as wanted.
///
/// # Errors
///
/// When it is not for too long, or `wanted` fails.
pub fn wait_for(wanted: impl Fn() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + HANG;
    while !wanted()? {
        ensure!(Instant::now() < deadline, "waited in vain");
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// A child process with its pipes. Dropping it kills it.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    feeder: Option<JoinHandle<()>>,
    stdout: Collector,
    stderr: Collector,
}

impl Running {
    /// Takes over a child; the pipes it still has are read to their ends.
    #[must_use]
    pub fn new(mut child: Child) -> Self {
        let stdout = Collector::new(child.stdout.take());
        let stderr = Collector::new(child.stderr.take());
        Self { stdin: child.stdin.take(), child, feeder: None, stdout, stderr }
    }

    /// Writes all of standard input from a thread of its own, then closes it.
    pub(crate) fn feed(&mut self, input: Vec<u8>) {
        if let Some(mut stdin) = self.stdin.take() {
            // A process that ends early does not read everything.
            self.feeder = Some(thread::spawn(move || drop(stdin.write_all(&input))));
        }
    }

    /// Writes to standard input, which stays open.
    ///
    /// # Errors
    ///
    /// When nobody reads any more.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let stdin = self.stdin.as_mut().context("standard input is closed")?;
        stdin.write_all(bytes)?;
        Ok(stdin.flush()?)
    }

    /// Waits until what was written to standard output so far is as wanted.
    ///
    /// # Errors
    ///
    /// When it ends or hangs before; what came until then is in the error.
    pub fn wait_for_stdout(&self, wanted: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>> {
        self.stdout.wait_for(wanted)
    }

    /// The same for standard error.
    ///
    /// # Errors
    ///
    /// As [`Running::wait_for_stdout`].
    pub fn wait_for_stderr(&self, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let stderr = self.stderr.wait_for(|stderr| wanted(&String::from_utf8_lossy(stderr)))?;
        Ok(String::from_utf8_lossy(&stderr).into_owned())
    }

    /// The number of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    ///
    /// # Errors
    ///
    /// When the system cannot say.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Sends a signal: `TERM`, `INT`.
    ///
    /// # Errors
    ///
    /// When it is not running.
    pub fn signal(&self, name: &str) -> Result<()> {
        let id = self.child.id().to_string();
        let status = Command::new("sh").args(["-c", r#"kill -s "$0" "$1""#, name, &id]).status()?;
        ensure!(status.success(), "cannot send {name} to {id}");
        Ok(())
    }

    /// Kills it (SIGKILL) and returns what it had written.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub fn kill(mut self) -> Result<Ran> {
        self.child.kill()?;
        self.wait()
    }

    /// Closes standard input and waits for the end.
    ///
    /// # Errors
    ///
    /// When it hangs.
    pub fn finish(mut self) -> Result<Ran> {
        self.stdin = None;
        self.wait()
    }

    /// Waits for the end; standard input stays open until then.
    ///
    /// # Errors
    ///
    /// When it hangs.
    pub fn wait(&mut self) -> Result<Ran> {
        let status = self.wait_for_exit()?;
        self.stdin = None;
        if let Some(feeder) = self.feeder.take() {
            // It has nothing to say.
            let _ = feeder.join();
        }
        let stderr = String::from_utf8_lossy(&self.stderr.finish()).into_owned();
        Ok(Ran { status, stdout: self.stdout.finish(), stderr })
    }

    fn wait_for_exit(&mut self) -> Result<ExitStatus> {
        let deadline = Instant::now() + HANG;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                self.child.kill()?;
                bail!("firstseen hangs; it had said: {}", String::from_utf8_lossy(&self.stderr.bytes()));
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe to its end on a thread of its own.
struct Collector {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
}

impl Collector {
    /// Without a pipe, nothing comes.
    fn new(pipe: Option<impl Read + Send + 'static>) -> Self {
        let shared = Arc::new(Shared::default());
        let reader = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            if let Some(mut pipe) = pipe {
                while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                    reader.lock().bytes.extend_from_slice(buffer.get(..length).unwrap_or_default());
                    reader.changed.notify_all();
                }
            }
            reader.lock().ended = true;
            reader.changed.notify_all();
        });
        Self { shared, thread: Some(thread) }
    }

    fn bytes(&self) -> Vec<u8> {
        self.shared.lock().bytes.clone()
    }

    fn finish(&mut self) -> Vec<u8> {
        if let Some(thread) = self.thread.take() {
            // It has nothing to say.
            let _ = thread.join();
        }
        std::mem::take(&mut self.shared.lock().bytes)
    }

    fn wait_for(&self, wanted: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>> {
        let deadline = Instant::now() + HANG;
        let mut state = self.shared.lock();
        loop {
            if wanted(&state.bytes) {
                return Ok(state.bytes.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                let why = if state.ended { "ended" } else { "hangs" };
                bail!("firstseen {why}; until then came: {}", String::from_utf8_lossy(&state.bytes));
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
