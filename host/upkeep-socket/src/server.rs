//! The side that has the state open.

use std::io::{self, BufReader, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use firstseen_ledger::{LedgerError, Record, Upkeep};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::error::StartError;
use crate::place::Place;
use crate::protocol::{Malformed, Reply, Request};
use crate::wire::{ReadError, Timed, lines_of, read_lines};

/// How many are answered at a time; more wait.
const CONNECTIONS: usize = 3;

/// How long it may take to send a question, and to take the answer.
const PART_TIMEOUT: Duration = Duration::from_secs(30);

/// How long it is before somebody is taken in again, where that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// Most items of a list in one answer.
const ITEMS_MAX: usize = 1_000;

/// Who has the state, or why nobody has.
type State = dyn Fn() -> Result<Arc<dyn Upkeep>, String> + Send + Sync;

/// Lets others look after a state, on threads of its own, until it is dropped.
///
/// Dropping it breaks connections off, and waits for what the state is doing for them.
pub struct UpkeepServer {
    shared: Arc<Shared>,
    /// Closing it ends the threads.
    stop: Option<OwnedFd>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    place: Place,
    listener: UnixListener,
    stopped: OwnedFd,
    state: Box<State>,
    /// Those that are being answered, so that they can be broken off; none at the end.
    connections: Mutex<Option<Vec<Arc<UnixStream>>>>,
}

impl UpkeepServer {
    /// Listens at a path, for its owner only. `state` is asked for each question: while
    /// it has none, its reason is the answer.
    ///
    /// What is at the path is replaced if it is a socket that nobody listens to.
    ///
    /// # Errors
    ///
    /// [`StartError`]; nobody listens then.
    pub fn start(
        path: &Path,
        state: impl Fn() -> Result<Arc<dyn Upkeep>, String> + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let io = |cause| StartError::Io { path: path.to_owned(), cause };
        let (place, listener) = Place::listen(path)?;
        listener.set_nonblocking(true).map_err(io)?;
        let (stopped, stop) = rustix::pipe::pipe().map_err(|error| io(error.into()))?;
        let connections = Mutex::new(Some(Vec::new()));
        let shared = Arc::new(Shared { place, listener, stopped, state: Box::new(state), connections });
        let mut server = Self { shared, stop: Some(stop), threads: Vec::new() };
        for _ in 0..CONNECTIONS {
            let shared = Arc::clone(&server.shared);
            let thread = thread::Builder::new().name("firstseen-upkeep".to_owned());
            server.threads.push(thread.spawn(move || shared.run()).map_err(io)?);
        }
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.shared.place.path()
    }

    /// Whether others still find it there.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        self.shared.place.is_held()
    }
}

impl Drop for UpkeepServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        for connection in self.shared.connections().take().into_iter().flatten() {
            // It may be gone already.
            let _ = connection.shutdown(Shutdown::Both);
        }
        for thread in self.threads.drain(..) {
            // It has nothing to say.
            drop(thread.join());
        }
    }
}

impl Shared {
    fn run(&self) {
        while self.wait() {
            match self.listener.accept() {
                Ok((stream, _)) => self.serve(Arc::new(stream)),
                // Another thread was faster.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // There may be no more files; whoever waits stays there.
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    /// Waits until somebody connects; false at the end.
    fn wait(&self) -> bool {
        loop {
            let mut events = [PollFd::new(&self.stopped, PollFlags::IN), PollFd::new(&self.listener, PollFlags::IN)];
            match poll(&mut events, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return false,
            }
            let [stopped, listener] = events.map(|event| !event.revents().is_empty());
            if stopped || listener {
                return !stopped;
            }
        }
    }

    fn serve(&self, stream: Arc<UnixStream>) {
        match &mut *self.connections() {
            Some(connections) => connections.push(Arc::clone(&stream)),
            None => return,
        }
        // Who goes away has no answer.
        drop(self.converse(&stream));
        if let Some(connections) = &mut *self.connections() {
            connections.retain(|other| !Arc::ptr_eq(other, &stream));
        }
    }

    fn converse(&self, stream: &UnixStream) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        let said = match read_lines(BufReader::new(Timed::new(stream, PART_TIMEOUT))) {
            Ok(said) => said,
            Err(ReadError::NotUnderstood(cause)) => return self.reply(stream, &not_understood(&cause)),
            Err(ReadError::Io(error)) => return Err(error),
        };
        let request = serde_json::from_slice(&said);
        drop(said);
        let reply = match request {
            Ok(request) => self.answer(request),
            Err(error) => not_understood(&error.to_string()),
        };
        self.reply(stream, &reply)
    }

    fn reply(&self, stream: &UnixStream, reply: &Reply) -> io::Result<()> {
        Timed::new(stream, PART_TIMEOUT).write_all(&lines_of(reply)?)
    }

    fn answer(&self, request: Request) -> Reply {
        let state = match (self.state)() {
            Ok(state) => state,
            Err(cause) => return Reply::unavailable(cause),
        };
        answer(&*state, request).unwrap_or_else(Reply::from)
    }

    fn connections(&self) -> MutexGuard<'_, Option<Vec<Arc<UnixStream>>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(state: &dyn Upkeep, request: Request) -> Result<Reply, LedgerError> {
    Ok(match request {
        Request::Rules { after, max } => Reply::rules(state.rules(after.as_deref(), max.min(ITEMS_MAX))?),
        Request::Terms { rule, after, max } => {
            Reply::terms(state.terms(&rule, after.as_deref(), max.min(ITEMS_MAX))?)
        }
        Request::Term { rule, term } => Reply::Term { history: state.term(&rule, &term)?.as_ref().map(Into::into) },
        Request::Forget { rule, terms } => Reply::Forgotten { terms: state.forget(&rule, &terms)? },
        Request::ForgetRule { rule } => Reply::Forgotten { terms: state.forget_rule(&rule)? },
        Request::Import { records, now_ms } => {
            let records: Result<Vec<Record>, Malformed> = records.into_iter().map(Record::try_from).collect();
            match records {
                Ok(records) => Reply::imported(state.import(&records, now_ms)?),
                Err(Malformed(cause)) => not_understood(cause),
            }
        }
        Request::Size {} => Reply::size(state.size()?),
    })
}

fn not_understood(cause: &str) -> Reply {
    Reply::unavailable(format!("the process that has the state open does not understand what it is asked: {cause}"))
}
