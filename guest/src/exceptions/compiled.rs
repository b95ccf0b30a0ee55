//! Exceptions that are ready to be asked of events.

use std::collections::BTreeMap;
use std::rc::Rc;

use firstseen_query::{Clause, Event, Findings, Joint, Leaves, Mapping, Program};
use serde_json::{Map, Value};

use super::list_key::ListKey;
use super::{ExceptionLists, RuleExceptions};
use crate::document::DocumentError;
use crate::event::Projection;

/// The exceptions of a list.
#[derive(Debug, Default)]
pub struct CompiledExceptions {
    /// Those that never expire.
    always: Option<Program>,
    /// Those that end at some time, in epoch milliseconds.
    expiring: Vec<(i64, Program)>,
    /// What the authors of its rules should know, one sentence each.
    warnings: Vec<String>,
    /// What the authors of its items probably do not mean, one sentence each.
    hints: Vec<String>,
}

/// The exceptions of a rule.
pub(crate) struct OfRule {
    /// By list.
    pub(crate) lists: Vec<Rc<CompiledExceptions>>,
    /// What its author should know.
    pub(crate) warnings: Vec<String>,
    /// What the authors of the items probably do not mean.
    pub(crate) hints: Vec<String>,
}

/// Compiles lists, each once however many rules have it: a list may be long, and
/// that all rules share one is ordinary use.
#[derive(Debug, Default)]
pub struct CompiledLists(BTreeMap<ListKey, Result<Rc<CompiledExceptions>, DocumentError>>);

impl CompiledLists {
    /// The exceptions of a rule.
    ///
    /// # Errors
    ///
    /// As [`ExceptionLists::of_rule`], and [`DocumentError`] about the first item
    /// that would fail the search.
    pub(crate) fn of_rule(
        &mut self,
        rule: &Map<String, Value>,
        lists: &ExceptionLists,
        mapping: &Mapping,
        projection: &mut Projection,
        leaves: &mut Leaves,
    ) -> Result<OfRule, DocumentError> {
        let (keys, warnings) = lists.keys_of_rule(rule)?;
        let mut of_rule = OfRule { lists: Vec::new(), warnings, hints: Vec::new() };
        for key in keys {
            let list = self.0.entry(key).or_insert_with_key(|key| {
                CompiledExceptions::new(lists.of_list(key)?, mapping, projection, leaves).map(Rc::new)
            });
            let list = Rc::clone(list.as_ref().map_err(DocumentError::clone)?);
            of_rule.warnings.extend(list.warnings.iter().cloned());
            of_rule.hints.extend(list.hints.iter().cloned());
            of_rule.lists.push(list);
        }
        Ok(of_rule)
    }
}

impl CompiledExceptions {
    fn new(
        exceptions: RuleExceptions,
        mapping: &Mapping,
        projection: &mut Projection,
        leaves: &mut Leaves,
    ) -> Result<Self, DocumentError> {
        let mut compile = |clause: &Clause| {
            Program::compile_among(clause, mapping, projection, leaves).map_err(|error| {
                // Each item alone, so that the error says which one it is.
                let of_item = exceptions.check(mapping).err();
                of_item.unwrap_or_else(|| DocumentError::document(None, error.to_string()))
            })
        };
        let always = exceptions.always().map(|clause| compile(&clause)).transpose()?;
        let expiring =
            exceptions.expiring().into_iter().map(|(expires_ms, clause)| Ok((expires_ms, compile(&clause)?)));
        let expiring = expiring.collect::<Result<_, DocumentError>>()?;
        Ok(Self { always, expiring, warnings: exceptions.warnings, hints: exceptions.hints })
    }

    /// Is every event excepted?
    pub(crate) fn except_all(&self) -> bool {
        self.always.as_ref().is_some_and(Program::always_matches)
    }

    /// Is an event excepted? `now_ms` says which exceptions have expired.
    pub(crate) fn except<E: Event>(&self, event: &E, now_ms: i64) -> bool {
        self.at(now_ms).any(|program| program.matches(event))
    }

    /// The same where the conditions of all rules are answered together. None if
    /// it would cost more than may be spent on the event.
    pub(crate) fn judge<E: Event>(
        &self,
        event: &E,
        now_ms: i64,
        joint: &Joint,
        findings: &mut Findings,
    ) -> Option<bool> {
        for program in self.at(now_ms) {
            if joint.judge(program, event, findings)? {
                return Some(true);
            }
        }
        Some(false)
    }

    fn at(&self, now_ms: i64) -> impl Iterator<Item = &Program> {
        let expiring = self.expiring.iter().filter(move |(expires_ms, _)| *expires_ms >= now_ms);
        self.always.iter().chain(expiring.map(|(_, program)| program))
    }
}
