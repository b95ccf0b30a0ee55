//! `query`: every event that matches, once.

use firstseen_query::Mapping;
use serde_json::Value;

use super::meaning::{AlertFacts, Meaning};
use crate::document::DocumentError;
use crate::event::Projection;
use crate::rule::language::KUERY;
use crate::rule::window::Window;
use crate::state::SIGHTING;
use crate::terms::Novelty;

/// A `query` rule. The event itself is what is new: the state keeps one that
/// comes again from alerting again, for as long as runs could see it twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query;

impl Query {
    pub(super) const TYPE: &str = "query";
    pub(super) const QUESTION: &str = SIGHTING;
}

impl Meaning for Query {
    fn type_name(&self) -> &'static str {
        Self::TYPE
    }

    fn language(&self) -> &'static str {
        KUERY
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
        AlertFacts { category: "Custom Query Rule", rule_type_id: "siem.queryRule" }
    }

    fn alert_terms<'t>(&self, _: &'t [Value]) -> Option<&'t [Value]> {
        None
    }

    fn history_start_ms(&self, _: &Window, from_ms: i64, _: i64) -> Option<i64> {
        Some(from_ms)
    }
}
