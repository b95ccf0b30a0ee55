//! Rules: from Kibana's rule JSON to something that runs.
//!
//! [`rules_of`] finds the rule objects in a text, [`Fields`] reads and checks
//! their fields, [`Rule::compile`] turns one into slots and a program.

mod document;
mod error;
mod fields;
mod index;
mod timestamp;
mod window;

use firstseen_kql::{Program, Slot};
use serde_json::{Map, Value};

pub use document::{Found, rules_of};
pub use error::RuleError;
pub use fields::Fields;
pub use index::IndexPatterns;
pub use timestamp::{Clock, TimestampSource};
pub use window::Window;

use crate::alert::Template;
use crate::event::Projection;
use crate::sightings::Quota;

/// The rule that runs where none is given, as Kibana rule JSON.
pub const BUILT_IN: &str = include_str!("../../rules/dpkg_package_installed_by_unusual_parent_process.json");

/// Greatest length of a rule's history key in bytes (a limit of `sightings`).
const MAX_HISTORY_KEY: usize = 1024;

/// A rule ready to run: a KQL program and terms over the slots of a
/// [`Projection`] that all rules share.
#[derive(Debug)]
pub struct Rule {
    /// Kibana's `rule_id`.
    pub rule_id: String,
    /// Kibana's `version`.
    pub version: u32,
    /// Kibana's `name`.
    pub name: String,
    /// Key of the rule's history: `rule_id` and new-terms fields, so that a new
    /// version or an edited query keeps what was learned.
    pub history: String,
    /// The new-terms fields, in the rule's order.
    pub new_terms_fields: Vec<String>,
    /// Their slots.
    pub term_slots: Vec<Slot>,
    /// The query.
    pub program: Program,
    /// Index patterns.
    pub index: IndexPatterns,
    /// The history window.
    pub window: Window,
    /// `max_signals` per `interval`.
    pub quota: Quota,
    /// Where an event's time comes from.
    pub timestamp: TimestampSource,
    /// What every alert of the rule says.
    pub template: Template,
}

impl Rule {
    /// Compiles a rule object; its fields get slots in `projection`.
    ///
    /// # Errors
    ///
    /// [`RuleError`] names the first field that is missing, wrong, or asks for
    /// something that is not supported.
    pub fn compile(object: &Map<String, Value>, projection: &mut Projection) -> Result<Self, RuleError> {
        let fields = Fields::read(object)?;
        let query = firstseen_kql::parse(&fields.query).map_err(|error| RuleError::query(&fields.query, &error))?;
        let program = Program::compile(&query, &mut |field| projection.slot(field))
            .map_err(|error| RuleError::query(&fields.query, &error))?;
        let history = history_key(&fields);
        if history.len() > MAX_HISTORY_KEY {
            return Err(RuleError::new("new_terms_fields", "rule_id and field names together are longer than 1 KiB"));
        }
        Ok(Self {
            term_slots: fields.new_terms_fields.iter().map(|field| projection.slot(field)).collect(),
            timestamp: TimestampSource::new(&fields, projection),
            template: Template::new(object, &fields),
            index: IndexPatterns::new(&fields.index),
            window: fields.window,
            quota: fields.quota,
            rule_id: fields.rule_id,
            version: fields.version,
            name: fields.name,
            new_terms_fields: fields.new_terms_fields,
            history,
            program,
        })
    }
}

/// A JSON array of the rule's id and its fields.
fn history_key(fields: &Fields) -> String {
    let parts = std::iter::once(&fields.rule_id).chain(&fields.new_terms_fields);
    Value::from_iter(parts.map(String::as_str)).to_string()
}
