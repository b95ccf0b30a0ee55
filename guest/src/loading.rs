//! Documents to rules.

use std::collections::{BTreeMap, BTreeSet};

use firstseen_query::{Leaves, Mapping, RegexBudget};
use serde_json::{Map, Value};

use crate::alert::Template;
use crate::document::{DocumentError, Reason, Refusal};
use crate::event::Projection;
use crate::exceptions::{CompiledLists, ExceptionLists};
use crate::mapping::{Fields, built_in};
use crate::rule::{self, BUILT_IN, Rule, Shared, rules_of};
use crate::state::ADVANCE;

/// Greatest size of all rule documents together in bytes.
const RULE_BYTES: usize = 64 << 20;

/// Greatest size of all other documents together in bytes.
const OTHER_BYTES: usize = 64 << 20;

/// What an engine is made of: named texts, `(name, content)`.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// Rules as Kibana rule JSON; none: the built-in rule.
    pub rules: Vec<(String, String)>,
    /// Exception lists and items (NDJSON).
    pub exceptions: Vec<(String, String)>,
    /// Value lists, by their ids.
    pub value_lists: Vec<(String, String)>,
    /// Mappings over the built-in table; the last one wins.
    pub mappings: Vec<(String, String)>,
    /// The index patterns of data views, by their ids.
    pub data_views: BTreeMap<String, Vec<String>>,
}

impl Documents {
    /// Rules alone.
    pub fn of_rules(rules: Vec<(String, String)>) -> Self {
        Self { rules, ..Self::default() }
    }
}

/// What became of the documents.
#[derive(Clone, Debug, Default)]
pub struct Reports {
    /// One for each rule, in order: its place among the rules that run, or why
    /// it does not run.
    pub rules: Vec<Result<usize, Refusal>>,
    /// Documents other than rules that cannot be used.
    pub unusable: Vec<Refusal>,
    /// What the operator should know of the others, one sentence each.
    pub warnings: Vec<String>,
}

/// What was made of documents so far.
pub(crate) struct Loading<'p> {
    pub(crate) projection: &'p mut Projection,
    /// What all rules together ask of events.
    pub(crate) leaves: Leaves,
    compiled_lists: CompiledLists,
    regexes: RegexBudget,
    /// Names of those that the host answers.
    questions: &'p [String],
    data_views: &'p BTreeMap<String, Vec<String>>,
    pub(crate) rules: Vec<Rule>,
    /// What the alerts of each say.
    pub(crate) templates: Vec<Template>,
    pub(crate) reports: Reports,
    /// If it is not the built-in one.
    mapping: Option<Mapping>,
    exceptions: ExceptionLists,
    /// Of the rules that run.
    rule_ids: BTreeSet<String>,
    /// Exception lists that no rule has had so far.
    unused_lists: BTreeSet<String>,
}

impl<'p> Loading<'p> {
    /// Loads all of them.
    pub(crate) fn load(documents: &'p Documents, questions: &'p [String], projection: &'p mut Projection) -> Self {
        let mut loading = Self {
            projection,
            leaves: Leaves::default(),
            compiled_lists: CompiledLists::default(),
            regexes: RegexBudget::of_rules(),
            questions,
            data_views: &documents.data_views,
            rules: Vec::new(),
            templates: Vec::new(),
            reports: Reports::default(),
            mapping: None,
            exceptions: ExceptionLists::default(),
            rule_ids: BTreeSet::new(),
            unused_lists: BTreeSet::new(),
        };
        let mut room = OTHER_BYTES;
        loading.read_mappings(&documents.mappings, &mut room);
        loading.read_exceptions(documents, &mut room);
        loading.unused_lists = loading.exceptions.ids();
        loading.read_rules(&documents.rules);
        let unused = std::mem::take(&mut loading.unused_lists)
            .into_iter()
            .map(|id| format!("no rule has the exception list `{id}`: none names it, or has that for its `rule_id`"));
        loading.reports.warnings.extend(unused);
        loading
    }

