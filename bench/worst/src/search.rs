//! Looking for dearer events than were thought of.

use std::time::{Duration, Instant};

use anyhow::Result;
use firstseen_tests::rng::Rng;

use crate::events::Nasty;
use crate::measure::{Cost, Meter};

/// How many of the dearest events are changed further.
const KEPT: usize = 20;

/// Longest event.
const BYTES_MAX: usize = 400_000;

/// Changes the dearest events, and keeps what is dearer, for so long. What comes is sorted, the dearest first.
pub(crate) fn search(meter: &mut Meter, mut events: Vec<(Cost, Nasty)>, time: Duration) -> Result<Vec<(Cost, Nasty)>> {
    let mut random = Rng(13);
    let began = Instant::now();
    sort(&mut events);
    while !events.is_empty() && began.elapsed() < time {
        let kept = events.len().min(KEPT);
        let (parent, other) = (&events[random.place(kept)], &events[random.place(kept)].1);
        let Some(line) = change(&mut random, &parent.1.line, &other.line) else { continue };
        let what = format!("{}, changed", parent.1.what.trim_end_matches(", changed"));
        let event = Nasty { what, line, growth: parent.1.growth };
        let least = events[kept - 1].0.ratio;
        // Most are no dearer, which one try tells.
        if meter.cost(&event, 1)?.ratio <= least {
            continue;
        }
        let cost = meter.cost(&event, 5)?;
        if cost.ratio > least {
            events.push((cost, event));
            sort(&mut events);
        }
    }
    Ok(events)
}

pub(crate) fn sort(events: &mut [(Cost, Nasty)]) {
    events.sort_by(|(a, _), (b, _)| b.ratio.total_cmp(&a.ratio));
}

/// A place in a text between two characters.
fn place(random: &mut Rng, text: &str) -> usize {
    let at = random.place(text.len() + 1);
    text.floor_char_boundary(at)
}

fn part<'t>(random: &mut Rng, text: &'t str, length_max: usize) -> &'t str {
    let start = place(random, text);
    let end = text.floor_char_boundary((start + 1 + random.place(length_max)).min(text.len()));
    text.get(start..end).unwrap_or_default()
}

/// An event that is changed a little; none if nothing came of it that is JSON.
fn change(random: &mut Rng, line: &str, other: &str) -> Option<String> {
    let at = place(random, line);
    let (before, after) = line.split_at_checked(at)?;
    let line = match random.place(5) {
        0 => {
            let part = part(random, other, 64).to_owned();
            format!("{before}{part}{after}")
        }
        1 => {
            let part = part(random, line, 200).to_owned();
            let times = 1 + random.place(2_000);
            format!("{before}{}{after}", part.repeat(times))
        }
        2 => {
            let cut = random.place(after.len().min(20_000) + 1);
            format!("{before}{}", after.get(after.floor_char_boundary(cut)..)?)
        }
        3 => {
            let texts = ["\\u0061", "*", " ", "é", "漢", "\",\"", "a", ".", "_", "0", "]},{[", "\\\\"];
            let text = texts[random.place(texts.len())];
            let times = 1 + random.place(20_000);
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
