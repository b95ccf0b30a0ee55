//! Work on many items at once.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Most threads, the calling one included: what is done here takes a fraction
/// of a second.
const THREADS_MAX: usize = 4;

/// Below this many items for each thread another one does not pay.
const ITEMS_PER_THREAD: usize = 64;

/// The items' results, in the order of the items.
pub(super) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX);
    let threads = threads.min(items.len() / ITEMS_PER_THREAD);
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(number) else { return done };
            done.push((number, work(item)));
        }
    };
    let mut done = thread::scope(|scope| {
        // A thread that cannot be had is one that is not needed.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, run).ok();
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let mut done = run();
        for other in others {
            match other.join() {
                Ok(results) => done.extend(results),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_come_in_order() {
        for count in [0, 1, 1000] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(super::map(&items, |item| item + 1), (1..=count).collect::<Vec<_>>());
        }
    }
}