    fn read_mappings(&mut self, documents: &[(String, String)], room: &mut usize) {
        if documents.is_empty() {
            return;
        }
        let mut fields = Fields::built_in();
        for (name, content) in documents {
            let read = take(room, content, OTHER_BYTES).and_then(|()| fields.read(content));
            match read {
                Ok(warnings) => {
                    self.reports.warnings.extend(warnings.into_iter().map(|warning| format!("{name}: {warning}")));
                }
                Err(error) => self.reports.unusable.push(Refusal::of_document(name, error)),
            }
        }
        self.mapping = Some(fields.mapping());
    }

    fn read_exceptions(&mut self, documents: &Documents, room: &mut usize) {
        for (name, content) in &documents.exceptions {
            let read = take(room, content, OTHER_BYTES).and_then(|()| self.exceptions.read(content));
            self.reports.unusable.extend(read.err().map(|error| Refusal::of_document(name, error)));
        }
        for (id, content) in &documents.value_lists {
            match take(room, content, OTHER_BYTES) {
                Ok(()) => self.exceptions.read_value_list(id, content),
                Err(error) => self.reports.unusable.push(Refusal::of_document(id, error)),
            }
        }
    }

    fn read_rules(&mut self, documents: &[(String, String)]) {
        if documents.is_empty() {
            return self.read_document("built-in rule", BUILT_IN);
        }
        let mut room = RULE_BYTES;
        for (name, content) in documents {
            match take(&mut room, content, RULE_BYTES) {
                Ok(()) => self.read_document(name, content),
                Err(error) => self.reports.rules.push(Err(Refusal::of_document(name, error))),
            }
        }
    }

    fn read_document(&mut self, document: &str, content: &str) {
        for found in rules_of(content) {
            let text = |member: &str| {
                found.object.as_ref().ok().and_then(|object| object.get(member)?.as_str().map(str::to_owned))
            };
            let (rule_id, name, kind) = (text("rule_id"), text("name"), text("type"));
            let compiled = found.object.and_then(|object| {
                ExceptionLists::strike(&object, &mut self.unused_lists);
                self.compile(&object, found.text)
            });
            self.reports.rules.push(match compiled {
                Ok((rule, template)) => {
                    self.rules.push(rule);
                    self.templates.push(template);
                    Ok(self.rules.len() - 1)
                }
                Err(error) => {
                    let document = document.to_owned();
                    Err(Refusal { document, position: found.position, rule_id, name, kind, error })
                }
            });
        }
    }

    fn compile(&mut self, object: &Map<String, Value>, text: Option<&str>) -> Result<(Rule, Template), DocumentError> {
        // Asked first, so that what does not run gets no slots.
        if let Some(Value::String(rule_id)) = object.get("rule_id")
            && self.rule_ids.contains(rule_id)
        {
            return Err(DocumentError::new("rule_id", format!("`{rule_id}` is loaded already; the first one runs")));
        }
        let fields = rule::Fields::read(object, self.data_views)?;
        let question = fields.kind.meaning().question();
        if !self.questions.iter().any(|answered| answered == question) {
            let kind = fields.kind.meaning().type_name();
            let cause = format!("a rule of type `{kind}` asks its host `{question}`, which this host does not answer");
            return Err(DocumentError::new("type", cause).because(Reason::Unsupported));
        }
        // Reading the table takes longer than refusing a rule.
        let mapping = self.mapping.as_ref().unwrap_or_else(|| built_in());
        let shared = &mut Shared {
            projection: &mut *self.projection,
            leaves: &mut self.leaves,
            exceptions: &mut self.compiled_lists,
            regexes: &self.regexes.of_one_query(),
            advances: self.questions.iter().any(|answered| answered == ADVANCE),
        };
        let made = Rule::compile(object, &fields, mapping, &self.exceptions, shared)
            .and_then(|rule| Ok((rule, Template::new(object, text, &fields)?)));
        self.regexes.settle(shared.regexes, made.is_ok());
        let (rule, template) = made?;
        self.rule_ids.insert(rule.rule_id.clone());
        Ok((rule, template))
    }
}

/// Takes the size of a text from the room that is left.
fn take(room: &mut usize, content: &str, all: usize) -> Result<(), DocumentError> {
    match room.checked_sub(content.len()) {
        Some(rest) => {
            *room = rest;
            Ok(())
        }
        None => {
            let cause = format!("with it the documents are larger than {} MiB together; load fewer", all >> 20);
            Err(DocumentError::document(None, cause))
        }
    }
}
