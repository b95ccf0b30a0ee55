//! What comes out does not depend on how many workers there are, nor on where
//! the stream is cut into batches.

use std::future::{Future, IntoFuture};
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Wake};
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use firstseen::{Alert, Batch, Clock, Counts, Detector, Document, Module, ModuleError, Pool};
use firstseen_tests::endpoint_events::{Mix, write_events};
use firstseen_tests::firstseen::Firstseen;
use proptest::prelude::*;

/// When all events arrive.
const ARRIVAL_MS: i64 = 1_795_600_000_000;

/// Two rules that share events; few alerts an interval, so that the quota makes
/// the order matter.
const RULES: &str = concat!(
    r#"{"rule_id":"parents","name":"p","type":"new_terms","language":"kuery","query":"process.name:dpkg","#,
    r#""new_terms_fields":["process.parent.executable"],"history_window_start":"now-1d","index":["*"],"#,
    r#""description":"d","severity":"low","risk_score":1,"max_signals":9,"interval":"5s","version":1}"#,
    "\n",
    r#"{"rule_id":"hosts","name":"h","type":"new_terms","language":"kuery","query":"event.category:(process or file)","#,
    r#""new_terms_fields":["host.name","process.name"],"history_window_start":"now-2s","index":["*"],"#,
    r#""description":"d","severity":"low","risk_score":1,"max_signals":20,"interval":"3s","version":1}"#,
    "\n",
);

fn events(seed: u64, number: u64) -> Result<Vec<u8>> {
    let mix =
        Mix { seed, events: number, install_every: 4, parents: 40, start_ms: ARRIVAL_MS - 1_000_000, step_ms: 50 };
    let mut bytes = Vec::new();
    write_events(&mix, &mut bytes)?;
    Ok(bytes)
}

fn detector() -> Result<Detector> {
    // Compiled once for all cases.
    static MODULE: OnceLock<Result<Module, ModuleError>> = OnceLock::new();
    let module = MODULE.get_or_init(Module::built_in).as_ref().map_err(|error| anyhow!("{error}"))?.clone();
    let rules = Document { name: "rules".to_owned(), content: RULES.to_owned() };
    Ok(Detector::builder(module).rules([rules]).clock(Clock::Event).build()?)
}

/// What a stream gave, without what only says where it was cut.
#[derive(Debug, Default, PartialEq, Eq)]
struct Given {
    alerts: Vec<(String, String)>,
    counts: Counts,
}

impl Given {
    fn add(&mut self, alerts: Vec<Alert>, counts: Counts) {
        self.alerts.extend(alerts.into_iter().map(|alert| (alert.stored.id, alert.stored.document)));
        self.counts += counts;
    }
}

/// Passes batches through so many workers.
fn pass(detector: &Detector, batches: &[&[u8]], workers: usize) -> Result<Given> {
    let pool = Pool::new(detector, NonZeroUsize::new(workers).context("no workers")?)?;
    let judging: Vec<_> = batches.iter().map(|lines| pool.submit(Batch::new(lines.to_vec(), ARRIVAL_MS))).collect();
    let mut given = Given::default();
    for judging in judging {
        let outcome = judging.wait().outcome?;
        detector.acknowledge(&outcome)?;
        given.add(outcome.alerts, outcome.counts);
    }
    Ok(given)
}

/// A batch that nobody waits for leaves no trace, and holds nobody up.
#[test]
fn batches_that_are_given_up_are_not_judged() -> Result<()> {
    let stream = events(3, 2000)?;
    let expected = pass(&detector()?, &[&stream], 1)?;
    for workers in [1, 4] {
        let detector = detector()?;
        let pool = Pool::new(&detector, NonZeroUsize::new(workers).context("no workers")?)?;
        // One is being judged while the others are dropped.
        let first = pool.submit(Batch::new(b"{}\n".to_vec(), ARRIVAL_MS));
        for _ in 0..16 {
            drop(pool.submit(Batch::new(stream.clone(), ARRIVAL_MS)));
        }
        first.wait().outcome?;
        let mut given = Given::default();
        let outcome = pool.submit(Batch::new(stream.clone(), ARRIVAL_MS)).wait().outcome?;
        given.add(outcome.alerts, outcome.counts);
        ensure!(given == expected, "{workers} workers: something was kept");
    }
    Ok(())
}

/// Awaited, on a thread that does nothing else.
#[test]
fn a_batch_can_be_awaited() -> Result<()> {
    let detector = detector()?;
    let pool = Pool::new(&detector, NonZeroUsize::MIN)?;
    let mut future = std::pin::pin!(pool.submit(Batch::new(events(3, 50)?, ARRIVAL_MS)).into_future());
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let judged = loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(judged) => break judged,
            Poll::Pending => thread::park(),
        }
    };
    assert_eq!(judged.outcome?.counts.events, 50);
    Ok(())
}

/// Cuts a stream into batches of so many lines, over and over.
fn cut<'a>(stream: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut lines = stream.split_inclusive(|&byte| byte == b'\n');
    let mut rest = stream;
    let mut batches = Vec::new();
    for &size in sizes.iter().cycle() {
        let length = lines.by_ref().take(size).map(<[u8]>::len).sum();
        if length == 0 {
            return batches;
        }
        let (batch, after) = rest.split_at(length);
        batches.push(batch);
        rest = after;
    }
    batches
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn workers_and_batches_do_not_show(seed in 0..1000_u64, sizes in proptest::collection::vec(1..60_usize, 1..6)) {
        let stream = events(seed, 300).expect("events can be made");
        let later = events(seed + 1, 60).expect("events can be made");
        let run = |batches: &[&[u8]], workers: usize| -> Result<[Given; 2]> {
            let detector = detector()?;
            let given = pass(&detector, batches, workers)?;
            // What the state has become shows in what it says of later events.
            Ok([given, pass(&detector, &[&later], 1)?])
        };
        let expected = run(&[&stream], 1).expect("one worker");
        prop_assert!(expected[0].counts.alerts > 20 && expected[0].counts.deferred > 0, "{:?}", expected[0].counts);
        for workers in [1, 2, 4, 8] {
            let given = run(&cut(&stream, &sizes), workers).expect("some workers");
            prop_assert_eq!(&given, &expected, "{} workers", workers);
        }
    }
}

#[test]
fn jobs_do_not_show() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = scratch.path().join("rules.ndjson");
    std::fs::write(&rules, RULES)?;
    let mut stream = events(7, 4000)?;
    stream.extend_from_slice(b"\n{\"process\":{\"name\":\"dpkg\"\nno event, dpkg\n");
    let mut expected = None;
    for jobs in ["1", "2", "4", "8"] {
        let state = scratch.path().join(jobs);
        let filter = || -> Result<Firstseen> {
            let filter = Firstseen::filter()?.args(["--clock", "event", "--jobs", jobs]);
            Ok(filter.arg("--rules").arg(&rules).arg("--state").arg(&state))
        };
        let first = filter()?.run(&stream)?.expect_code(1)?;
        let again = filter()?.arg("--only-alerts").run(&events(8, 500)?)?.expect_code(0)?;
        let given = (first.stdout, again.stdout);
        match &expected {
            None => expected = Some(given),
            Some(expected) => ensure!(given == *expected, "--jobs {jobs} gives something else"),
        }
    }
    let (first, _) = expected.context("it ran")?;
    ensure!(first.len() > stream.len(), "there are alerts");
    Ok(())
}
