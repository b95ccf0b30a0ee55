//! Looking for dearer events than were thought of.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::events::Nasty;
use crate::measure::{Cost, Meter};

/// How many of the dearest events are changed further.
const KEPT: usize = 20;

/// Longest event.
const BYTES_MAX: usize = 400_000;

/// Changes the dearest events, and keeps what is dearer, for so long. What comes is sorted, the dearest first.
pub(crate) fn search(meter: &mut Meter, mut events: Vec<(Cost, Nasty)>, time: Duration) -> Result<Vec<(Cost, Nasty)>> {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let began = Instant::now();
    sort(&mut events);
    while began.elapsed() < time {
        let kept = events.len().min(KEPT);
        let (parent, other) = (&events[random.below(kept)], &events[random.below(kept)].1);
        let Some(line) = random.change(&parent.1.line, &other.line) else { continue };
        let what = format!("{}, changed", parent.1.what.trim_end_matches(", changed"));
        let least = events[kept - 1].0.ratio;
        // Most are no dearer, which one try tells.
        if meter.cost(&line, 1)?.ratio <= least {
            continue;
        }
        let cost = meter.cost(&line, 5)?;
        if cost.ratio > least {
            events.push((cost, Nasty { what, line }));
            sort(&mut events);
        }
    }
    Ok(events)
}

pub(crate) fn sort(events: &mut [(Cost, Nasty)]) {
    events.sort_by(|(a, _), (b, _)| b.ratio.total_cmp(&a.ratio));
}

/// Numbers that look random, the same in each run (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    /// A place in a text between two characters.
    fn place(&mut self, text: &str) -> usize {
        let at = self.below(text.len() + 1);
        text.floor_char_boundary(at)
    }

    fn part<'t>(&mut self, text: &'t str, length_max: usize) -> &'t str {
        let start = self.place(text);
        let end = text.floor_char_boundary((start + 1 + self.below(length_max)).min(text.len()));
        text.get(start..end).unwrap_or_default()
    }

    /// An event that is changed a little; none if nothing came of it that is JSON.
    fn change(&mut self, line: &str, other: &str) -> Option<String> {
        let at = self.place(line);
        let (before, after) = line.split_at_checked(at)?;
        let line = match self.below(5) {
            0 => {
                let part = self.part(other, 64).to_owned();
                format!("{before}{part}{after}")
            }
            1 => {
                let part = self.part(line, 200).to_owned();
                let times = 1 + self.below(2_000);
                format!("{before}{}{after}", part.repeat(times))
            }
            2 => {
                let cut = self.below(after.len().min(20_000) + 1);
                format!("{before}{}", after.get(after.floor_char_boundary(cut)..)?)
            }
            3 => {
                let texts = ["\\u0061", "*", " ", "é", "漢", "\",\"", "a", ".", "_", "0", "]},{[", "\\\\"];
                let text = texts[self.below(texts.len())];
                let times = 1 + self.below(20_000);
                format!("{before}{}{after}", text.repeat(times))
            }
            _ => {
                // Another order of its members.
                let inner = line.strip_prefix('{')?.strip_suffix('}')?;
                let middle = inner.find(",\"")?;
                format!("{{{},{}}}", inner.get(middle + 1..)?, inner.get(..middle)?)
            }
        };
        let is_event = line.len() <= BYTES_MAX && serde_json::from_str::<serde_json::Value>(&line).is_ok();
        is_event.then_some(line)
    }
}
