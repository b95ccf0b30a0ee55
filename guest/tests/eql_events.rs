//! The event vectors of the shared corpus's `eql-vectors.json`: which documents
//! an EQL query matches, with and without the engine's ways round work.

use anyhow::{Context as _, Result, ensure};
use firstseen_guest::Engine;
use firstseen_guest::engine::{Answers, Context, Documents, Settings, Shortcuts};
use firstseen_tests::eql_vectors::{EqlVectors, EventVector, Exceptions, Tally, rule};
use firstseen_tests::say;

/// What is asked of each vector: each condition for itself, all of them together, and
/// as it is done when nothing is said.
const WAYS: [Shortcuts; 3] = [
    Shortcuts { index: false, prefilter: false, answers: Answers::OneByOne },
    Shortcuts { index: true, prefilter: false, answers: Answers::Together },
    Shortcuts { index: true, prefilter: true, answers: Answers::Cheapest },
];

#[test]
fn events_match_as_in_elasticsearch() -> Result<()> {
    let Some(vectors) = EqlVectors::read()? else { return Ok(()) };
    let exceptions = Exceptions::read()?;
    let mut tally = Tally::default();
    // What a pipe takes shows in alerts only.
    for vector in vectors.events.iter().filter(|vector| !vector.has_pipe) {
        let result = WAYS.iter().try_for_each(|&shortcuts| check(vector, shortcuts));
        exceptions.count(&mut tally, (&vector.id, &vector.query), vector.is_unverified, result);
    }
    let verdicts: usize = vectors.events.iter().flat_map(|vector| &vector.documents).map(Vec::len).sum();
    say(&format!("EQL events: {}; {verdicts} verdicts", tally.sentence()))?;
    ensure!(tally.failures.is_empty(), "{}", tally.failures.join("\n"));
    Ok(())
}

fn check(vector: &EventVector, shortcuts: Shortcuts) -> Result<()> {
    let documents = Documents {
        mappings: vec![("mapping".to_owned(), vector.mapping().to_string())],
        ..Documents::of_rules(vec![("rule".to_owned(), rule(&vector.query).to_string())])
    };
    let (mut engine, reports) = Engine::new(&documents, Settings { shortcuts, ..Settings::default() });
    ensure!(reports.unusable.is_empty() && reports.warnings.is_empty(), "{reports:?}");
    let loaded = reports.rules.into_iter().next().context("no report of the rule")?;
    let Some(documents) = &vector.documents else {
        let error = loaded.err().context("the search fails in Elasticsearch, and is not refused")?.error;
        ensure!(error.field == Some("query") && error.offset.is_some(), "{error:?}");
        return Ok(());
    };
    loaded.map_err(|refusal| refusal.error)?;
    let lines: Vec<&str> = documents.iter().map(|document| document.line.as_str()).collect();
    let matching = engine.match_events(&lines.join("\n"), &Context::at(0))?;
    ensure!(matching.unjudged.is_empty(), "{:?}", matching.unjudged);
    for (number, document) in (0..).zip(documents) {
        let found = matching.matches.contains(&(number, 0));
        ensure!(found == document.matches, "{}: found {found}, {shortcuts:?}", document.line);
    }
    Ok(())
}
