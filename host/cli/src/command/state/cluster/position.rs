//! How far it is: in a file, so that it goes on there, and for whoever watches.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use firstseen::{RuleSummary, printable};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use super::super::seeding::Seeding;
use super::super::time;
use crate::message;

/// How often it is told where nobody sees a bar.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// How far it is.
pub(super) struct Position {
    path: PathBuf,
    saved: Saved,
}

/// The same in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    /// Whose documents.
    from: String,
    /// Which state has what they gave.
    state: PathBuf,
    /// Which rules have seen them.
    rules: u64,
    /// The time of the first one.
    since_ms: i64,
    /// What was before is in the state.
    reached_ms: i64,
    /// How many documents were read.
    documents: u64,
    /// The time of the first sighting of each rule, by its key, in epoch milliseconds.
    first_ms: BTreeMap<String, i64>,
}

/// Stands for rules, by what they remember and their versions. Others have others, as far
/// as chance lets them.
pub(super) fn rules_digest(rules: &[RuleSummary]) -> u64 {
    let mut all: Vec<_> = rules.iter().map(|rule| (rule.history.as_str(), rule.version)).collect();
    all.sort_unstable();
    let mut hasher = DefaultHasher::new();
    all.hash(&mut hasher);
    hasher.finish()
}

impl Position {
    /// Where an earlier run with the same was, else at the beginning.
    ///
    /// # Errors
    ///
    /// When the file is something else, or cannot be written.
    pub(super) fn begin(path: PathBuf, from: &str, state: &Path, since_ms: i64, rules: u64) -> Result<Self> {
        let state = state.canonicalize().with_context(|| state.display().to_string())?;
        let from = from.to_owned();
        let new = Saved { from, state, rules, since_ms, reached_ms: since_ms, documents: 0, first_ms: BTreeMap::new() };
        let saved = match read(&path)? {
            Some(saved) if saved.goes_on_with(&new) => {
                let (documents, reached) = (saved.documents, time::show(saved.reached_ms));
                message::say(&format!("{documents} documents were read before; it goes on at {reached}"));
                Saved { reached_ms: saved.reached_ms.max(since_ms), ..saved }
            }
            Some(saved) => {
                let text = format!(
                    "{} is of another run, which was at {} of {}: other documents, another state, other rules, or a later \
                     start; this one begins anew",
                    path.display(),
                    time::show(saved.reached_ms),
                    saved.from
                );
                message::warn(&printable(&text));
                new
            }
            None => new,
        };
        message::say(&format!("documents since {} are read", time::show(saved.reached_ms)));
        let position = Self { path, saved };
        position.write()?;
        Ok(position)
    }

    pub(super) fn reached_ms(&self) -> i64 {
        self.saved.reached_ms
    }

    /// What rules saw before.
    pub(super) fn first_sightings(&self) -> &BTreeMap<String, i64> {
        &self.saved.first_ms
    }

    /// Notes that all documents up to a time are in the state, so many more.
    pub(super) fn move_to(&mut self, reached_ms: i64, documents: u64, seeding: &Seeding) -> Result<()> {
        self.saved.reached_ms = reached_ms;
        self.saved.documents += documents;
        self.saved.first_ms = seeding.first_sightings();
        self.write()
    }

    /// Notes that all is read.
    pub(super) fn finish(self) -> Result<()> {
        fs::remove_file(&self.path).with_context(|| self.path.display().to_string())
    }

    /// Beside its place, and then there: nobody reads a part.
    fn write(&self) -> Result<()> {
        let mut draft = self.path.as_os_str().to_owned();
        draft.push(".new");
        let write = || -> io::Result<()> {
            let mut file = File::create(&draft)?;
            file.write_all(&serde_json::to_vec(&self.saved)?)?;
            file.sync_all()?;
            fs::rename(&draft, &self.path)
        };
        write().with_context(|| format!("how far it is cannot be kept in {}", self.path.display()))
    }
}

impl Saved {
    /// Whether nothing that `new` is to read is missing before.
    fn goes_on_with(&self, new: &Self) -> bool {
        (&self.from, &self.state, self.rules) == (&new.from, &new.state, new.rules) && self.since_ms <= new.since_ms
    }
}

fn read(path: &Path) -> Result<Option<Saved>> {
    match fs::read(path) {
        Ok(bytes) => {
            let is_not = |_| anyhow!("{} is not what `seed` writes about how far it is: move it away", path.display());
            serde_json::from_slice(&bytes).map(Some).map_err(is_not)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Tells whoever watches.
pub(super) struct Progress {
    bar: ProgressBar,
    told: Instant,
}

impl Progress {
    pub(super) fn new() -> Self {
        let bar = match io::stderr().is_terminal() {
            true => ProgressBar::new_spinner().with_style(style()),
            false => ProgressBar::hidden(),
        };
        Self { bar, told: Instant::now() }
    }

    pub(super) fn tell(&mut self, position: &Position, seeding: &Seeding) {
        if self.bar.is_hidden() && self.told.elapsed() < TELL_EVERY {
            return;
        }
        self.told = Instant::now();
        let sightings: u64 = seeding.tally().rules.values().sum();
        let Saved { documents, reached_ms, .. } = &position.saved;
        let text = format!("{documents} documents, {sightings} sightings, now at {}", time::show(*reached_ms));
        match self.bar.is_hidden() {
            true => message::say(&text),
            false => self.bar.set_message(text),
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_where_nothing_is_missing() {
        let saved = Saved {
            from: "a".to_owned(),
            state: "s".into(),
            rules: 1,
            since_ms: 10,
            reached_ms: 20,
            documents: 3,
            first_ms: BTreeMap::new(),
        };
        assert!(saved.goes_on_with(&saved));
        assert!(saved.goes_on_with(&Saved { since_ms: 11, ..saved.clone() }));
        assert!(!saved.goes_on_with(&Saved { since_ms: 9, ..saved.clone() }));
        assert!(!saved.goes_on_with(&Saved { rules: 2, ..saved.clone() }));
        assert!(!saved.goes_on_with(&Saved { state: "t".into(), ..saved.clone() }));
        assert!(!saved.goes_on_with(&Saved { from: "b".to_owned(), ..saved.clone() }));
    }
}
