//! The side of whoever asks.

use std::io::{self, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use firstseen_ledger::{History, Imported, KnownRule, KnownTerm, LedgerError, Page, Record, Stats, Upkeep};

use crate::error::UpkeepSocketError;
use crate::place;
use crate::protocol::{Malformed, Reply, Request, WireRecord, size};
use crate::wire::{ReadError, Timed, lines_of, read_lines};

/// How long it may take to send a question.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an answer may take: to forget a rule is long work.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// A state that another process has open.
///
/// Lists come in parts that may be smaller than was asked for. An import or a list of
/// terms to be forgotten of over 16 MiB, as it is written, is
/// [`LedgerError::Invalid`].
#[derive(Clone, Debug)]
pub struct UpkeepClient {
    path: PathBuf,
}

impl UpkeepClient {
    /// The state behind a socket; none if nobody listens there.
    ///
    /// # Errors
    ///
    /// [`UpkeepSocketError::Refused`] if somebody does, and cannot be connected to.
    pub fn find(path: &Path) -> Result<Option<Self>, UpkeepSocketError> {
        use io::ErrorKind::{ConnectionRefused, NotADirectory, NotFound};

        // Nobody listens at what cannot be one's path.
        if !place::fits(path) {
            return Ok(None);
        }
        match UnixStream::connect(path) {
            Ok(_) => Ok(Some(Self { path: path.to_owned() })),
            Err(error) if matches!(error.kind(), ConnectionRefused | NotADirectory | NotFound) => Ok(None),
            Err(cause) => Err(UpkeepSocketError::Refused { path: path.to_owned(), cause }),
        }
    }

    fn ask(&self, request: &Request) -> Result<Reply, LedgerError> {
        let lines = lines_of(request).map_err(|error| LedgerError::Invalid(error.to_string()))?;
        match self.send(&lines)? {
            Reply::Failed { kind, text } => Err(kind.error(text)),
            reply => Ok(reply),
        }
    }

    fn send(&self, lines: &[u8]) -> Result<Reply, UpkeepSocketError> {
        let path = || self.path.clone();
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::TimedOut => UpkeepSocketError::Silent { path: path() },
            _ => UpkeepSocketError::Gone { path: path() },
        };
        let stream = UnixStream::connect(&self.path).map_err(failed)?;
        Timed::new(&stream, SEND_TIMEOUT).write_all(lines).map_err(failed)?;
        let said = read_lines(BufReader::new(Timed::new(&stream, ANSWER_TIMEOUT))).map_err(|error| match error {
            ReadError::Io(error) => failed(error),
            ReadError::NotUnderstood(cause) => UpkeepSocketError::NotUnderstood { path: path(), cause },
        })?;
        let not_understood =
            |error: serde_json::Error| UpkeepSocketError::NotUnderstood { path: path(), cause: error.to_string() };
        serde_json::from_slice(&said).map_err(not_understood)
    }

    /// That an answer is to something else, or none.
    fn not_understood(&self, cause: &str) -> LedgerError {
        UpkeepSocketError::NotUnderstood { path: self.path.clone(), cause: cause.to_owned() }.into()
    }

    fn other(&self) -> LedgerError {
        self.not_understood("it answers something else than it was asked")
    }

    fn read<T, W: TryInto<T, Error = Malformed>>(&self, wire: W) -> Result<T, LedgerError> {
        wire.try_into().map_err(|Malformed(cause)| self.not_understood(cause))
    }

    /// A part of a list, which leads on.
    fn page<T>(&self, items: Vec<T>, next: Option<String>, after: Option<&str>) -> Result<Page<T>, LedgerError> {
        match &next {
            Some(next) if after.is_some_and(|after| next.as_str() <= after) => {
                Err(self.not_understood("a list that does not go on"))
            }
            _ => Ok(Page { items, next }),
        }
    }
}

impl Upkeep for UpkeepClient {
    fn rules(&self, after: Option<&str>, max: usize) -> Result<Page<KnownRule>, LedgerError> {
        match self.ask(&Request::Rules { after: after.map(str::to_owned), max })? {
            Reply::Rules { items, next } => self.page(items.into_iter().map(KnownRule::from).collect(), next, after),
            _ => Err(self.other()),
        }
    }

    fn terms(&self, rule: &str, after: Option<&str>, max: usize) -> Result<Page<KnownTerm>, LedgerError> {
        match self.ask(&Request::Terms { rule: rule.to_owned(), after: after.map(str::to_owned), max })? {
            Reply::Terms { items, next } => {
                let items: Result<Vec<KnownTerm>, LedgerError> =
                    items.into_iter().map(|term| self.read(term)).collect();
                self.page(items?, next, after)
            }
            _ => Err(self.other()),
        }
    }

    fn term(&self, rule: &str, term: &str) -> Result<Option<History>, LedgerError> {
        match self.ask(&Request::Term { rule: rule.to_owned(), term: term.to_owned() })? {
            Reply::Term { history } => history.map(|history| self.read(history)).transpose(),
            _ => Err(self.other()),
        }
    }

    fn forget(&self, rule: &str, terms: &[String]) -> Result<u64, LedgerError> {
        match self.ask(&Request::Forget { rule: rule.to_owned(), terms: terms.to_vec() })? {
            Reply::Forgotten { terms } => Ok(terms),
            _ => Err(self.other()),
        }
    }

    fn forget_rule(&self, rule: &str) -> Result<u64, LedgerError> {
        match self.ask(&Request::ForgetRule { rule: rule.to_owned() })? {
            Reply::Forgotten { terms } => Ok(terms),
            _ => Err(self.other()),
        }
    }

    fn import(&self, records: &[Record], now_ms: i64) -> Result<Imported, LedgerError> {
        let records = records.iter().map(WireRecord::from).collect();
        match self.ask(&Request::Import { records, now_ms })? {
            Reply::Imported { new, widened, unchanged, expired } => Ok(Imported { new, widened, unchanged, expired }),
            _ => Err(self.other()),
        }
    }

    fn size(&self) -> Result<Stats, LedgerError> {
        match self.ask(&Request::Size {})? {
            Reply::Size { terms, alerts, alert_bytes } => Ok(size(terms, alerts, alert_bytes)),
            _ => Err(self.other()),
        }
    }
}
