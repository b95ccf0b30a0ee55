//! What is asked and answered, as it is written.

use firstseen_ledger::{
    History, Imported, KnownRule, KnownTerm, LedgerError, OutboxSize, Page, Record, Since, Span, Stats,
};
use serde::{Deserialize, Serialize};

use crate::error::UpkeepSocketError;

/// A call of a method of [`Upkeep`](firstseen_ledger::Upkeep).
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    Rules { after: Option<String>, max: usize },
    Terms { rule: String, after: Option<String>, max: usize },
    Term { rule: String, term: String },
    Forget { rule: String, terms: Vec<String> },
    ForgetRule { rule: String },
    Import { records: Vec<WireRecord>, now_ms: i64 },
    Size {},
}

/// What it gave.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Reply {
    Rules { items: Vec<WireRule>, next: Option<String> },
    Terms { items: Vec<WireTerm>, next: Option<String> },
    Term { history: Option<WireHistory> },
    Forgotten { terms: u64 },
    Imported { new: u64, widened: u64, unchanged: u64, expired: u64 },
    Size { terms: u64, alerts: u64, alert_bytes: u64 },
    Failed { kind: Kind, text: String },
}

/// What kind of failure a text is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Invalid,
    Unsupported,
    Unavailable,
    Failed,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireSince {
    arrival_ms: i64,
    first_at_ms: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireRule {
    key: String,
    since: Option<WireSince>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireHistory {
    spans_ms: Vec<(i64, i64)>,
    expires_ms: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireTerm {
    text: String,
    history: WireHistory,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum WireRecord {
    Rule { rule: String, since: WireSince },
    Term { rule: String, term: String, history: WireHistory, window_ms: u64 },
}

impl From<Since> for WireSince {
    fn from(Since { arrival_ms, first_at_ms }: Since) -> Self {
        Self { arrival_ms, first_at_ms }
    }
}

impl From<WireSince> for Since {
    fn from(WireSince { arrival_ms, first_at_ms }: WireSince) -> Self {
        Self { arrival_ms, first_at_ms }
    }
}

impl From<&History> for WireHistory {
    fn from(history: &History) -> Self {
        let spans_ms = history.spans().map(|span| (span.first, span.last)).collect();
        Self { spans_ms, expires_ms: history.expires_ms() }
    }
}

impl TryFrom<WireHistory> for History {
    type Error = Malformed;

    fn try_from(WireHistory { spans_ms, expires_ms }: WireHistory) -> Result<Self, Malformed> {
        let mut spans: Vec<Span> = spans_ms.into_iter().map(|(first, last)| Span { first, last }).collect();
        let latest = spans.pop().ok_or(Malformed("a history without stretches"))?;
        Self::from_parts(spans, latest, expires_ms).ok_or(Malformed("a history whose stretches are in no order"))
    }
}

/// Something that nobody writes.
#[derive(Debug)]
pub(crate) struct Malformed(pub(crate) &'static str);

impl From<KnownRule> for WireRule {
    fn from(KnownRule { key, since }: KnownRule) -> Self {
        Self { key, since: since.map(WireSince::from) }
    }
}

impl From<WireRule> for KnownRule {
    fn from(WireRule { key, since }: WireRule) -> Self {
        Self { key, since: since.map(Since::from) }
    }
}

impl From<KnownTerm> for WireTerm {
    fn from(KnownTerm { text, history }: KnownTerm) -> Self {
        Self { text, history: WireHistory::from(&history) }
    }
}

impl TryFrom<WireTerm> for KnownTerm {
    type Error = Malformed;

    fn try_from(WireTerm { text, history }: WireTerm) -> Result<Self, Malformed> {
        Ok(Self { text, history: history.try_into()? })
    }
}

impl From<&Record> for WireRecord {
    fn from(record: &Record) -> Self {
        match record {
            Record::Rule { rule, since } => Self::Rule { rule: rule.clone(), since: (*since).into() },
            Record::Term { rule, term, history, window_ms } => {
                Self::Term { rule: rule.clone(), term: term.clone(), history: history.into(), window_ms: *window_ms }
            }
        }
    }
}

impl TryFrom<WireRecord> for Record {
    type Error = Malformed;

    fn try_from(record: WireRecord) -> Result<Self, Malformed> {
        Ok(match record {
            WireRecord::Rule { rule, since } => Self::Rule { rule, since: since.into() },
            WireRecord::Term { rule, term, history, window_ms } => {
                Self::Term { rule, term, history: history.try_into()?, window_ms }
            }
        })
    }
}

impl Reply {
    pub(crate) fn rules(page: Page<KnownRule>) -> Self {
        let Page { items, next } = fitting(page, |rule| &rule.key);
        Self::Rules { items: items.into_iter().map(WireRule::from).collect(), next }
    }

    pub(crate) fn terms(page: Page<KnownTerm>) -> Self {
        let Page { items, next } = fitting(page, |term| &term.text);
        Self::Terms { items: items.into_iter().map(WireTerm::from).collect(), next }
    }

    pub(crate) fn imported(Imported { new, widened, unchanged, expired }: Imported) -> Self {
        Self::Imported { new, widened, unchanged, expired }
    }

    pub(crate) fn size(Stats { terms, outbox }: Stats) -> Self {
        Self::Size { terms, alerts: outbox.alerts, alert_bytes: outbox.bytes }
    }

    /// That it cannot be done now.
    pub(crate) fn unavailable(text: String) -> Self {
        Self::Failed { kind: Kind::Unavailable, text }
    }
}

impl From<LedgerError> for Reply {
    fn from(error: LedgerError) -> Self {
        let kind = match &error {
            LedgerError::Invalid(_) => Kind::Invalid,
            LedgerError::Unsupported(_) => Kind::Unsupported,
            LedgerError::Failed { .. } => Kind::Failed,
            _ => Kind::Unavailable,
        };
        Self::Failed { kind, text: error.to_string() }
    }
}

impl Kind {
    pub(crate) fn error(self, text: String) -> LedgerError {
        let told = |text| Box::new(UpkeepSocketError::Told(text));
        match self {
            Self::Invalid => LedgerError::Invalid(text),
            Self::Unsupported => LedgerError::Unsupported(text),
            Self::Unavailable => LedgerError::Unavailable { source: told(text) },
            Self::Failed => LedgerError::Failed { source: told(text) },
        }
    }
}

pub(crate) fn size(terms: u64, alerts: u64, bytes: u64) -> Stats {
    Stats { terms, outbox: OutboxSize { alerts, bytes } }
}

/// About how many bytes the items of a page are written in at most.
const PAGE_BYTES_MAX: usize = 8 << 20;

/// What an item takes beside its text, at most.
const ITEM_BYTES_MAX: usize = 1024;

/// The first items of a page, as far as they fit into a line; at least one.
fn fitting<T>(page: Page<T>, text: impl Fn(&T) -> &str) -> Page<T> {
    let Page { mut items, next } = page;
    let mut bytes = 0_usize;
    let fits = items.iter().take_while(|item| {
        // A character may be written as six: \u001f.
        bytes = bytes.saturating_add(6 * text(item).len() + ITEM_BYTES_MAX);
        bytes <= PAGE_BYTES_MAX
    });
    let count = fits.count().max(1);
    if count >= items.len() {
        return Page { items, next };
    }
    items.truncate(count);
    let next = items.last().map(|last| text(last).to_owned());
    Page { items, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(texts: &[&str], next: Option<&str>) -> Page<KnownTerm> {
        let term = |text: &&str| KnownTerm { text: (*text).to_owned(), history: History::new(0, 0, 0) };
        Page { items: texts.iter().map(term).collect(), next: next.map(str::to_owned) }
    }

    #[test]
    fn a_page_that_does_not_fit_ends_before() {
        let long = ["a", "b", "c"].map(|first| first.repeat(PAGE_BYTES_MAX / 6 / 2));
        let long = long.each_ref().map(String::as_str);
        let cut = fitting(page(&long, None), |term| &term.text);
        assert_eq!((cut.items.len(), cut.next.as_deref()), (1, Some(long[0])));
        let whole = page(&["a", "b"], Some("b"));
        assert_eq!(fitting(whole.clone(), |term| &term.text), whole);
        let none = page(&[], Some("x"));
        assert_eq!(fitting(none.clone(), |term| &term.text), none);
        let one = "x".repeat(2 * PAGE_BYTES_MAX);
        assert_eq!(fitting(page(&[&one], None), |term| &term.text).items.len(), 1);
    }
}
