//! What is counted.

use std::collections::BTreeSet;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use firstseen_guest::Engine;
use firstseen_guest::engine::{Context, Documents, Settings};
use firstseen_guest::state::{Answer, Question, Verdict};
use firstseen_tests::endpoint_events::{Mix, write_events};

/// The built-in rule alone.
const BUILT_IN: &str = "built-in rule";

/// It and the rules beside this package.
const OWN: &str = "built-in and own rules";

/// Rules that were given.
pub(crate) const GIVEN: &str = "given rules";

/// The cases of the baseline.
pub(crate) const COMPARED: [&str; 2] = [BUILT_IN, OWN];

/// Size of a batch in bytes, about.
const BATCH_BYTES: usize = 256 << 10;

const START_MS: i64 = 1_795_500_000_000;

/// Rules, and events for them.
pub(crate) struct Case {
    engine: Engine,
    events: String,
}

impl Case {
    pub(crate) fn of(name: &str, given: Option<&Path>) -> Result<Self> {
        let mut rules = Vec::new();
        match (name, given) {
            (BUILT_IN, _) => {}
            (OWN, _) => {
                rules.push((name.to_owned(), firstseen_guest::rule::BUILT_IN.to_owned()));
                for path in own_rules()? {
                    rules.push((path.display().to_string(), fs::read_to_string(&path)?));
                }
            }
            (GIVEN, Some(path)) => rules.push((name.to_owned(), fs::read_to_string(path)?)),
            _ => bail!("there is no case `{name}`"),
        }
        let (engine, reports) = Engine::new(&Documents::of_rules(rules), Settings::default());
        let refused: Vec<_> = reports.rules.iter().filter_map(|report| report.as_ref().err()).collect();
        ensure!(refused.is_empty() || name == GIVEN, "refused: {refused:?}");
        Ok(Self { engine, events: events()? })
    }

    /// Judges all events; answers with the number of alerts.
    pub(crate) fn run(mut self) -> Result<usize> {
        let mut state = Seen::default();
        let mut alerts = 0;
        let mut rest = self.events.as_str();
        while !rest.is_empty() {
            let end = rest.as_bytes().iter().take(BATCH_BYTES).rposition(|&byte| byte == b'\n');
            let (batch, after) = rest.split_at(end.context("a line is longer than a batch")? + 1);
            // The engine takes a batch as its own, as the component is given it.
            alerts += evaluate_counted(&mut self.engine, black_box(batch.to_owned()), &mut state)?;
            rest = after;
        }
        Ok(alerts)
    }
}

/// What callgrind counts, by this name.
#[inline(never)]
fn evaluate_counted(engine: &mut Engine, batch: String, state: &mut Seen) -> Result<usize> {
    let answers = |questions: &[Question]| Ok::<_, anyhow::Error>(state.answer(questions));
    let evaluation = engine.evaluate_with(batch, Context::at(START_MS), answers)?;
    Ok(black_box(evaluation).alerts.len())
}

fn own_rules() -> Result<Vec<PathBuf>> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../rules"));
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn events() -> Result<String> {
    let mix = Mix { seed: 1, events: 2_000, install_every: 60, parents: 20, start_ms: START_MS, step_ms: 10 };
    let mut bytes = Vec::new();
    write_events(&mix, &mut bytes)?;
    Ok(String::from_utf8(bytes)?)
}

/// A state that only knows what it has seen.
#[derive(Default)]
struct Seen(BTreeSet<(String, String)>);

impl Seen {
    fn answer(&mut self, questions: &[Question]) -> Vec<Answer> {
        let answer = |question: &Question| {
            let Question::Sighting(sighting) = question else { return Answer::Completed(Vec::new()) };
            Answer::Sighting(match self.0.insert((sighting.history.clone(), sighting.term.clone())) {
                true => Verdict::Unseen,
                false => Verdict::Seen,
            })
        };
        questions.iter().map(answer).collect()
    }
}
