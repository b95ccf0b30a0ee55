//! What Elasticsearch asks of a sequence or sample beyond its grammar.

use firstseen_query::Span;

use crate::ast::{Item, QueryKind, Sample, Sequence};
use crate::error::{Error, ErrorKind};
use crate::token::Fixed;

/// The least items of a sequence or sample, each as often as it stands in a row.
const MIN_ITEMS: u32 = 2;

/// Is it a query that Elasticsearch runs, as far as the text tells?
pub(crate) fn check(query: &QueryKind) -> Result<(), Error> {
    match query {
        QueryKind::Event(_) => Ok(()),
        QueryKind::Sequence(query) => sequence(query, keyword(Fixed::Sequence, query.span)),
        QueryKind::Sample(query) => sample(query, keyword(Fixed::Sample, query.span)),
    }
}

/// The place of what is wrong with the whole: the keyword it starts with.
fn keyword(fixed: Fixed, whole: Span) -> Span {
    Span::new(whole.start, whole.start + fixed.text().len())
}

fn sequence(sequence: &Sequence, keyword: Span) -> Result<(), Error> {
    key_counts(sequence.items.iter().chain(&sequence.until))?;
    if let Some(until) = &sequence.until {
        allow(!until.missing, ErrorKind::MissingUntil, until.span)?;
        allow(until.runs == 1, ErrorKind::UntilRuns, until.span)?;
    }
    let present = sequence.items.iter().filter(|item| !item.missing).count();
    allow(item_count(&sequence.items) >= MIN_ITEMS, ErrorKind::TooFewItems, keyword)?;
    allow(present > 0, ErrorKind::AllMissing, keyword)?;
    let timed = sequence.maxspan_ms.is_some() || present == sequence.items.len();
    allow(timed, ErrorKind::MissingNeedsMaxspan, keyword)
}

fn sample(sample: &Sample, keyword: Span) -> Result<(), Error> {
    if let Some(missing) = sample.items.iter().find(|item| item.missing) {
        return Err(Error::new(ErrorKind::MissingInSample, missing.span));
    }
    key_counts(sample.items.iter())?;
    allow(item_count(&sample.items) >= MIN_ITEMS, ErrorKind::TooFewItems, keyword)?;
    let has_key = !sample.by.is_empty() || sample.items.iter().any(|item| !item.by.is_empty());
    allow(has_key, ErrorKind::SampleWithoutKey, keyword)
}

/// All items must have as many keys as the first.
fn key_counts<'a>(mut items: impl Iterator<Item = &'a Item>) -> Result<(), Error> {
    let Some(first) = items.next() else { return Ok(()) };
    match items.find(|item| item.by.len() != first.by.len()) {
        Some(item) => {
            let kind = ErrorKind::KeyCount { expected: first.by.len(), found: item.by.len() };
            Err(Error::new(kind, item.by.first().map_or(item.span, |key| key.span)))
        }
        None => Ok(()),
    }
}

fn item_count(items: &[Item]) -> u32 {
    items.iter().fold(0, |count, item| item.runs.saturating_add(count))
}

fn allow(allowed: bool, kind: ErrorKind, span: Span) -> Result<(), Error> {
    if allowed { Ok(()) } else { Err(Error::new(kind, span)) }
}
