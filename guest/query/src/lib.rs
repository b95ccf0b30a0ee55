//! What a query on events is, whatever language it came in.
//!
//! A language makes a [`Clause`] of a text: conditions on fields, as Elasticsearch would be asked
//! for them. [`Program::compile`] makes of that what Elasticsearch would for the field types of a
//! [`Mapping`]: tests of numbered slots, given out by a [`Layout`]. [`Program::matches`] asks an
//! [`Event`] for what is in those slots. Nothing here panics, reads or writes anything, and what a
//! query can cost is bounded.
//!
//! ```
//! use firstseen_query::{
//!     Clause, Condition, Event, FieldType, JsonStr, Layout, Like, Mapping, Name, Program, Scalar, Slot, Span,
//! };
//!
//! /// Gives every path the same slot; a real layout keeps them apart.
//! struct OneSlot;
//!
//! impl Layout for OneSlot {
//!     fn values(&mut self, _path: &str) -> Slot { Slot(0) }
//!     fn leaves(&mut self, _path: &str) -> Slot { Slot(0) }
//!     fn objects(&mut self, _path: &str) -> (Slot, &mut dyn Layout) { (Slot(0), self) }
//! }
//!
//! /// An event whose only field has these values.
//! struct Names<'a>(&'a [&'a str]);
//!
//! impl Event for Names<'_> {
//!     fn now_ms(&self) -> i64 { 0 }
//!     fn any(&self, _: Slot, mut test: impl FnMut(Scalar<'_>) -> bool) -> bool {
//!         self.0.iter().any(|name| test(Scalar::String(JsonStr::new(name, false))))
//!     }
//!     fn bytes_below(&self, _: Slot) -> usize { 0 }
//!     fn any_leaf(&self, _: Slot, _: impl FnMut(&str, Scalar<'_>) -> bool) -> bool { false }
//!     fn any_object(&self, _: Slot, _: impl FnMut(&Self) -> bool) -> bool { false }
//! }
//!
//! let mut mapping = Mapping::default();
//! mapping.insert("process.name", FieldType::KEYWORD);
//! let shell = Condition::Like(Like::lucene("*sh"));
//! let clause = Clause::Field { name: Name::exact("process.name"), condition: shell, span: Span::default() };
//! let program = Program::compile(&clause, &mapping, &mut OneSlot)?;
//! assert!(program.matches(&Names(&["cat", "bash"])));
//! assert!(!program.matches(&Names(&["cat"])));
//! assert!(!program.matches(&Names(&[])));
//! # Ok::<(), firstseen_query::Error>(())
//! ```
//!
//! A field with several values meets a condition if one of them does. A field without values
//! (absent, `null`, `[]`) meets none, hence every opposite of one.
//!
//! # Field types
//!
//! What a condition means depends on the type of the field, as in Elasticsearch.
//!
//! | type | equality | wildcards | ranges |
//! |---|---|---|---|
//! | `keyword`, `wildcard` | the whole value, case matters; numbers and booleans by their JSON text, so `4104` is not `4104.0` | over the whole value | by bytes |
//! | leaves of `flattened` | the same | the same; white space parts alternatives | the same |
//! | with `ignore_above` | longer values do not exist | | |
//! | with the normalizer `lowercase` | case makes no difference | the same | the same |
//! | `constant_keyword` | the constant of the index, whatever the event has | the same | the same |
//! | `text`, `match_only_text` | words of the `standard` analyzer, in lower case | over single words; white space parts alternatives | over words |
//! | `long` and other integers | as numbers; values with a fraction are cut | an error | as numbers, fractions of bounds count |
//! | `float`, `scaled_float` … | at the precision of the type | an error | the same |
//! | `boolean` | `true` or `false` | an error | `false < true` |
//! | `date`, `date_nanos` | the time the text leaves open: `2026-11-24` is the whole day; date math from `now` | an error | rounded outwards |
//! | `ip` | an address or a CIDR block | an error | by address |
//! | `version` | the whole value | over the whole value | by semantic version |
//! | not mapped | strings as keywords, numbers as numbers | over the whole value | by what the value is |
//! | `X.keyword`, not mapped | the whole value of `X`, of up to 256 characters | over the whole value | by bytes |
//!
//! A literal that means nothing to its type (text for a number) makes Elasticsearch fail the whole
//! search, even beside an `or`; here it is an error when the query is compiled, with its place.
//!
//! ```
//! # use firstseen_query::*;
//! # struct Nowhere;
//! # impl Layout for Nowhere {
//! #     fn values(&mut self, _: &str) -> Slot { Slot(0) }
//! #     fn leaves(&mut self, _: &str) -> Slot { Slot(0) }
//! #     fn objects(&mut self, _: &str) -> (Slot, &mut dyn Layout) { (Slot(0), self) }
//! # }
//! let mut mapping = Mapping::default();
//! mapping.insert("source.port", FieldType::Number(NumberType::Long));
//! let condition = Condition::Equals { value: "http".to_owned(), phrase: false };
//! let clause = Clause::Field { name: Name::exact("source.port"), condition, span: Span::new(0, 16) };
//! let error = Program::compile(&clause, &mapping, &mut Nowhere).unwrap_err();
//! assert_eq!(error.kind, ErrorKind::NotAValue { field_type: "long" });
//! ```
//!
//! # What differs from Elasticsearch
//!
//! - Wildcards on a leaf of a `flattened` field look at the leaf's own value; Elasticsearch lays
//!   them over all leaves (elastic/elasticsearch#138427).
//! - Time zones by region (`Europe/Paris`) are no dates here.
//!
//! # Limits
//!
//! [`MAX_QUERY_BYTES`], [`MAX_DEPTH`] and [`MAX_LEAVES`] bound a query; each language holds its
//! texts to them. Evaluation takes time that is linear in the values it reads, but for patterns
//! with `?`, which Kibana's exceptions and filters may have: theirs is bounded by the product of the
//! lengths. A [`Regex`] is linear too; making one is bounded, with limits near Elasticsearch's.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod clause;
mod error;
mod fields;
mod joint;
mod limit;
mod program;
mod range;
mod script;
mod span;
mod texts;
mod values;
mod visible;

pub use clause::{Clause, Condition, Like, Name, Part};
pub use error::{Asked, Error, ErrorKind};
pub use fields::doc_value::DocValue;
pub use fields::field_type::FieldType;
pub use fields::mapping::{Field, Mapping, Resolved};
pub use joint::{Findings, Joint, Leaves};
pub use limit::{Limit, MAX_DEPTH, MAX_LEAVES, MAX_QUERY_BYTES};
pub use program::Program;
pub use program::event::Event;
pub use program::layout::{Layout, Slot};
pub use program::required::Requirement;
pub use range::RangeOp;
pub use script::{Arithmetic, Comparison, Function, ScriptExpr, ScriptPattern, ScriptValue};
pub use span::Span;
pub use texts::compare::same_text;
pub use texts::fold::folded;
pub use texts::map::TextMap;
pub use texts::regex::{Regex, RegexError, RegexErrorKind};
pub use values::date::instant;
pub use values::number::NumberType;
pub use values::scalar::{JsonStr, Scalar};
pub use visible::{forbidden, is_forbidden};
