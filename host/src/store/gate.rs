//! Turns: from a batch's first look at the state until its commit nobody else
//! may look.
//!
//! Without it two workers could both find the same term unseen.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Lets one holder in at a time.
#[derive(Debug, Default)]
pub struct Gate {
    taken: Mutex<bool>,
    freed: Condvar,
}

/// The right to look at the state and change it, given back on drop.
///
/// It owns its share of the gate and may move to another thread.
#[derive(Debug)]
#[must_use = "the turn ends when this is dropped"]
pub struct Turn {
    gate: Arc<Gate>,
}

impl Gate {
    /// An open gate.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Waits for the turn and takes it.
    ///
    /// A thread that holds a turn of this gate and enters again waits for
    /// itself, for ever.
    pub fn enter(self: &Arc<Self>) -> Turn {
        // A flag is never half-written, so a holder that panicked is no reason
        // to stop.
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken {
            taken = self.freed.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken = true;
        Turn { gate: Arc::clone(self) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.gate.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.gate.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let gate = Gate::new();
        let inside = AtomicUsize::new(0);
        let entered = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let _turn = gate.enter();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        entered.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(entered.into_inner(), 2000);
    }

    #[test]
    fn a_panicking_holder_gives_its_turn_back() {
        let gate = Gate::new();
        let inner = Arc::clone(&gate);
        let result = thread::spawn(move || {
            let _turn = inner.enter();
            panic!("holder dies");
        })
        .join();
        assert!(result.is_err());
        drop(gate.enter());
    }
}
