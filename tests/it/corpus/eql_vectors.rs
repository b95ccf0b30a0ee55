//! `eql-vectors.json` through the component: queries that parse are read to
//! their ends, the others are refused at the right place, events get their
//! verdicts.
//!
//! `tests/data/corpus/eql-vectors.json` lists the vectors that may differ, each
//! with a reason.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use firstseen::{Alert, Batch, Builder, Detector, Document, Module, Refusal, RuleReports};
use firstseen_tests::eql_vectors::{EqlVectors, EventVector, Exceptions, Place, QueryVector, Tally, rule};
use firstseen_tests::firstseen::NOW_MS;
use serde_json::Value;

use super::say;

#[test]
fn eql_vectors_hold_through_the_component() -> Result<()> {
    let Some(vectors) = EqlVectors::read()? else { return Ok(()) };
    let module = Module::built_in()?;
    let exceptions = Exceptions::read()?;
    let (mut queries, mut events) = (Tally::default(), Tally::default());
    for vector in &vectors.queries {
        let name = (vector.id.as_str(), vector.query.as_str());
        exceptions.count(&mut queries, name, vector.is_unverified, check_query(vector, &module));
    }
    for vector in &vectors.events {
        let name = (vector.id.as_str(), vector.query.as_str());
        exceptions.count(&mut events, name, vector.is_unverified, check_events(vector, &module));
    }
    let verdicts: usize = vectors.events.iter().flat_map(|vector| &vector.documents).map(Vec::len).sum();
    say(&format!("EQL queries through the component: {}", queries.sentence()))?;
    say(&format!("EQL events through the component: {}; {verdicts} verdicts", events.sentence()))?;
    let failures = [queries.failures, events.failures].concat();
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

fn builder(module: &Module, query: &str) -> Builder {
    Detector::builder(module.clone()).rules([document("rule", &rule(query))])
}

fn document(name: &str, content: &Value) -> Document {
    Document { name: name.to_owned(), content: content.to_string() }
}

/// Why the rule does not run, if it does not.
fn refusal(builder: Builder) -> Result<Option<Refusal>> {
    let RuleReports { rules, refusals, unusable, .. } = builder.check()?;
    ensure!(unusable.is_empty(), "{unusable:?}");
    ensure!(rules.len() + refusals.len() == 1, "{} rules, {} refusals", rules.len(), refusals.len());
    Ok(refusals.into_iter().next())
}

/// Where in the query the fault is, as a byte.
fn offset(refusal: &Refusal) -> Result<usize> {
    ensure!(refusal.field.as_deref() == Some("query") && refusal.reason.is_fault(), "{refusal}");
    refusal.offset.with_context(|| format!("no place: {refusal}"))
}

fn check_query(vector: &QueryVector, module: &Module) -> Result<()> {
    let refusal_of = |query: &str| refusal(builder(module, query));
    let own = refusal_of(&vector.query)?;
    if let Some(place) = vector.error {
        let refusal = own.context("it is not refused")?;
        let found = place_of(&vector.query, offset(&refusal)?)?;
        ensure!(found == place, "error at {found:?}, not at {place:?}: {}", refusal.cause);
        return Ok(());
    }
    // Whatever it may lack to run, it is read to its end: what is too much behind it is the fault.
    // A condition goes on with `and`, everything else does not.
    for tail in ["\nand )", "\n)"] {
        let longer = vector.query.clone() + tail;
        let refusal = refusal_of(&longer)?.context("it is not refused with a parenthesis behind it")?;
        if offset(&refusal)? == longer.len() - 1 {
            return Ok(());
        }
    }
    bail!("it does not parse: {own:?}")
}

fn place_of(query: &str, offset: usize) -> Result<Place> {
    let before = query.get(..offset).context("the place is outside the query")?;
    let line = before.rsplit('\n').next().unwrap_or_default();
    Ok(Place { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 })
}

fn check_events(vector: &EventVector, module: &Module) -> Result<()> {
    let builder = || builder(module, &vector.query).mappings([document("mapping", &vector.mapping())]);
    let refusal = refusal(builder())?;
    let Some(documents) = &vector.documents else {
        return offset(&refusal.context("the search fails in Elasticsearch, and is not refused")?).map(|_| ());
    };
    ensure!(refusal.is_none(), "{refusal:?}");
    let lines: Vec<&str> = documents.iter().map(|document| document.line.as_str()).collect();
    let mut worker = builder().build()?.worker()?;
    let batch = lines.join("\n");
    let batch = Batch::new(batch.as_bytes(), NOW_MS);
    let matching = worker.match_events(&batch)?;
    ensure!(matching.unjudged.is_empty(), "{:?}", matching.unjudged);
    // A pipe does not say what matches, but what becomes of it.
    let found: BTreeSet<usize> = match vector.has_pipe {
        true => worker.evaluate(&batch)?.alerts.iter().filter_map(Alert::line).collect(),
        false => matching.matches.iter().map(|found| found.line).collect(),
    };
    for (number, document) in documents.iter().enumerate() {
        let found = found.contains(&number);
        ensure!(found == document.matches, "{}: found {found}", document.line);
    }
    Ok(())
}
