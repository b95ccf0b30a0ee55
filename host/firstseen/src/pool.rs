//! Workers on threads of their own: batches in, futures out.

use std::future::{Future, IntoFuture};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use crate::batch::Batch;
use crate::detector::Detector;
use crate::error::Error;
use crate::gate::Ticket;
use crate::outcome::Outcome;
use crate::worker::Worker;

/// Workers that judge batches side by side, each on a thread of its own.
///
/// Their questions are answered in the order in which the batches were
/// submitted, so what comes out does not depend on how many workers there are.
/// The queue has no bound: who submits bounds what is on its way; two batches for
/// each worker keep all of them busy.
///
/// Dropping the pool waits until all that was submitted, and is still wanted, is
/// judged.
///
/// ```
/// use std::num::NonZeroUsize;
///
/// use firstseen::{Batch, Detector, Module, Pool};
///
/// let detector = Detector::builder(Module::built_in()?).build()?;
/// let pool = Pool::new(&detector, NonZeroUsize::MIN)?;
/// let [first, second] = ["{}\n", "no event\n"].map(|line| pool.submit(Batch::new(line.as_bytes(), 0)));
/// // Elsewhere: `first.await`.
/// assert_eq!(first.wait().outcome?.counts.events, 1);
/// assert_eq!(second.wait().outcome?.counts.events, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Pool {
    detector: Detector,
    /// None once the pool is being dropped. Tickets are taken while it is held,
    /// so that batches lie in the queue in the order of their tickets.
    queue: Mutex<Option<Sender<Job>>>,
    threads: Vec<JoinHandle<()>>,
}

/// A batch that a pool is judging, or will.
///
/// Dropping it gives the batch up: nothing of it is kept, unless it was committed
/// already; then its alerts are in the outbox.
#[derive(Debug)]
#[must_use = "dropping it gives the batch up"]
pub struct Judging(oneshot::Receiver<Judged>);

/// A batch that is through.
#[derive(Debug)]
#[non_exhaustive]
pub struct Judged {
    /// The batch, as it was submitted.
    pub batch: Batch<'static>,
    /// What it gave, or why it was not evaluated.
    pub outcome: Result<Outcome, Error>,
    /// Whether the worker leaves the module alone for now; see
    /// [`Worker::disabled`].
    pub is_disabled: bool,
}

/// A batch in the queue.
struct Job {
    batch: Batch<'static>,
    ticket: Ticket,
    judged: oneshot::Sender<Judged>,
}

impl Pool {
    /// Starts workers. The first one has its instance of the module at once, the
    /// others take theirs when they have work; if there are not as many threads
    /// to be had, those that are do it.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if the module cannot be started, [`Error::Thread`] if no
    /// thread can be had.
    pub fn new(detector: &Detector, workers: NonZeroUsize) -> Result<Self, Error> {
        let (sender, receiver) = mpsc::channel();
        let jobs = Arc::new(Mutex::new(receiver));
        let mut first = Some(detector.worker()?);
        let mut threads: Vec<JoinHandle<()>> = Vec::new();
        for _ in 0..workers.get() {
            let (detector, jobs) = (detector.clone(), Arc::clone(&jobs));
            let worker = first.take().unwrap_or_else(|| detector.idle_worker());
            let thread = thread::Builder::new().name("firstseen-worker".to_owned());
            match thread.spawn(move || work(&detector, worker, &jobs)) {
                Ok(thread) => threads.push(thread),
                Err(error) if threads.is_empty() => return Err(Error::Thread(error)),
                Err(_) => break,
            }
        }
        Ok(Self { detector: detector.clone(), queue: Mutex::new(Some(sender)), threads })
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.threads.len()
    }

    /// Takes a batch, behind all that were submitted before.
    pub fn submit(&self, batch: Batch<'static>) -> Judging {
        let (judged, judging) = oneshot::channel();
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = &*queue {
            let job = Job { batch, ticket: self.detector.ticket(), judged };
            // Workers take jobs for as long as the pool is there.
            drop(queue.send(job));
        }
        Judging(judging)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        for thread in self.threads.drain(..) {
            // What panics while it judges is caught there.
            drop(thread.join());
        }
    }
}

impl Judging {
    /// Waits, on this thread, until the batch is through.
    pub fn wait(self) -> Judged {
        self.0.recv().unwrap_or_else(|_| Judged::lost())
    }
}

/// A [`Judging`] that is awaited.
#[derive(Debug)]
#[must_use = "dropping it gives the batch up"]
pub struct JudgingFuture(oneshot::AsyncReceiver<Judged>);

impl IntoFuture for Judging {
    type Output = Judged;
    type IntoFuture = JudgingFuture;

    fn into_future(self) -> JudgingFuture {
        JudgingFuture(self.0.into_future())
    }
}

impl Future for JudgingFuture {
    type Output = Judged;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Judged> {
        Pin::new(&mut self.0).poll(context).map(|judged| judged.unwrap_or_else(|_| Judged::lost()))
    }
}

impl Judged {
    /// Of a batch whose worker is gone, which none is.
    fn lost() -> Self {
        Self { batch: Batch::default(), outcome: Err(Error::Panicked), is_disabled: false }
    }
}

/// What a thread does until the pool is dropped.
fn work(detector: &Detector, mut worker: Worker, jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { batch, ticket, judged }) = job else { return };
        let is_wanted = || !judged.is_closed();
        if !is_wanted() {
            continue;
        }
        // A state that panicked may be half changed, so the worker is thrown away.
        let result = catch_unwind(AssertUnwindSafe(|| worker.evaluate_while(&batch, ticket, is_wanted)));
        let outcome = match result {
            Ok(Ok(Some(outcome))) => Ok(outcome),
            Ok(Ok(None)) => continue,
            Ok(Err(error)) => Err(error),
            Err(_) => {
                worker = detector.idle_worker();
                Err(Error::Panicked)
            }
        };
        let is_disabled = worker.disabled();
        // If nobody wants it any more, its alerts are in the outbox.
        drop(judged.send(Judged { batch, outcome, is_disabled }));
    }
}
