//! Rules: from Kibana's rule JSON to something that runs.
//!
//! [`rules_of`] finds the rule objects in a text, [`Fields`] reads and checks
//! their fields, `Rule::compile` turns one into slots and a program.

mod document;
mod fields;
mod filters;
mod hints;
mod index;
mod kinds;
mod language;
mod part;
mod reader;
pub(crate) mod stages;
mod timestamp;
mod warnings;
mod window;

use std::rc::Rc;

use firstseen_query::{Clause, Findings, Joint, Leaves, Mapping, Program, RegexBudget};
use serde_json::{Map, Value};

pub use document::{RuleEntry, rules_of};
pub use fields::{Fields, SEVERITIES};
pub use filters::Filters;
pub(crate) use hints::{ends_in_escaped_star, shown};
pub use index::{IndexPatterns, names_of};
pub use kinds::{AlertFacts, Eql, Kind, Meaning, NewTerms, Query, RuleType};
pub(crate) use reader::RuleReader;
pub use stages::Stages;
pub use timestamp::{Clock, NoTime, TimestampSource};
pub use window::{LookBack, Window};

use self::language::{Asked, ParsedQuery};
use self::stages::OrderFields;
use crate::alert::digest;
use crate::document::{DocumentError, Reason};
use crate::event::{Projection, Slots};
use crate::exceptions::{CompiledExceptions, CompiledLists, ExceptionLists};
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
    /// Query and filters; of several items that of any of them.
    pub program: Program,
    /// The items of a sequence or a sample.
    pub stages: Option<Stages>,
    /// Events that it does not want, by list.
    exceptions: Vec<Rc<CompiledExceptions>>,
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
    /// What its author probably does not mean, one sentence each.
    pub hints: Vec<String>,
}

/// How long a sequence without a time of its own may take whose rule's look-back depends
/// on the day: the longest month.
const LOOK_BACK_MS_MAX: u64 = 31 * 24 * 60 * 60 * 1_000;

/// Most hints on a rule.
const HINTS_MAX: usize = 20;

/// What rules that are compiled one after the other share.
pub(crate) struct Shared<'s> {
    /// What all of them read of events.
    pub(crate) projection: &'s mut Projection,
    /// What all of them ask.
    pub(crate) leaves: &'s mut Leaves,
    /// The exception lists that some of them have.
    pub(crate) exceptions: &'s mut CompiledLists,
    /// What the regular expressions of the next one may take.
    pub(crate) regexes: &'s RegexBudget,
    /// Whether the host answers what sequences and samples ask.
    pub(crate) advances: bool,
}

impl Rule {
    /// Compiles a rule object that was read as `fields`.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] names the first field that is missing, wrong, or asks for
    /// something that is not supported.
    pub(crate) fn compile(
        object: &Map<String, Value>,
        fields: &Fields,
        mapping: &Mapping,
        lists: &ExceptionLists,
        shared: &mut Shared<'_>,
    ) -> Result<Self, DocumentError> {
        let Shared { projection, leaves, exceptions, regexes, advances } = shared;
        let query = ParsedQuery::parse(fields)?;
        let asked = query.asked(mapping, regexes)?;
        // What is wrong in an item is its author's business, whoever runs it.
        if let Asked::Several(several) = &asked
            && !*advances
        {
            let kind = if several.is_sample { "samples" } else { "sequences" };
            let cause = format!("{kind} are not run; EQL queries of single events are");
            return Err(DocumentError::new("query", cause).because(Reason::NotOurs));
        }
        let clause = asked.clause().into_owned();
        let filters = Filters::read(object)?;
        let whole = |error: firstseen_query::Error| DocumentError::document(None, error.to_string());
        let parts = Clause::And(vec![clause.clone(), filters.clause()]);
        let mut program = filters
            .check(mapping)
            .and_then(|()| Program::compile_among(&parts, mapping, *projection, leaves).map_err(whole))
            .map_err(|other| {
                // By itself, so that an error of the query has its place.
                let alone = Program::compile(&clause, mapping, &mut Projection::default());
                alone.map_or_else(|error| DocumentError::query(&fields.query, &error), |_| other)
            })?;
        let order = match &fields.kind {
            Kind::Eql(eql) => OrderFields { timestamp: eql.timestamp_field(), tiebreaker: eql.tiebreaker_field() },
            _ => OrderFields { timestamp: None, tiebreaker: None },
        };
        let stages = match asked {
            Asked::Event(_) => None,
            Asked::Several(several) => {
                let look_back_ms = fields.window.fixed_length_ms().unwrap_or(LOOK_BACK_MS_MAX);
                let stages =
                    Stages::compile(several, mapping, projection, order, look_back_ms, |clause, projection| {
                        let parts = Clause::And(vec![clause, filters.clause()]);
                        Program::compile_among(&parts, mapping, projection, leaves).map_err(whole)
                    })?;
                Some(stages)
            }
        };
        let exceptions = exceptions.of_rule(object, lists, mapping, projection, leaves)?;
        if exceptions.lists.iter().any(|exceptions| exceptions.except_all()) || query.results_max() == Some(0) {
            program = Program::compile(&Clause::Or(Vec::new()), mapping, *projection).map_err(whole)?;
        }
        let mut warnings = warnings::of(object, fields, &query, &clause, &program, mapping);
        warnings.extend(exceptions.warnings);
        let mut hints = query.hints();
        hints.extend(exceptions.hints);
        hints.truncate(HINTS_MAX);
        let history = match stages {
            None => fields.kind.meaning().history(&fields.rule_id),
            Some(_) => Value::from_iter([&*fields.rule_id, &digest(&query.history_name())]).to_string(),
        };
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
            hints,
            look_back: fields.look_back.clone(),
            window: fields.window.clone(),
            quota: fields.quota.at_most(query.results_max()),
            rule_id: fields.rule_id.clone(),
            version: fields.version,
            name: fields.name.clone(),
            kind: fields.kind.clone(),
            history,
            program,
            stages,
            exceptions: exceptions.lists,
        })
    }

    /// Does an event match the query and the filters, and no exception? `now_ms`
    /// says which exceptions have expired.
    pub fn matches(&self, event: &Slots<'_, '_>, now_ms: i64) -> bool {
        self.program.matches(event) && !self.exceptions.iter().any(|exceptions| exceptions.except(event, now_ms))
    }

    /// The same where the conditions of all rules are answered together. None if
    /// it would cost more than may be spent on the event.
    pub fn judge(&self, event: &Slots<'_, '_>, now_ms: i64, joint: &Joint, findings: &mut Findings) -> Option<bool> {
        if !joint.judge(&self.program, event, findings)? {
            return Some(false);
        }
        for exceptions in &self.exceptions {
            if exceptions.judge(event, now_ms, joint, findings)? {
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
