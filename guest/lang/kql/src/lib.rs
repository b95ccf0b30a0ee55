//! The Kibana Query Language, evaluated on single events.
//!
//! [`parse`] reads a query as Kibana does. [`Clause::from`] makes of it what Kibana would send to
//! Elasticsearch, and [`Program::compile`] what Elasticsearch would make of that for the field types
//! of a [`Mapping`]: tests of numbered slots, given out by a [`Layout`]. [`Program::matches`] asks
//! an [`Event`] for what is in those slots. Nothing here panics, reads or writes anything, and what
//! a query can cost is bounded.
//!
//! ```
//! use firstseen_kql::{Clause, Event, FieldType, JsonStr, Layout, Mapping, Program, Scalar, Slot, parse};
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
//!     fn any_leaf(&self, _: Slot, _: impl FnMut(&str, Scalar<'_>) -> bool) -> bool { false }
//!     fn any_object(&self, _: Slot, _: impl FnMut(&Self) -> bool) -> bool { false }
//! }
//!
//! let mut mapping = Mapping::default();
//! mapping.insert("process.name", FieldType::KEYWORD);
//! let query = parse("process.name:(bash or *sh and not zsh)")?;
//! let program = Program::compile(&Clause::from(&query), &mapping, &mut OneSlot)?;
//! assert!(program.matches(&Names(&["bash"])));
//! assert!(program.matches(&Names(&["tcsh"])));
//! assert!(!program.matches(&Names(&["zsh"])));
//! assert!(!program.matches(&Names(&[])));
//! # Ok::<(), firstseen_kql::Error>(())
//! ```
//!
//! # The language
//!
//! | query | matches an event if |
//! |---|---|
//! | `field:value` | a value of the field is `value`; of a text field, one of its words |
//! | `field:"any text"` | the same, with text that would mean something unquoted; of a text field, all words in a row |
//! | `field:a*b` | a value starts with `a` and ends with `b` |
//! | `field:*` | the field has a value |
//! | `field < 5`, `<=`, `>`, `>=` | a value is on that side of the bound |
//! | `field:(a or b and not c)` | the same as `field:a or field:b and not field:c` |
//! | `path:{ a:x and b:y }` | one nested object at `path` meets the query; field names in it are relative |
//! | `host.*:x` | one of the fields whose names match has the value |
//! | `value` | any field has it; those of types that it makes no sense for do not count |
//! | `not x`, `x and y`, `x or y`, `(x)` | as they say; `not` binds closest, then `and`, then `or` |
//! | `*:*`, `*`, nothing | always |
//!
//! A field with several values matches if one of them does, so `f:(a and b)` may be met by two of
//! them, and `f > 1 and f < 5` too. A field without values (absent, `null`, `[]`) matches no
//! condition, hence every `not` of one.
//!
//! **Unquoted** text goes on through white space up to a special character or to ` and ` or
//! ` or `, and is trimmed; so `user.name:root admin` looks for the one value `root admin`. The
//! special characters `\ ( ) : < > " * { }` need a backslash. Other escapes are `\t`, `\r`, `\n`,
//! `\uXXXX`, and `\and`, `\or` and `\NOT` for keywords (but `\not` is a line feed and `ot`, as in
//! Kibana). `*` stands for any run of characters; `?` is an ordinary character.
//!
//! **Quoted** text knows the escapes `\\`, `\"`, `\t`, `\r`, `\n` and `\uXXXX`; before anything
//! else a backslash is a backslash, and `*` is a star.
//!
//! **Keywords** are read in any case, and only with white space around them: `android` and
//! `foo or` are text. But `not` and white space end unquoted text even inside a word, which makes
//! `message:cannot connect` an error in Kibana and here. `not` takes one condition, and stands
//! ahead of a field or inside parentheses.
//!
//! ```
//! # use firstseen_kql::{ErrorKind, parse};
//! assert_eq!(parse(r"a : x\u0020y AND (b:c OR b:d)")?, parse("a:x y and b:(c or d)")?);
//! assert_eq!(parse("a:(b and (not c))")?.to_string(), "a:(b and not c)");
//!
//! let query = "host.name:web and message:cannot connect";
//! let error = parse(query).unwrap_err();
//! assert_eq!(error.kind, ErrorKind::MisplacedNot);
//! assert!(error.render(query).ends_with("
//! 1 | host.name:web and message:cannot connect
//!   |                              ^"));
//! # Ok::<(), firstseen_kql::Error>(())
//! ```
//!
//! # Field types
//!
//! What a condition means depends on the type of the field, as in Elasticsearch.
//!
//! | type | equality | wildcards | ranges |
//! |---|---|---|---|
//! | `keyword`, `wildcard`, leaves of `flattened` | the whole value, case matters; numbers and booleans by their JSON text, so `4104` is not `4104.0` | over the whole value | by bytes |
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
//!
//! A literal that means nothing to its type (`source.port:http`) makes Elasticsearch fail the whole
//! search, even beside an `or`; here it is an error when the query is compiled, with its place.
//!
//! ```
//! # use firstseen_kql::*;
//! # struct Nowhere;
//! # impl Layout for Nowhere {
//! #     fn values(&mut self, _: &str) -> Slot { Slot(0) }
//! #     fn leaves(&mut self, _: &str) -> Slot { Slot(0) }
//! #     fn objects(&mut self, _: &str) -> (Slot, &mut dyn Layout) { (Slot(0), self) }
//! # }
//! let mut mapping = Mapping::default();
//! mapping.insert("source.port", FieldType::Number(NumberType::Long));
//! let query = parse("source.port >= 1024 or source.port:http")?;
//! let error = Program::compile(&Clause::from(&query), &mapping, &mut Nowhere).unwrap_err();
//! assert_eq!(error.kind, ErrorKind::NotAValue { field_type: "long" });
//! # Ok::<(), Error>(())
//! ```
//!
//! # What differs from Kibana
//!
//! - Text that would not read as it is evaluated is no query: control characters other than tabs
//!   and line breaks, and characters that turn the direction of writing, must be written as escapes.
//! - A half of a surrogate pair, written as an escape, stands for U+FFFD.
//! - Wildcards on a leaf of a `flattened` field look at the leaf's own value; Elasticsearch lays
//!   them over all leaves (elastic/elasticsearch#138427).
//! - Time zones by region (`Europe/Paris`) are no dates here.
//!
//! # Limits
//!
//! [`MAX_QUERY_BYTES`], [`MAX_DEPTH`] and [`MAX_LEAVES`] bound a query. Evaluation takes time that
//! is linear in the values it reads, but for patterns with `?`, which Kibana's exceptions and
//! filters may have: theirs is bounded by the product of the lengths.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod analysis;
pub mod ast;
mod clause;
mod date;
mod doc_value;
mod error;
mod eval;
mod expr;
mod ip;
mod java;
mod lex;
mod lower;
mod mapping;
mod number;
mod ordinal;
mod parse;
mod print;
mod program;
mod query_string;
mod required;
mod test;
mod texts;
mod tree;
mod typed;
mod value;
mod version;
mod wildcard;
mod words;

pub use clause::{Clause, Condition, Like, Name, Part};
pub use date::instant;
pub use doc_value::DocValue;
pub use error::{Error, ErrorKind, Expected};
pub use eval::Event;
pub use mapping::{Field, FieldType, Mapping, Resolved};
pub use number::NumberType;
pub use parse::parse;
pub use program::{Layout, Program, Slot};
pub use required::Requirement;
pub use texts::{TextMap, same_text};
pub use value::{JsonStr, Scalar};

/// The longest query, in bytes.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;

/// How deep parentheses and braces may go.
pub const MAX_DEPTH: usize = 64;

/// The most conditions a query may have; each value of a group is one.
pub const MAX_LEAVES: usize = 16_384;
