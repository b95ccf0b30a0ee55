//! The thread's side of a delivery.

use std::sync::Arc;
use std::time::{Duration, Instant};

use firstseen::{Alert, Detector};

use crate::delivery::{DeliveryError, PATIENCE, Shared, SinkState, Tell};
use crate::held::Held;
use crate::outages::Outages;
use crate::sink::{Handed, Outgoing, Sink, SinkTrouble};

/// Alerts that are handed over at a time, at most.
const PAGE: u64 = 1_000;

/// Bytes that are handed over at a time, about.
const PAGE_BYTES: u64 = 4 << 20;

/// How long the first pause after a failure is, and the longest one.
const PAUSE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// How long it is before a pipe is tried again at the end.
const READER_PAUSE: Duration = Duration::from_millis(100);

/// What the thread has.
pub(crate) struct Courier {
    shared: Arc<Shared>,
    detector: Detector,
    sink: Box<dyn Sink>,
    held: Held,
    hold: Option<Duration>,
    /// How many alerts of the outbox an earlier process has left, of those not seen
    /// yet.
    earlier_alerts: u64,
    outages: Outages,
    /// After the next failure.
    pause: Duration,
}

impl Courier {
    pub(crate) fn new(
        shared: Arc<Shared>,
        detector: Detector,
        sink: Box<dyn Sink>,
        hold: Option<Duration>,
        earlier_alerts: u64,
        tell: Tell,
    ) -> Self {
        let outages = Outages::new(sink.name(), tell);
        Self { shared, detector, sink, held: Held::default(), hold, earlier_alerts, outages, pause: PAUSE[0] }
    }

    pub(crate) fn run(mut self) {
        // An earlier process may have been stopped within a line.
        self.sink.begin(self.earlier_alerts > 0);
        while self.wait_for_work() {
            if let Err(failure) = self.hand_over() {
                self.shared.lock().failure = Some(failure);
                break;
            }
        }
        self.shared.lock().is_through = true;
        self.shared.moved.notify_all();
    }

