//! Conditions that have to be computed: what Elasticsearch hands to a script, since no filter on one
//! field says it.
//!
//! A script is asked with every combination of the values of its fields, each field by its distinct
//! values; one without a value gives one `null`. It holds if it is true for one combination. `null`
//! counts as false. What makes Elasticsearch fail the whole search (a division by zero, a text that
//! is no number) is `null` here: whoever writes an event must not be able to switch a rule off.

mod arithmetic;
mod collect;
mod evaluate;
mod expr;
mod function;
mod meter;
mod pattern;
mod text;
mod value;

pub(crate) use evaluate::Script;
pub use expr::{Arithmetic, Comparison, ScriptExpr};
pub use function::Function;
pub(crate) use meter::{Exhausted, Meter};
pub use pattern::ScriptPattern;
pub use value::ScriptValue;
