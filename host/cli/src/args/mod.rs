//! Groups of options that several commands have, so that each is called and
//! means the same in all of them.

mod alerts;
mod authorization;
mod evaluation;
mod input;
mod module;
mod rule_set;
mod rules;
mod values;

pub(crate) use alerts::{AlertArgs, EventIdArgs};
pub(crate) use authorization::authorization;
pub(crate) use evaluation::{EvaluationArgs, line_bytes};
pub(crate) use input::{Input, inputs};
pub(crate) use module::{ModuleArgs, load as load_module};
pub(crate) use rule_set::{RuleSet, faults, warn_of};
pub(crate) use rules::{OwnFiles, RelatedArgs, RuleArgs, ensure_rules, rule_paths};
pub(crate) use values::{bytes, duration, outbox_max, time_ms, workers};
