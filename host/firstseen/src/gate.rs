//! Tickets: the order in which batches look at the ledger. From a batch's first
//! look until its commit nobody else may look.
//!
//! Without turns two workers could both find the same term unseen; without an
//! order the result would depend on which worker is faster.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Gives out tickets, and lets their holders in one after the other.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    queue: Mutex<Queue>,
    moved: Condvar,
}

/// Tickets have ascending numbers.
#[derive(Debug, Default)]
struct Queue {
    /// Number of the next ticket to give out.
    next: u64,
    /// The lowest number that has not come back.
    first: u64,
    /// Higher numbers that have.
    returned: BTreeSet<u64>,
}

/// A place in the order in which batches look at the state, given back on drop.
///
/// Everybody behind waits until it comes back, whether or not its holder looks
/// at the state at all. It owns its share of the gate and may move to another
/// thread.
#[derive(Debug)]
#[must_use = "the place is given up when this is dropped"]
pub struct Ticket {
    gate: Arc<Gate>,
    number: u64,
}

impl Gate {
    /// An open gate.
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The place behind all that were given out before.
    pub(crate) fn ticket(self: &Arc<Self>) -> Ticket {
        let mut queue = self.queue();
        let number = queue.next;
        queue.next += 1;
        Ticket { gate: Arc::clone(self), number }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Numbers are never half-written, so a holder that panicked is no
        // reason to stop.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Waits until all tickets before this one have come back.
    ///
    /// A thread that holds one of those waits for itself, for ever.
    pub fn wait(&self) {
        let mut queue = self.gate.queue();
        while queue.first < self.number {
            queue = self.gate.moved.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut queue = self.gate.queue();
        queue.returned.insert(self.number);
        while queue.returned.first() == Some(&queue.first) {
            queue.returned.pop_first();
            queue.first += 1;
        }
        drop(queue);
        self.gate.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn one_holder_at_a_time_and_in_order() {
        let gate = Gate::new();
        let inside = AtomicUsize::new(0);
        let entered = Mutex::new(Vec::new());
        let next = Mutex::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let (ticket, number) = {
                            let mut next = next.lock().unwrap();
                            *next += 1;
                            (gate.ticket(), *next)
                        };
                        if number % 3 == 0 {
                            continue;
                        }
                        ticket.wait();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        entered.lock().unwrap().push(number);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        let expected: Vec<i32> = (1..=2000).filter(|number| number % 3 != 0).collect();
        assert_eq!(entered.into_inner().unwrap(), expected);
        assert_eq!(gate.queue().returned.len(), 0);
    }

    #[test]
    fn a_ticket_that_comes_back_early_holds_nobody_up() {
        let gate = Gate::new();
        let [first, second, third] = [gate.ticket(), gate.ticket(), gate.ticket()];
        drop(second);
        first.wait();
        drop(first);
        third.wait();
    }

    #[test]
    fn a_panicking_holder_gives_its_place_up() {
        let gate = Gate::new();
        let inner = Arc::clone(&gate);
        let result = thread::spawn(move || {
            let ticket = inner.ticket();
            ticket.wait();
            panic!("holder dies");
        })
        .join();
        assert!(result.is_err());
        gate.ticket().wait();
    }
}
