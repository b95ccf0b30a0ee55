//! Elastic Defend events from a seed: Linux process, file and network events
//! in the shape Defend 8.17 writes them, about 3.1 KB each, with now and then
//! a `dpkg -i` among them.
//!
//! They differ in ids, hashes, times, lengths and escapes. Apart from the
//! installs no event matches the built-in rule, although some name `dpkg`.

mod event;
mod line;
mod tables;
#[cfg(test)]
mod tests;
mod world;

use std::io;

use crate::rng::{Rng, mixed};
use event::{Action, Event};
use line::{Line, YEAR_0, YEAR_9999};
use tables::INSTALLERS;
use world::World;

/// What to generate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mix {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Number of events.
    pub events: u64,
    /// Every n-th event is a `dpkg -i` on average: one in each run of n
    /// events, at a random place. 0: none.
    pub install_every: u64,
    /// Number of distinct parents of installs, that is of new terms. Their
    /// first occurrences are spread over the whole run; with fewer installs
    /// than parents each install has its own. 0: no installs.
    pub parents: u64,
    /// `@timestamp` of the first event, in milliseconds since 1970. Years
    /// outside 0 to 9999 become the nearest of these.
    pub start_ms: i64,
    /// Milliseconds from one event to the next.
    pub step_ms: u64,
}

/// What was generated.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Written {
    /// Number of events, each on a line of its own.
    pub events: u64,
    /// Number of bytes, newlines included.
    pub bytes: u64,
    /// How many of the events are installs.
    pub installs: u64,
    /// How many distinct parents these have.
    pub parents_used: u64,
}

/// Size from which the buffer is handed to the writer, in bytes.
const CHUNK: usize = 1 << 20;

/// Writes the events as NDJSON.
///
/// # Errors
///
/// Only those of `out`.
pub fn write_events(mix: &Mix, out: &mut dyn io::Write) -> io::Result<Written> {
    let mut rng = Rng(mix.seed);
    let world = World::new(&mut rng);
    let mut schedule = Schedule::new(mix);
    let mut line = Line(Vec::with_capacity(CHUNK + 16 * 1024));
    let mut written = Written::default();

    for number in 0..mix.events {
        let offset = i64::try_from(number.saturating_mul(mix.step_ms)).unwrap_or(i64::MAX);
        let at = mix.start_ms.saturating_add(offset).clamp(YEAR_0, YEAR_9999);
        let mut event = Event::new(&world, &mut rng, number, at);
        match schedule.parent_of(number, &mut rng) {
            Some(parent) => {
                written.installs += 1;
                event.install(&mut line, &mut rng, &install_parent(parent));
            }
            None => match rng.below(100) {
                0..22 => event.process(&mut line, &mut rng, Action::Exec),
                22..34 => event.process(&mut line, &mut rng, Action::Fork),
                34..40 => event.process(&mut line, &mut rng, Action::End),
                40..70 => event.file(&mut line, &mut rng),
                _ => event.network(&mut line, &mut rng),
            },
        }
        line.text("\n");
        if line.0.len() >= CHUNK {
            written.bytes += line.0.len() as u64;
            out.write_all(&line.0)?;
            line.0.clear();
        }
    }
    written.bytes += line.0.len() as u64;
    out.write_all(&line.0)?;
    written.events = mix.events;
    written.parents_used = schedule.introduced;
    Ok(written)
}

/// Which events are installs, and by which parent.
struct Schedule {
    every: u64,
    parents: u64,
    /// Installs that are certain to come; the last, shorter run of events may
    /// add one.
    certain: u64,
    installs: u64,
    introduced: u64,
    /// Place of the install within the current run of `every` events.
    place: u64,
}

impl Schedule {
    fn new(mix: &Mix) -> Self {
        let every = if mix.parents == 0 { 0 } else { mix.install_every };
        Self {
            every,
            parents: mix.parents,
            certain: mix.events.checked_div(every).unwrap_or(0).max(1),
            installs: 0,
            introduced: 0,
            place: 0,
        }
    }

    fn parent_of(&mut self, number: u64, rng: &mut Rng) -> Option<u64> {
        let place = number.checked_rem(self.every)?;
        if place == 0 {
            self.place = rng.below(self.every);
        }
        if place != self.place {
            return None;
        }
        let due = u128::from(self.installs) * u128::from(self.parents) / u128::from(self.certain);
        self.installs += 1;
        if self.introduced < self.parents && u128::from(self.introduced) <= due {
            self.introduced += 1;
            return Some(self.introduced - 1);
        }
        Some(rng.below(self.introduced))
    }
}

/// Executable of the n-th parent of installs, escaped for JSON.
fn install_parent(n: u64) -> String {
    if let Some(known) = usize::try_from(n).ok().and_then(|n| INSTALLERS.lines().nth(n)) {
        return known.to_owned();
    }
    match n % 8 {
        0 => format!("/opt/agents/update-{n:06}/bin/updater"),
        1 => format!("/usr/local/lib/fleet/releases/{n}/fleetd"),
        2 => format!("/srv/ci/runner-{n}/externals/node20/bin/node"),
        3 => format!("/var/lib/docker/overlay2/{:016x}/merged/usr/bin/bash", mixed(n)),
        4 => format!(r"/home/ren\u00e9/.cache/installer-{n}/run.sh"),
        5 => format!("/tmp/.{:016x}/sh", mixed(n)),
        6 => format!("/home/deploy/venvs/tool {n}/bin/python3.11"),
        _ => format!("/usr/lib/vendor/{n:05x}/postinstall-helper"),
    }
}
