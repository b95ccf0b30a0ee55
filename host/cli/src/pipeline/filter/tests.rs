use super::*;
use std::fs::{self, File};
use std::io::Write;
use std::iter;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use firstseen::Module;
use firstseen::ledger::{
    Backend, Changes, Entry, History, Ledger, MemoryLedger, QuotaUse, Since, Stats, StoredAlert, Term,
};

use firstseen_delivery::{AlertFile, DeliveryOptions};

/// An event that raises an alert, a blank line, a line that is no event, an event.
const INPUT: &str = concat!(
    r#"{"event":{"category":"process","type":"start","action":"exec"},"host":{"os":{"type":"linux"}},"#,
    r#""process":{"name":"dpkg","args":["dpkg","-i","x.deb"],"parent":{"executable":"/usr/bin/a"}}}"#,
    "\n \nnot an event\n{}\n",
);

/// A memory store that can fail.
#[derive(Default)]
struct Failing {
    store: MemoryLedger,
    reading: AtomicBool,
    committing: AtomicBool,
    panicking: AtomicBool,
    acknowledging: AtomicBool,
    flushing: AtomicBool,
}

fn failure(fails: &AtomicBool) -> Result<(), LedgerError> {
    match fails.load(Ordering::Relaxed) {
        true => Err(LedgerError::Unavailable { source: io::Error::from(io::ErrorKind::StorageFull).into() }),
        false => Ok(()),
    }
}

impl Backend for Failing {
    fn turn(&self) -> &Mutex<()> {
        self.store.turn()
    }

