//! `eql`: every event that an EQL query matches, once.

use firstseen_query::Mapping;
use serde_json::Value;

use super::meaning::{AlertFacts, Meaning};
use crate::document::DocumentError;
use crate::event::Projection;
use crate::rule::language::EQL;
use crate::rule::reader::RuleReader;
use crate::rule::window::Window;
use crate::state::SIGHTING;
use crate::terms::Novelty;

/// An `eql` rule. As for a `query` rule the event itself is what is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eql {
    event_category_override: Option<String>,
    timestamp_field: Option<String>,
    tiebreaker_field: Option<String>,
}

impl Eql {
    pub(super) const TYPE: &str = "eql";
    pub(super) const QUESTION: &str = SIGHTING;

    pub(super) fn read(rule: &RuleReader<'_>) -> Result<Self, DocumentError> {
        let field = |name| Ok(rule.text(name)?.filter(|field: &String| !field.is_empty()));
        Ok(Self {
            event_category_override: field("event_category_override")?,
            timestamp_field: field("timestamp_field")?,
            tiebreaker_field: field("tiebreaker_field")?,
        })
    }

    /// The field that has the category of events, if it is not `event.category`.
    #[must_use]
    pub fn event_category_override(&self) -> Option<&str> {
        self.event_category_override.as_deref()
    }

    /// The field of the time by which the events of a sequence are in order, if it is
    /// not `@timestamp`.
    #[must_use]
    pub fn timestamp_field(&self) -> Option<&str> {
        self.timestamp_field.as_deref()
    }

    /// The field that decides between events of one time.
    #[must_use]
    pub fn tiebreaker_field(&self) -> Option<&str> {
        self.tiebreaker_field.as_deref()
    }
}

impl Meaning for Eql {
    fn type_name(&self) -> &'static str {
        Self::TYPE
    }

    fn language(&self) -> &'static str {
        EQL
    }

    fn question(&self) -> &'static str {
        Self::QUESTION
    }

    fn fields(&self) -> &[String] {
        &[]
    }

    fn novelty(&self, _: &Mapping, _: &mut Projection) -> Result<Novelty, DocumentError> {
        Ok(Novelty::Event)
    }

    fn alert_facts(&self) -> AlertFacts {
        AlertFacts { category: "Event Correlation Rule", rule_type_id: "siem.eqlRule" }
    }

    fn alert_terms<'t>(&self, _: &'t [Value]) -> Option<&'t [Value]> {
        None
    }

    fn history_start_ms(&self, _: &Window, from_ms: i64, _: i64) -> Option<i64> {
        Some(from_ms)
    }
}
