//! Telling from time to time how a run fares: a line for the operator, a file or a
//! socket for machines.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use firstseen_delivery::Tell;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::status::{Reporter, Status};

/// How often a file of counts is written anew.
const STATS_EVERY: Duration = Duration::from_secs(10);

/// How long who asks through a socket may take to read the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// Where machines find the counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StatsPlace {
    /// A file that is written anew, whole each time.
    File(PathBuf),
    /// A Unix socket that answers whoever connects.
    Socket(PathBuf),
}

/// Tells until it is dropped; a file of counts has the last ones then.
pub(crate) struct Watch {
    /// Closing it ends the thread.
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

/// What a watch does, and how often.
pub(crate) struct WatchOptions {
    /// How often the operator is told what is not as it should be; never if zero.
    pub(crate) report_every: Duration,
    pub(crate) stats: Option<StatsPlace>,
    /// Looks for what may have gone wrong outside.
    pub(crate) check: Option<Check>,
}

/// Says what is wrong, if something is.
pub(crate) type Check = Box<dyn Fn() -> Option<String> + Send>;

impl Watch {
    /// Starts to tell.
    ///
    /// # Errors
    ///
    /// When the file or the socket cannot be made, or no thread be had.
    pub(crate) fn start(status: Arc<Status>, options: WatchOptions, tell: Tell) -> io::Result<Self> {
        let counts = options.stats.map(Counts::open).transpose()?;
        let (stopped, stop) = rustix::pipe::pipe()?;
        let watcher = Watcher {
            status,
            counts,
            stopped,
            tell,
            report_every: options.report_every,
            check: options.check,
            reporter: Reporter::default(),
        };
        let thread = thread::Builder::new().name("firstseen-watch".to_owned()).spawn(move || watcher.run())?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It does not panic.
            drop(thread.join());
        }
    }
}

struct Watcher {
    status: Arc<Status>,
    counts: Option<Counts>,
    stopped: OwnedFd,
    tell: Tell,
    report_every: Duration,
    check: Option<Check>,
    reporter: Reporter,
}

impl Watcher {
    fn run(mut self) {
        let mut reported = Instant::now();
        let mut written = Instant::now();
        self.write_counts();
        loop {
            let until_report = match self.report_every {
                Duration::ZERO => STATS_EVERY,
                every => every.saturating_sub(reported.elapsed()),
            };
            if self.wait(until_report.min(STATS_EVERY.saturating_sub(written.elapsed()))) {
                break;
            }
            if !self.report_every.is_zero() && reported.elapsed() >= self.report_every {
                self.report(reported.elapsed());
                reported = Instant::now();
            }
            if written.elapsed() >= STATS_EVERY {
                self.write_counts();
                written = Instant::now();
            }
        }
        self.write_counts();
        if let Some(Counts::Socket { path, .. }) = &self.counts {
            // Whoever comes later is to find nobody.
            let _ = fs::remove_file(path);
        }
    }

    /// Waits for so long, and answers whoever asks meanwhile; true at the end.
    fn wait(&self, time: Duration) -> bool {
        let socket = match &self.counts {
            Some(Counts::Socket { listener, .. }) => Some(listener),
            _ => None,
        };
        let mut events = vec![PollFd::new(&self.stopped, PollFlags::IN)];
        events.extend(socket.map(|socket| PollFd::new(socket, PollFlags::IN)));
        let timeout = Timespec::try_from(time).ok();
        let is_ready =
            |events: &[PollFd<'_>], place: usize| events.get(place).is_some_and(|event| !event.revents().is_empty());
        // An interrupted wait is a short one.
        let _ = poll(&mut events, timeout.as_ref());
        if let (Some(listener), true) = (socket, is_ready(&events, 1)) {
            // Who hangs up misses the answer.
            let _ = listener.accept().and_then(|(stream, _)| self.answer(stream));
        }
        is_ready(&events, 0)
    }

    fn answer(&self, mut stream: UnixStream) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        writeln!(stream, "{}", self.status.to_json())
    }

    fn report(&mut self, over: Duration) {
        if let Some(line) = self.reporter.report(&self.status, over) {
            (self.tell)(&line);
        }
        let trouble = self.check.as_ref().and_then(|check| check());
        if let Some(trouble) = trouble {
            (self.tell)(&trouble);
            // Once is enough.
            self.check = None;
        }
    }

    fn write_counts(&mut self) {
        let Some(Counts::File { path, is_failing }) = &mut self.counts else { return };
        let result = write_whole(path, &format!("{}\n", self.status.to_json()));
        if let (Err(error), false) = (&result, *is_failing) {
            (self.tell)(&format!("the counts are not written: {}: {error}", path.display()));
        }
        *is_failing = result.is_err();
    }
}

/// Where the counts go, opened.
enum Counts {
    File { path: PathBuf, is_failing: bool },
    Socket { path: PathBuf, listener: UnixListener },
}

impl Counts {
    fn open(place: StatsPlace) -> io::Result<Self> {
        match place {
            StatsPlace::File(path) => {
                if fs::symlink_metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
                    return Err(io::Error::other(format!("{} is there, and is no file", path.display())));
                }
                write_whole(&path, "{}\n")?;
                Ok(Self::File { path, is_failing: false })
            }
            StatsPlace::Socket(path) => {
                let listener = listen(&path)?;
                listener.set_nonblocking(true)?;
                Ok(Self::Socket { path, listener })
            }
        }
    }
}

/// Listens at a path, also where a process that is gone did.
fn listen(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            // Whatever else has the name refuses too.
            let is_socket = fs::symlink_metadata(path)?.file_type().is_socket();
            let is_refused = || UnixStream::connect(path).map_err(|error| error.kind());
            if !is_socket || !matches!(is_refused(), Err(io::ErrorKind::ConnectionRefused)) {
                return Err(error);
            }
            fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        listener => listener,
    }
}

/// Writes a file beside its place and puts it there, so that nobody reads a part.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    // What an earlier process of this name left, or somebody else's link.
    let _ = fs::remove_file(&draft);
    File::create_new(&draft)?.write_all(text.as_bytes())?;
    fs::rename(&draft, path)
}
