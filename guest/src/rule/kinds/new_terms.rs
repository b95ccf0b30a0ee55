//! `new_terms`: the first time a tuple of values is seen.

use std::collections::BTreeSet;

use firstseen_query::Mapping;
use serde_json::Value;

use super::meaning::{AlertFacts, Meaning};
use crate::document::DocumentError;
use crate::event::Projection;
use crate::rule::language::KUERY;
use crate::rule::reader::RuleReader;
use crate::rule::window::{LookBack, Window};
use crate::state::SIGHTING;
use crate::terms::{Novelty, TermFields};

/// The rule's field that names the fields of its terms.
const FIELDS: &str = "new_terms_fields";

/// The rule's field that says how far back it looks for them.
const WINDOW_START: &str = "history_window_start";

/// A `new_terms` rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTerms {
    /// `new_terms_fields`, 1 to 3.
    fields: Vec<String>,
}

impl NewTerms {
    pub(super) const TYPE: &str = "new_terms";
    pub(super) const QUESTION: &str = SIGHTING;

    pub(super) fn read(rule: &RuleReader<'_>) -> Result<Self, DocumentError> {
        let fields = rule.texts(FIELDS)?.ok_or_else(|| DocumentError::new(FIELDS, "missing"))?;
        if !(1..=3).contains(&fields.len()) || fields.iter().any(String::is_empty) {
            return Err(DocumentError::new(FIELDS, "1 to 3 field names are needed"));
        }
        let distinct: BTreeSet<&String> = fields.iter().collect();
        if distinct.len() < fields.len() {
            return Err(DocumentError::new(FIELDS, "a field is named twice"));
        }
        Ok(Self { fields })
    }

    pub(super) fn window(rule: &RuleReader<'_>, look_back: &LookBack) -> Result<Window, DocumentError> {
        let start = rule.date_math(WINDOW_START, None)?;
        Window::new(start, look_back.from())
            .ok_or_else(|| DocumentError::new(WINDOW_START, "the history must start before `from`"))
    }
}

impl Meaning for NewTerms {
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
        &self.fields
    }

    fn novelty(&self, mapping: &Mapping, projection: &mut Projection) -> Result<Novelty, DocumentError> {
        let fields = TermFields::new(&self.fields, mapping, projection);
        fields.map(Novelty::Terms).map_err(|cause| DocumentError::new(FIELDS, cause))
    }

    fn alert_facts(&self) -> AlertFacts {
        AlertFacts { category: "New Terms Rule", rule_type_id: "siem.newTermsRule" }
    }

    fn alert_terms<'t>(&self, asked: &'t [Value]) -> Option<&'t [Value]> {
        Some(asked)
    }

    fn history_start_ms(&self, window: &Window, _: i64, to_ms: i64) -> Option<i64> {
        window.start_ms(to_ms)
    }
}
