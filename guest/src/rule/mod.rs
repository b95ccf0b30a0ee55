//! Rules: from Kibana's rule JSON to something that runs.
//!
//! [`rules_of`] finds the rule objects in a text, [`Fields`] reads and checks
//! their fields, [`Rule::compile`] turns one into slots and a program.

mod document;
mod fields;
mod filters;
mod index;
mod kinds;
mod part;
mod reader;
mod timestamp;
mod warnings;
mod window;

use firstseen_query::{Clause, Findings, Joint, Leaves, Mapping, Program};
use serde_json::{Map, Value};

pub use document::{RuleEntry, rules_of};
pub use fields::{Fields, LANGUAGE};
pub use filters::Filters;
pub use index::{IndexPatterns, names_of};
pub use kinds::{AlertFacts, Kind, Meaning, NewTerms, Query};
pub(crate) use reader::RuleReader;
pub use timestamp::{Clock, TimestampSource};
pub use window::{LookBack, Window};

use crate::document::DocumentError;
use crate::event::{Projection, Slots};
use crate::exceptions::ExceptionLists;
use crate::state::Quota;
use crate::terms::Novelty;

/// The rule that runs where none is given, as Kibana rule JSON.
pub const BUILT_IN: &str = include_str!("../../rules/dpkg_package_installed_by_unusual_parent_process.json");

/// Greatest length of a rule's history key in bytes (a limit of `state`).
const MAX_HISTORY_KEY: usize = 1024;

/// A rule ready to run: a program and terms over the slots of a [`Projection`]
/// that all rules share.
#[derive(Debug)]
pub struct Rule {
    /// Kibana's `rule_id`.
    pub rule_id: String,
    /// Kibana's `version`.
    pub version: u32,
    /// Kibana's `name`.
    pub name: String,
    /// What a match means.
    pub kind: Kind,
    /// Key of the rule's history, as its kind calls it.
    pub history: String,
    /// What it asks about of an event that matches.
    pub novelty: Novelty,
    /// Query, filters, and exceptions that never expire.
    pub program: Program,
    /// Exceptions that end at some time, in epoch milliseconds.
    expiring: Vec<(i64, Program)>,
    /// Index patterns.
    pub index: IndexPatterns,
    /// What a scheduled run looks at.
    pub look_back: LookBack,
    /// The history window, or the look-back of a query rule.
    pub window: Window,
    /// `max_signals` per `interval`.
    pub quota: Quota,
    /// Where an event's time comes from.
    pub timestamp: TimestampSource,
    /// What its author should know, one sentence each.
    pub warnings: Vec<String>,
}

impl Rule {
    /// Compiles a rule object that was read as `fields`; what it reads gets slots
    /// in `projection`, what it asks is counted in `leaves`.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] names the first field that is missing, wrong, or asks for
    /// something that is not supported.
    pub fn compile(
        object: &Map<String, Value>,
        fields: &Fields,
        mapping: &Mapping,
        lists: &ExceptionLists,
        projection: &mut Projection,
        leaves: &mut Leaves,
    ) -> Result<Self, DocumentError> {
        let query = firstseen_kql::parse(&fields.query).map_err(|error| DocumentError::query(&fields.query, &error))?;
        let clause = Clause::from(&query);
        let filters = Filters::read(object)?;
        let exceptions = lists.of_rule(object)?;
        let whole = |error: firstseen_query::Error| DocumentError::document(None, error.to_string());
        let checked = filters.check(mapping).and_then(|()| exceptions.check(mapping));
        let mut parts = vec![clause.clone(), filters.clause()];
        parts.extend(exceptions.always().map(|excepted| Clause::Not(Box::new(excepted))));
        let program = checked
            .and_then(|()| Program::compile_among(&Clause::And(parts), mapping, projection, leaves).map_err(whole))
            .map_err(|other| {
                // By itself, so that an error of the query has its place.
                let alone = Program::compile(&clause, mapping, &mut Projection::default());
                alone.map_or_else(|error| DocumentError::query(&fields.query, &error), |_| other)
            })?;
        let mut expiring = Vec::new();
        for (expires_ms, excepted) in exceptions.expiring() {
            let program = Program::compile_among(&excepted, mapping, projection, leaves).map_err(whole)?;
            expiring.push((expires_ms, program));
        }
        let mut warnings = warnings::of(object, fields, &query, &clause, &program, mapping);
        warnings.extend(exceptions.warnings);
        let history = fields.kind.meaning().history(&fields.rule_id);
        if history.len() > MAX_HISTORY_KEY {
            return Err(match fields.kind.meaning().fields() {
                [] => DocumentError::new("rule_id", "longer than 1 KiB"),
                _ => DocumentError::new("new_terms_fields", "rule_id and field names together are longer than 1 KiB"),
            });
        }
        Ok(Self {
            novelty: fields.kind.meaning().novelty(mapping, projection)?,
            timestamp: TimestampSource::new(fields, projection),
            index: IndexPatterns::new(&fields.index),
            warnings,
            look_back: fields.look_back.clone(),
            window: fields.window.clone(),
            quota: fields.quota,
            rule_id: fields.rule_id.clone(),
            version: fields.version,
            name: fields.name.clone(),
            kind: fields.kind.clone(),
            history,
            program,
            expiring,
        })
    }

    /// Does an event match the query and the filters, and no exception? `now_ms`
    /// says which exceptions have expired.
    pub fn matches(&self, event: &Slots<'_, '_>, now_ms: i64) -> bool {
        let excepts = |(expires_ms, excepted): &(i64, Program)| *expires_ms >= now_ms && excepted.matches(event);
        self.program.matches(event) && !self.expiring.iter().any(excepts)
    }

    /// The same where the conditions of all rules are answered together. None if
    /// it would cost more than may be spent on the event.
    pub fn judge(&self, event: &Slots<'_, '_>, now_ms: i64, joint: &Joint, findings: &mut Findings) -> Option<bool> {
        if !joint.judge(&self.program, event, findings)? {
            return Some(false);
        }
        for (_, excepted) in self.expiring.iter().filter(|(expires_ms, _)| *expires_ms >= now_ms) {
            if joint.judge(excepted, event, findings)? {
                return Some(false);
            }
        }
        Some(true)
    }

    /// What Kibana's run of the rule that starts at `now_ms` looks at: `from`
    /// and `to` by that time, the history by `to` (`utils.ts`). `None` if one of
    /// them leaves the calendar.
    pub fn scheduled_range(&self, now_ms: i64) -> Option<RunRange> {
        let (from_ms, to_ms) = self.look_back.range_ms(now_ms)?;
        let history_start_ms = self.kind.meaning().history_start_ms(&self.window, from_ms, to_ms)?;
        Some(RunRange { from_ms, to_ms, history_start_ms })
    }
}

/// What a scheduled run of a rule looks at, in epoch milliseconds; both ends
/// are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunRange {
    /// The rule's `from`.
    pub from_ms: i64,
    /// Its `to`.
    pub to_ms: i64,
    /// Where the history begins.
    pub history_start_ms: i64,
}
