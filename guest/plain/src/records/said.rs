//! What the module says in a record, and what waits for one that can say it.

use firstseen_guest::document::Reason;
use firstseen_guest::engine::{self, Refusal, Reports};
use firstseen_guest::rule::{Kind, Rule};
use serde::Serialize;
use serde_json::Value;

/// Name of the rule of alerts about events that were not judged in full.
const NOT_FULLY_JUDGED: &str = "Event Not Fully Judged";

/// Most documents that are named beside what is wrong with them.
const REFUSED_NAMED: usize = 20;

/// Most bytes of what is wrong with one.
const CAUSE_BYTES: usize = 500;

/// Most alerts that wait for a record that can say them.
const WAITING_MAX: usize = 1_000;

/// Most remarks, or warnings, that do.
const SENTENCES_MAX: usize = 20;

/// The member `firstseen` of a record. What is none is left out.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Said {
    /// In the first record alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) started: Option<Started>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) alerts: Vec<Alert>,
    /// Alerts that a quota puts off.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) deferred: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) remarks: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
    /// Alerts that waited for a record and were too many.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) lost_alerts: u64,
    /// Records that were not judged, this one or earlier ones, for want of memory.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) unjudged: u64,
    /// Members that the event had in this place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) event_had: Vec<String>,
    /// Why no record is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stopped: Option<&'static str>,
}

/// What is about to run.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Started {
    version: &'static str,
    /// How many run.
    rules: usize,
    /// How many are off, or of a type that does not run here.
    #[serde(skip_serializing_if = "is_zero")]
    not_run: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Refused>,
    /// How many more are.
    #[serde(skip_serializing_if = "is_zero")]
    more_refused: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// A rule, or another document, that cannot be used.
#[derive(Debug, PartialEq, Serialize)]
struct Refused {
    document: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_id: Option<String>,
    cause: String,
}

/// An alert, in few words.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Alert {
    /// `kibana.alert.uuid`.
    id: String,
    rule_id: Option<String>,
    rule: String,
    terms: Value,
    /// Whether it is about a record before this one.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    earlier: bool,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn shortened(text: &str) -> String {
    text.get(..text.floor_char_boundary(CAUSE_BYTES)).unwrap_or_default().to_owned()
}

impl Said {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        if self.warnings.len() < SENTENCES_MAX {
            self.warnings.push(warning.into());
        }
    }

    pub(super) fn remark(&mut self, remark: &engine::Remark, rules: &[Rule]) {
        if let Some(rule) = rules.get(remark.rule as usize)
            && self.remarks.len() < SENTENCES_MAX
        {
            self.remarks.push(shortened(&format!("rule {}: the event {}", rule.rule_id, remark.text)));
        }
    }

    /// Has it wait for a record that can say it: this one cannot.
    pub(super) fn wait(&mut self) {
        self.event_had.clear();
        self.stopped = None;
        self.alerts.iter_mut().for_each(|alert| alert.earlier = true);
        self.lost_alerts += self.alerts.len().saturating_sub(WAITING_MAX) as u64;
        self.alerts.truncate(WAITING_MAX);
    }
}

impl Alert {
    pub(super) fn new(alert: &engine::Alert, rules: &[Rule], earlier: bool) -> Self {
        let rule = alert.rule.and_then(|place| rules.get(place as usize));
        let terms = match rule.map(|rule| &rule.kind) {
            // Its term is the event.
            Some(Kind::Query(_)) => Value::Array(Vec::new()),
            _ => serde_json::from_str(&alert.term).unwrap_or_default(),
        };
        Self {
            id: alert.id.clone(),
            rule_id: rule.map(|rule| rule.rule_id.clone()),
            rule: rule.map_or_else(|| NOT_FULLY_JUDGED.to_owned(), |rule| rule.name.clone()),
            terms,
            earlier,
        }
    }
}

impl Started {
    pub(super) fn new(rules: usize, reports: &Reports) -> Self {
        let mut started = Self { version: env!("CARGO_PKG_VERSION"), rules, ..Self::default() };
        let refused = reports.rules.iter().filter_map(|report| report.as_ref().err());
        refused.chain(&reports.unusable).for_each(|refusal| started.take(refusal));
        started.warnings = reports.warnings.iter().take(SENTENCES_MAX).map(|text| shortened(text)).collect();
        started
    }

    /// That of a module whose configuration is none.
    pub(super) fn with_nothing(cause: &str) -> Self {
        let mut started = Self { version: env!("CARGO_PKG_VERSION"), ..Self::default() };
        started.refuse(Refused {
            document: "the module's configuration".to_owned(),
            rule_id: None,
            cause: shortened(cause),
        });
        started
    }

    fn take(&mut self, refusal: &Refusal) {
        match refusal.error.reason {
            Reason::NotOurs | Reason::Disabled => self.not_run += 1,
            Reason::Unsupported | Reason::Invalid => {
                let cause = match refusal.error.field {
                    Some(field) => format!("{field}: {}", refusal.error.cause),
                    None => refusal.error.cause.clone(),
                };
                self.refuse(Refused {
                    document: shortened(&refusal.document),
                    rule_id: refusal.rule_id.as_deref().map(shortened),
                    cause: shortened(&cause),
                });
            }
        }
    }

    fn refuse(&mut self, refused: Refused) {
        match self.refused.len() {
            ..REFUSED_NAMED => self.refused.push(refused),
            _ => self.more_refused += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_without_a_place_has_its_name() {
        let rule: Value = serde_json::from_str(include_str!("../../../rules/event_not_fully_judged.json")).unwrap();
        assert_eq!(rule["name"], NOT_FULLY_JUDGED);
    }

    #[test]
    fn no_more_waits_than_there_is_room_for() {
        let alert =
            || Alert { id: String::new(), rule_id: None, rule: String::new(), terms: Value::Null, earlier: false };
        let mut said = Said { event_had: vec![String::new()], ..Said::default() };
        said.alerts.extend((0..WAITING_MAX + 7).map(|_| alert()));
        said.wait();
        assert_eq!((said.alerts.len(), said.lost_alerts, said.event_had.len()), (WAITING_MAX, 7, 0));
        assert!(said.alerts.iter().all(|alert| alert.earlier));
        (0..100).for_each(|_| said.warn("w"));
        assert_eq!(said.warnings.len(), SENTENCES_MAX);
    }
}