    fn histories(&self, terms: &[(&str, Term<'_>)]) -> Result<Vec<Option<History>>, LedgerError> {
        self.store.histories(terms)
    }

    fn entries(&self, keys: &[(&str, &[u8])]) -> Result<Vec<Option<Vec<u8>>>, LedgerError> {
        self.store.entries(keys)
    }

    fn entries_from(&self, rule: &str, first: &[u8], end: &[u8], max: usize) -> Result<Vec<Entry>, LedgerError> {
        self.store.entries_from(rule, first, end, max)
    }

    fn quota(&self, rule: &str, per_ms: u64, interval: i64) -> Result<Option<QuotaUse>, LedgerError> {
        self.store.quota(rule, per_ms, interval)
    }

    fn since(&self, rule: &str) -> Result<Option<Since>, LedgerError> {
        Backend::since(&self.store, rule)
    }

    fn commit(&self, changes: &Changes) -> Result<Vec<u64>, LedgerError> {
        failure(&self.committing)?;
        assert!(!self.panicking.load(Ordering::Relaxed), "as the test wants it");
        self.store.commit(changes)
    }

    fn outbox(&self, after: Option<u64>, alerts_max: usize) -> Result<Vec<(u64, StoredAlert)>, LedgerError> {
        failure(&self.reading)?;
        Backend::outbox(&self.store, after, alerts_max)
    }

    fn acknowledge(&self, numbers: &[u64]) -> Result<(), LedgerError> {
        failure(&self.acknowledging)?;
        Backend::acknowledge(&self.store, numbers)
    }

    fn flush(&self) -> Result<(), LedgerError> {
        failure(&self.flushing)?;
        Backend::flush(&self.store)
    }

    fn stats(&self) -> Result<Stats, LedgerError> {
        Backend::stats(&self.store)
    }
}

#[derive(Clone, Default)]
struct Stdout(Arc<Mutex<Vec<u8>>>);

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A run over [`INPUT`], after which its events must have come out.
struct Run {
    store: Arc<Failing>,
    counts: Counts,
    failures: Vec<String>,
    notes: Vec<String>,
}

fn run(store: Arc<Failing>, alerts: &Path) -> Run {
    let module = Module::built_in().unwrap();
    let detector = Detector::builder(module).ledger(store.clone() as Arc<dyn Ledger>).build().unwrap();
    let stdout = Stdout::default();
    let output = Output::new(Box::new(stdout.clone()), true);
    let notes: Arc<Mutex<Vec<String>>> = Arc::default();
    let note = Arc::clone(&notes);
    let tell: Tell = Arc::new(move |text: &str| note.lock().unwrap().push(text.to_owned()));
    let file = AlertFile::open(alerts).unwrap();
    let delivery = Delivery::start(&detector, Box::new(file), DeliveryOptions::default(), Arc::clone(&tell)).unwrap();
    let status = Arc::new(Status::new(&detector, Some(delivery.handle()), Instant::now()));
    let options = FilterOptions {
        workers: NonZeroUsize::MIN,
        index: None,
        now_ms: Some(0),
        streams: vec![None],
        has_state: true,
    };
    let mut filter = Filter::new(&detector, options, output, Some(delivery), status, tell).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("events.ndjson");
    fs::write(&input, INPUT).unwrap();
    let streams = iter::once(File::open(input).map(|file| OwnedFd::from(file).into()));
    let (mut intake, _stopper) = Intake::start(streams, 1 << 20, |_, _| {}).unwrap();
    filter.run(&mut intake, |_| {}).unwrap();
    assert_eq!(String::from_utf8(stdout.0.lock().unwrap().clone()).unwrap(), INPUT);
    let counts = filter.counts();
    let failures = filter.failures().iter().map(ToString::to_string).collect();
    drop(filter);
    let notes = notes.lock().unwrap().clone();
    Run { store, counts, failures, notes }
}

fn run_failing(fails: impl Fn(&Failing) -> &AtomicBool) -> (Run, usize) {
    let store = Arc::new(Failing::default());
    fails(&store).store(true, Ordering::Relaxed);
    let folder = tempfile::tempdir().unwrap();
    let alerts = folder.path().join("alerts.ndjson");
    let run = run(store, &alerts);
    (run, fs::read_to_string(&alerts).unwrap().lines().count())
}

#[test]
fn events_pass_unjudged_when_the_state_fails() {
    let (committing, _) = run_failing(|store| &store.committing);
    let (panicking, _) = run_failing(|store| &store.panicking);
    for run in [&committing, &panicking] {
        assert_eq!((run.counts.events, run.counts.unjudged, run.counts.alerts), (3, 3, 0));
    }
    // Its alerts are committed already.
    let (reading, alerts) = run_failing(|store| &store.reading);
    assert_eq!((reading.counts.events, alerts), (3, 0));
    for run in [committing, reading, panicking] {
        assert_eq!(run.failures.len(), 1, "{:?}", run.failures);
        let loud = run.notes.iter().filter(|note| note.contains("DETECTION IS OFF"));
        assert_eq!(loud.count(), 1, "{:?}", run.notes);
    }
}

#[test]
fn alerts_that_cannot_be_acknowledged_are_written_and_kept() {
    let (run, alerts) = run_failing(|store| &store.acknowledging);
    assert_eq!((run.counts.alerts, alerts), (1, 1));
    assert_eq!(Backend::outbox(&*run.store, None, 9).unwrap().len(), 1);
    assert!(run.failures.concat().contains("alerts may come again"), "{:?}", run.failures);
    assert!(run.notes.concat().contains("DETECTION IS OFF"), "{:?}", run.notes);
}

#[test]
fn a_state_that_cannot_be_flushed_is_a_failure() {
    let (run, alerts) = run_failing(|store| &store.flushing);
    assert_eq!((run.counts.unjudged, alerts), (0, 1));
    assert_eq!(run.failures.len(), 1, "{:?}", run.failures);
}

#[test]
fn alerts_whose_file_fails_come_in_the_next_run() {
    let first = run(Arc::new(Failing::default()), Path::new("/dev/full"));
    assert_eq!((first.counts.unjudged, first.failures.len()), (0, 1));
    assert!(first.notes.concat().contains("ALERTS ARE NOT WRITTEN"), "{:?}", first.notes);
    assert_eq!(Backend::outbox(&*first.store, None, 9).unwrap().len(), 1);

    let folder = tempfile::tempdir().unwrap();
    let alerts = folder.path().join("alerts.ndjson");
    let second = run(first.store, &alerts);
    assert!(second.failures.is_empty(), "{:?}", second.failures);
    assert_eq!(fs::read_to_string(&alerts).unwrap().lines().count(), 1);
    assert!(Backend::outbox(&*second.store, None, 9).unwrap().is_empty());
}
