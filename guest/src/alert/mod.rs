//! Alert documents, as Kibana's detection engine writes them.
//!
//! [`Source`] is the event made ready, [`Template`] what every alert of a rule
//! says, [`AlertParts::document`] puts both together in the [`Format`] asked for.

mod conform;
mod document;
mod ecs;
mod fields;
mod id;
mod kibana;
mod original;
mod overrides;
mod parent;
mod reason;
mod source;
mod template;
mod tree;

use serde_json::Value;

pub use document::Document;
pub(crate) use id::digest;
pub use id::{EventIdentity, alert_id};
pub use source::Source;
pub use template::{AlertValues, Template};

/// The form of alert documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For Kibana's alerts index.
    #[default]
    Kibana,
    /// A small ECS document.
    Ecs,
}

/// What an alert is made of, beside its template and its event.
#[derive(Clone, Copy, Debug)]
pub struct AlertParts<'a> {
    /// Its id, see [`alert_id`].
    pub id: &'a str,
    /// What the event is called, see [`EventIdentity::id`].
    pub event_id: &'a str,
    /// Index or data stream the event is bound for, if known.
    pub index: Option<&'a str>,
    /// Kibana space.
    pub space: &'a str,
    /// The new term's values, one for each of the rule's fields; none for a
    /// query rule.
    pub terms: Option<&'a [Value]>,
    /// Severity, risk score and name.
    pub values: &'a AlertValues,
    /// How much a Kibana document holds.
    pub detail: Detail,
    /// What it says of an event that was not judged in full.
    pub not_judged: Option<&'a NotJudged>,
    /// When the alert is made, in epoch milliseconds: the arrival of the batch.
    pub created_ms: i64,
}

/// How much a Kibana document holds: the documents of a batch may be many, and
/// its events large.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The whole event, and all of the rule.
    #[default]
    Whole,
    /// A few fields of the event, and all of the rule.
    FewFields,
    /// A few fields of the event, and what says which rule it is.
    Least,
}

/// Why an event was not judged in full.
#[derive(Clone, Debug)]
pub struct NotJudged {
    /// The reason, by a name that stays.
    pub key: &'static str,
    /// The same for people.
    pub sentence: String,
    /// `rule_id`s of the rules that did not judge it, as many as are named; none:
    /// no rule did.
    pub rules: Vec<String>,
}

impl NotJudged {
    /// The members that say so, the same in all forms.
    fn members(&self) -> [(String, Value); 2] {
        let member = |name: &str, value: Value| (format!("firstseen.unjudged.{name}"), value);
        [member("reason", self.key.into()), member("rules", self.rules.clone().into())]
    }
}

impl AlertParts<'_> {
    /// What it says in a sentence.
    fn reason(&self, source: &Source) -> String {
        let reason = reason::reason(&source.subject, &self.values.severity, &self.values.rule_name);
        match self.not_judged {
            Some(not_judged) => format!("{reason} {}", not_judged.sentence),
            None => reason,
        }
    }

    /// The alert document.
    pub fn document(&self, format: Format, template: &Template, source: &Source) -> Document {
        match format {
            Format::Kibana => kibana::document(self, template, source),
            Format::Ecs => ecs::document(self, template, source),
        }
    }
}