    /// Waits until there may be something to hand over; false at the end.
    fn wait_for_work(&mut self) -> bool {
        let mut state = self.shared.lock();
        state.oldest = self.held.oldest();
        loop {
            if std::mem::take(&mut state.must_reopen) {
                self.sink.reopen();
            }
            let wait_for = match state.sink {
                SinkState::Failing { retry_at, .. } if state.ending_since.is_none() => {
                    retry_at.saturating_duration_since(Instant::now())
                }
                _ if state.has_news => Duration::ZERO,
                // Whoever reads it may only be starting, too.
                SinkState::Failing { .. } if is_recent(state.ending_since) && self.sink.is_pipe() => {
                    state.has_news = true;
                    READER_PAUSE
                }
                _ if state.ending_since.is_some() => return false,
                _ => match self.held.next_due() {
                    Some(due) => due.saturating_duration_since(Instant::now()),
                    None => Duration::MAX,
                },
            };
            if wait_for.is_zero() {
                state.has_news = false;
                for (number, fates) in std::mem::take(&mut state.settled) {
                    self.held.settle(number, fates);
                }
                return true;
            }
            state = match wait_for {
                Duration::MAX => self.shared.moved.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner),
                wait_for => self.shared.wait(state, wait_for),
            };
        }
    }

    /// Hands over what may leave, a page at a time, until nothing does or the sink
    /// fails.
    fn hand_over(&mut self) -> Result<(), DeliveryError> {
        let page = self.page()?;
        loop {
            let is_at_end = self.shared.lock().ending_since.is_some();
            let seen = self.see(page)?;
            self.shared.lock().oldest = self.held.oldest();
            let leaving = self.held.leaving(page, is_at_end, Instant::now());
            if leaving.is_empty() {
                match seen.is_empty() {
                    true => return Ok(()),
                    false => continue,
                }
            }
            let alerts = self.read(&leaving, seen)?;
            if let SinkState::Writing(at) = &mut self.shared.lock().sink {
                *at = Instant::now();
            }
            let Handed { taken, trouble } = self.give(&alerts);
            if !taken.is_empty() {
                self.detector.acknowledge_numbers(&taken).map_err(DeliveryError::Acknowledgement)?;
                taken.iter().for_each(|number| self.held.left(*number));
                self.shared.lock().delivered += taken.len() as u64;
            }
            if let Some(trouble) = trouble {
                self.note_failure(&alerts, &trouble);
                return Ok(());
            }
            self.note_success();
        }
    }

    /// How many alerts are a page, of the size that they have.
    fn page(&self) -> Result<usize, DeliveryError> {
        let waiting = self.detector.stats().map_err(DeliveryError::Outbox)?.outbox;
        let alert_bytes = waiting.bytes / waiting.alerts.max(1);
        Ok((PAGE_BYTES / alert_bytes.max(1)).clamp(1, PAGE) as usize)
    }

    /// Notes what the outbox has that was not seen yet, a page of it.
    fn see(&mut self, page: usize) -> Result<Vec<Alert>, DeliveryError> {
        let alerts = self.detector.outbox(self.held.last_seen(), page).map_err(DeliveryError::Outbox)?;
        let now = Instant::now();
        for alert in &alerts {
            let is_earlier = self.earlier_alerts > 0;
            self.earlier_alerts = self.earlier_alerts.saturating_sub(1);
            let hold = self.hold.filter(|_| !is_earlier);
            self.held.see(alert.number, alert.stored.rule_id.clone(), hold, now);
            if is_earlier {
                self.held.tried(std::iter::once(alert.number));
            }
        }
        Ok(alerts)
    }

    /// The alerts of these numbers, from those that were just seen or from the outbox.
    fn read(&mut self, numbers: &[u64], seen: Vec<Alert>) -> Result<Vec<Outgoing>, DeliveryError> {
        let mut outgoing = Vec::with_capacity(numbers.len());
        let mut at_hand = seen.into_iter().peekable();
        let mut page = Vec::new().into_iter().peekable();
        for (place, &number) in numbers.iter().enumerate() {
            while at_hand.next_if(|alert| alert.number < number).is_some() {}
            while page.next_if(|alert: &Alert| alert.number < number).is_some() {}
            let alert = match at_hand.next_if(|alert| alert.number == number) {
                Some(alert) => Some(alert),
                None => {
                    if page.peek().is_none_or(|alert| alert.number != number) {
                        let after = number.checked_sub(1);
                        let alerts = self.detector.outbox(after, numbers.len() - place);
                        page = alerts.map_err(DeliveryError::Outbox)?.into_iter().peekable();
                    }
                    page.next_if(|alert| alert.number == number)
                }
            };
            match alert {
                Some(alert) => outgoing.push(self.outgoing(alert)),
                // Nobody else takes any out; if it is gone, it is gone.
                None => self.held.left(number),
            }
        }
        Ok(outgoing)
    }

    fn outgoing(&self, alert: Alert) -> Outgoing {
        let Alert { number, mut stored, .. } = alert;
        let id = std::mem::take(&mut stored.id);
        let document = crate::fill::filled(stored, self.held.fates(number));
        Outgoing { number, id, document, may_be_there: self.held.was_tried(number) }
    }

    fn give(&mut self, alerts: &[Outgoing]) -> Handed {
        let Self { shared, outages, sink, .. } = self;
        let (mut last_left, mut since) = (usize::MAX, Instant::now());
        sink.take(alerts, &mut |left| {
            if left < last_left {
                (last_left, since) = (left, Instant::now());
            }
            let has_patience = since.elapsed() < PATIENCE;
            if !has_patience {
                outages.begin(shared, "its reader takes nothing", Instant::now());
            }
            let state = shared.lock();
            has_patience || !(state.ending_since.is_some() || state.must_reopen)
        })
    }

    fn note_failure(&mut self, alerts: &[Outgoing], trouble: &SinkTrouble) {
        if trouble.is_unclear {
            self.held.tried(alerts.iter().map(|alert| alert.number));
        }
        let retry_at = Instant::now() + self.pause;
        self.pause = (2 * self.pause).min(PAUSE[1]);
        self.outages.begin(&self.shared, &trouble.cause, retry_at);
        let mut state = self.shared.lock();
        // There is work until it is handed over.
        state.has_news = state.ending_since.is_none();
    }

    fn note_success(&mut self) {
        self.pause = PAUSE[0];
        self.outages.end(&self.shared);
        self.shared.moved.notify_all();
    }
}

/// Whether a reader may still be waited for.
fn is_recent(since: Option<Instant>) -> bool {
    since.is_some_and(|since| since.elapsed() < PATIENCE)
}
