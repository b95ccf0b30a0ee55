//! What a query on events is, whatever language it came in.
//!
//! A language makes a [`Clause`] of a text: conditions on fields, as Elasticsearch would be asked
//! for them, and what has to be computed of fields. [`Program::compile`] makes of that what
//! Elasticsearch would for the field types of a [`Mapping`]: tests of numbered slots, given out by a
//! [`Layout`]. [`Program::matches`] asks an [`Event`] for what is in those slots, and a [`Joint`] for
//! many programs at once. Nothing here panics, reads or writes anything, and what a query can cost is
//! bounded.
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
//! Equality is [`Condition::Equals`] or [`Condition::Term`]. Of text a term is one of the words, as
//! it stands; for `Equals` the value is taken apart into words first. A term may ignore the case of
//! ASCII letters; that is an error where wildcards are one, but for `boolean`.
//!
//! A regular expression ([`Regex`]) is asked of what wildcards are asked of, and is an error where
//! they are. It is laid over the whole value, of text over single words, and over what a normalizer
//! makes of the value; white space does not part it.
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
//! # Computed conditions
//!
//! What no condition on one field says is a [`Clause::Script`], for which Elasticsearch has its
//! scripts. It is asked with every combination of the values of its fields, each value once, and
//! holds if it is true for one of them. A field without a value gives one `null`, and `null` is
//! false.
//!
//! A value is what its field keeps of it: a number, which is a whole one if the type is; a boolean;
//! else a text, of a `date` in ISO 8601. A field of type `text` has none, since only its words are
//! indexed. Where a field is not mapped the event's JSON says what a value is. Texts and numbers are
//! as Java computes with them: positions count UTF-16 units, whole numbers are divided toward zero.
//! Where Java would fail, the result is `null`.
//!
//! ```
//! # use firstseen_query::*;
//! # struct OneSlot;
//! # impl Layout for OneSlot {
//! #     fn values(&mut self, _: &str) -> Slot { Slot(0) }
//! #     fn leaves(&mut self, _: &str) -> Slot { Slot(0) }
//! #     fn objects(&mut self, _: &str) -> (Slot, &mut dyn Layout) { (Slot(0), self) }
//! # }
//! # struct Names<'a>(&'a [&'a str]);
//! # impl Event for Names<'_> {
//! #     fn now_ms(&self) -> i64 { 0 }
//! #     fn any(&self, _: Slot, mut test: impl FnMut(Scalar<'_>) -> bool) -> bool {
//! #         self.0.iter().any(|name| test(Scalar::String(JsonStr::new(name, false))))
//! #     }
//! #     fn bytes_below(&self, _: Slot) -> usize { 0 }
//! #     fn any_leaf(&self, _: Slot, _: impl FnMut(&str, Scalar<'_>) -> bool) -> bool { false }
//! #     fn any_object(&self, _: Slot, _: impl FnMut(&Self) -> bool) -> bool { false }
//! # }
//! let mut mapping = Mapping::default();
//! mapping.insert("process.name", FieldType::KEYWORD);
//! let arguments = vec![ScriptExpr::Field("process.name".into())];
//! let length = ScriptExpr::Call { function: Function::Length, arguments };
//! let four = ScriptExpr::Constant(ScriptValue::Whole(4));
//! let expr = ScriptExpr::Compare { op: Comparison::Equal, left: length.into(), right: four.into() };
//! let clause = Clause::Script { expr: expr.into(), span: Span::default() };
//! let program = Program::compile(&clause, &mapping, &mut OneSlot)?;
//! assert!(program.matches(&Names(&["cat", "bash"])));
//! assert!(!program.matches(&Names(&["cat"])) && !program.matches(&Names(&[])));
//! # Ok::<(), Error>(())
//! ```
//!
//! # What differs from Elasticsearch
//!
//! - Wildcards on a leaf of a `flattened` field look at the leaf's own value; Elasticsearch lays
//!   them over all leaves (elastic/elasticsearch#138427).
//! - Time zones by region (`Europe/Paris`) are no dates here.
//! - Where a script fails the search because of an event its result is `null`: a whole number that
//!   is divided by zero, a whole result beyond 63 bits, a text that should be a number. Else whoever
//!   writes events could switch a rule off.
//! - Of Java's regular expressions those run that are regular, see [`Regex::java`].
//!
//! # Limits
//!
//! [`MAX_QUERY_BYTES`], [`MAX_DEPTH`] and [`MAX_LEAVES`] bound a query; each language holds its
//! texts to them. [`Regex`] bounds what its automaton takes. Evaluation takes time that is linear in
//! the values it reads, regular expressions too, with two exceptions. Patterns with `?`, which EQL
//! and Kibana's exceptions and filters may have, are bounded by the product of the lengths. Scripts
//! take as long as there are combinations; each step counts against what [`Findings::begin`] allows
//! for an event, and [`Program::matches`] alone does not bound it.

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
pub use texts::regex::{Regex, RegexBudget, RegexError, RegexErrorKind};
pub use values::date::instant;
pub use values::number::NumberType;
pub use values::scalar::{JsonStr, Scalar};
pub use visible::{forbidden, is_forbidden};
