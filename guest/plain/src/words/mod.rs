//! The records of the WIT as JSON: the same names, variants as objects of one member,
//! cases of an enum as texts.

mod input;
mod output;
mod rules;

pub(crate) use input::{Configuration, Context, answers};
pub(crate) use output::{Line, Match, Summary, alert, question, remark, unjudged};
pub(crate) use rules::{Description, Report, RuleSummary};
