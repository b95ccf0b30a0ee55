//! What every kind has to say.

use core::fmt;

use firstseen_query::Mapping;
use serde_json::Value;

use crate::document::DocumentError;
use crate::event::Projection;
use crate::rule::window::Window;
use crate::terms::Novelty;

/// What a match of a rule means.
pub trait Meaning: fmt::Debug {
    /// Kibana's `type`.
    fn type_name(&self) -> &'static str;

    /// The language of its query, as Kibana names it.
    fn language(&self) -> &'static str;

    /// The name of the question that it asks of the state.
    fn question(&self) -> &'static str;

    /// The fields that it reads beside those of the query.
    fn fields(&self) -> &[String];

    /// What of an event it asks about. What that reads gets slots in
    /// `projection`.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] about a field of whose type Elasticsearch cannot do it.
    fn novelty(&self, mapping: &Mapping, projection: &mut Projection) -> Result<Novelty, DocumentError>;

    /// What its alerts say of it.
    fn alert_facts(&self) -> AlertFacts;

    /// Of the terms that were asked about those that an alert shows.
    fn alert_terms<'t>(&self, asked: &'t [Value]) -> Option<&'t [Value]>;

    /// What the history of a rule of it is called: a JSON array of the rule's id
    /// and the fields, so that a new version or an edited query keeps what was
    /// learned.
    fn history(&self, rule_id: &str) -> String {
        let parts = std::iter::once(rule_id).chain(self.fields().iter().map(String::as_str));
        Value::from_iter(parts).to_string()
    }

    /// Where the history of a run begins that looks at events from `from_ms` to
    /// `to_ms`; `None` if that leaves the calendar.
    fn history_start_ms(&self, window: &Window, from_ms: i64, to_ms: i64) -> Option<i64>;
}

/// What alerts say of the kind of their rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertFacts {
    /// `kibana.alert.rule.category`.
    pub category: &'static str,
    /// `kibana.alert.rule.rule_type_id`.
    pub rule_type_id: &'static str,
}
