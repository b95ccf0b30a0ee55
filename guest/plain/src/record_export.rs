//! The export `firstseen`, by the form of functions of Fluent Bit's wasm filter.
//!
//! The host drops a record whose call gives nothing or traps, and calls the same instance again.
//! So an answer that cannot be made is the record itself, at the address that it came with; and a
//! call that did not come back is noticed by the next one.

#![allow(unsafe_code, reason = "the name of an export; no address that comes from outside is followed")]

use std::cell::Cell;

use crate::baked::baked;
use crate::exports::MEMORY;
use crate::{Records, not_judged};

/// How often the module may fail before it judges no more: what a failed call had in memory
/// stays lost.
const FAILURES_MAX: u32 = 3;

enum State {
    New,
    Ready(Box<Records>),
    /// A call is under way: the next one finds this only if it did not come back.
    Judging,
    /// It failed too often.
    Stopped,
}

thread_local! {
    static STATE: Cell<State> = const { Cell::new(State::New) };
    static FAILURES: Cell<u32> = const { Cell::new(0) };
    /// The earliest arrival, which outlives failures.
    static START_MS: Cell<Option<i64>> = const { Cell::new(None) };
    /// The record of the last call, should that not come back.
    static LAST: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    /// The last answer, for the host to read.
    static ANSWER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

#[unsafe(no_mangle)]
extern "C" fn firstseen(
    _tag: usize,
    _tag_length: usize,
    seconds: u32,
    nanoseconds: u32,
    record: usize,
    length: usize,
) -> usize {
    let Some(bytes) = record_at(record, length) else { return record };
    let arrival_ms = i64::from(seconds) * 1_000 + i64::from(nanoseconds / 1_000_000);
    match judge(&bytes, arrival_ms) {
        Some(answer) => hand_over(answer),
        None if is_terminated(record, length) => record,
        None => hand_over(bytes),
    }
}

fn judge(record: &[u8], arrival_ms: i64) -> Option<Vec<u8>> {
    let last = LAST.replace(copy(record).unwrap_or_default());
    let mut records = match STATE.replace(State::Judging) {
        State::Ready(records) => records,
        State::New => Box::new(Records::new(baked())),
        State::Judging if FAILURES.get() + 1 < FAILURES_MAX => {
            FAILURES.set(FAILURES.get() + 1);
            Box::new(Records::after_failure(baked(), last, START_MS.get()))
        }
        State::Judging | State::Stopped => {
            STATE.set(State::Stopped);
            return not_judged(record);
        }
    };
    let answer = records.judge(record, arrival_ms);
    START_MS.set(records.start_ms());
    STATE.set(State::Ready(records));
    answer
}

/// The bytes at a place; none if they are none of the host's, or there is no memory for them.
fn record_at(address: usize, length: usize) -> Option<Vec<u8>> {
    MEMORY.with_borrow(|memory| copy(memory.bytes(address, length)?))
}

/// Bytes, with room for one more; none if there is no memory for them.
fn copy(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len().checked_add(1)?).ok()?;
    copy.extend_from_slice(bytes);
    Some(copy)
}

fn is_terminated(address: usize, length: usize) -> bool {
    MEMORY.with_borrow(|memory| {
        let bytes = length.checked_add(1).and_then(|length| memory.bytes(address, length));
        bytes.is_some_and(|bytes| bytes.last() == Some(&0))
    })
}

/// Ends a text as C does, and keeps it until the next call.
fn hand_over(mut answer: Vec<u8>) -> usize {
    answer.push(0);
    let address = answer.as_ptr().addr();
    ANSWER.set(answer);
    address
}
