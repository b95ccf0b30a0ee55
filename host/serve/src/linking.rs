//! Which stored document an alert is about: what the cluster's answer says of it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use firstseen_bulk::Item;
use firstseen_delivery::EventFate;

use crate::detection::{Document, Verdict};

/// What is known of a request's answer.
#[derive(Clone, Debug)]
pub(crate) enum Answered {
    /// An item for each action.
    Items(Vec<Item>),
    /// The whole of it failed for good, with these words.
    Refused(String),
    /// It came, and does not say which document is which.
    Unnamed,
    /// There is none, or the client has to try again.
    Later,
}

impl Answered {
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

/// Links alerts to the documents of answers, also of those that come when a client
/// tries again.
pub(crate) struct Links {
    hasher: RandomState,
    waiting: Mutex<Waiting>,
    /// How many wait, to be looked at without a lock.
    count: AtomicUsize,
    timeout: Duration,
}

#[derive(Default)]
struct Waiting {
    /// Alerts by the digest of a document that they wait for.
    alerts: HashMap<u64, Vec<(u64, Instant)>>,
    last_purge: Option<Instant>,
}

/// How often what has waited in vain is looked for.
const PURGE_EVERY: Duration = Duration::from_secs(5);

impl Links {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { hasher: RandomState::new(), waiting: Mutex::default(), count: AtomicUsize::new(0), timeout }
    }

    /// Whether anybody wants to know what became of these documents.
    pub(crate) fn is_interested(&self, verdict: &Verdict) -> bool {
        !verdict.alerts.is_empty() || self.count.load(Ordering::Relaxed) > 0
    }

    /// How many bytes of documents are compared with those that are waited for.
    pub(crate) fn bytes_to_compare(&self, verdict: &Verdict) -> usize {
        match self.count.load(Ordering::Relaxed) {
            0 => 0,
            _ => verdict.documents.iter().map(|(batch, _)| batch.lines.len()).sum(),
        }
    }

    /// Says to the alerts of a request, and to those of earlier ones with the same
    /// documents, what the answer says.
    pub(crate) fn settle(&self, verdict: &Verdict, answered: &Answered) {
        let mut later = Vec::new();
        for alert in &verdict.alerts {
            let known: Vec<_> = alert.sources.iter().filter_map(|place| verdict.document(*place)).collect();
            let fates: Option<Vec<EventFate>> =
                known.iter().map(|(document, item)| fate(document, *item, answered)).collect();
            match fates {
                Some(fates) => verdict.delivery.settle(alert.number, fates),
                None => later.extend(known.iter().map(|(document, _)| (self.digest(document), alert.number))),
            }
        }
        let says_something = matches!(answered, Answered::Items(_) | Answered::Refused(_));
        if says_something && self.count.load(Ordering::Relaxed) > 0 {
            self.settle_earlier(verdict, answered);
        }
        if !later.is_empty() {
            self.wait_for(later);
        }
    }

    fn wait_for(&self, alerts: Vec<(u64, u64)>) {
        let until = Instant::now() + self.timeout;
        let mut waiting = self.waiting();
        for (digest, number) in alerts {
            waiting.alerts.entry(digest).or_default().push((number, until));
        }
        self.purge(&mut waiting);
    }

    /// Looks for documents that alerts of earlier requests wait for.
    fn settle_earlier(&self, verdict: &Verdict, answered: &Answered) {
        // Before the lock is taken, which all requests want.
        let documents: Vec<_> =
            verdict.all_documents().map(|(document, item)| (self.digest(&document), document, item)).collect();
        let mut waiting = self.waiting();
        self.purge(&mut waiting);
        for (digest, document, item) in documents {
            if !waiting.alerts.contains_key(&digest) {
                continue;
            }
            let Some(fate) = fate(&document, item, answered) else { continue };
            for (number, _) in waiting.alerts.remove(&digest).unwrap_or_default() {
                verdict.delivery.settle(number, vec![fate.clone()]);
            }
        }
        self.count.store(waiting.alerts.len(), Ordering::Relaxed);
    }

    fn purge(&self, waiting: &mut Waiting) {
        let now = Instant::now();
        if waiting.last_purge.is_none_or(|last| now.duration_since(last) >= PURGE_EVERY) {
            waiting.last_purge = Some(now);
            waiting.alerts.retain(|_, alerts| {
                alerts.retain(|(_, until)| *until > now);
                !alerts.is_empty()
            });
        }
        self.count.store(waiting.alerts.len(), Ordering::Relaxed);
    }

    /// Keyed, so that nobody can make two documents one.
    fn digest(&self, document: &Document<'_>) -> u64 {
        self.hasher.hash_one((document.bytes, document.id, document.target))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a document; none if the client has to try again.
fn fate(document: &Document<'_>, item: Option<u32>, answered: &Answered) -> Option<EventFate> {
    // One that stands for what was not read is not known again.
    if item.is_none() {
        return Some(EventFate::Unknown);
    }
    let item = match answered {
        Answered::Later => return None,
        Answered::Unnamed => return Some(EventFate::Unknown),
        Answered::Refused(reason) => return Some(EventFate::Refused { reason: reason.clone() }),
        Answered::Items(items) => item.and_then(|place| items.get(place as usize)),
    };
    let Some(item) = item else { return Some(EventFate::Unknown) };
    // A document of this name is there: that of the client's first try.
    if item.is_stored() || item.is_known() {
        let index = item.index.as_deref().or(document.target);
        let id = item.id.as_deref().or(document.id);
        return Some(match (index, id) {
            (Some(index), Some(id)) => EventFate::Stored { index: index.to_owned(), id: id.to_owned() },
            _ => EventFate::Unknown,
        });
    }
    item.is_refused().then(|| EventFate::Refused { reason: item.reason() })
}
