//! The Kibana Query Language: text to tree, tree to clause, and back to text.
//!
//! [`parse`] reads a query as Kibana does. [`Clause::from`] makes of it what Kibana would send to
//! Elasticsearch; what that means for fields of a type, and for an event, is the business of
//! [`firstseen_query`]. Nothing here panics, reads or writes anything, and what a query can cost is
//! bounded.
//!
//! ```
//! use firstseen_kql::parse;
//! use firstseen_query::{Clause, Event, FieldType, JsonStr, Layout, Mapping, Program, Scalar, Slot};
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
//! let query = parse("process.name:(bash or *sh and not zsh)")?;
//! let program = Program::compile(&Clause::from(&query), &mapping, &mut OneSlot)?;
//! assert!(program.matches(&Names(&["bash"])));
//! assert!(program.matches(&Names(&["tcsh"])));
//! assert!(!program.matches(&Names(&["zsh"])));
//! assert!(!program.matches(&Names(&[])));
//! # Ok::<(), Box<dyn std::error::Error>>(())
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
//! # What differs from Kibana
//!
//! - Text that would not read as it is evaluated is no query: control characters other than tabs
//!   and line breaks, and characters that turn the direction of writing, must be written as escapes.
//! - A half of a surrogate pair, written as an escape, stands for U+FFFD.
//!
//! What differs from Elasticsearch in the meaning of a condition is told by [`firstseen_query`].
//!
//! # Limits
//!
//! [`MAX_QUERY_BYTES`], [`MAX_DEPTH`] (of parentheses and braces) and [`MAX_LEAVES`] bound a query.
//!
//! [`Clause::from`]: firstseen_query::Clause
//! [`MAX_QUERY_BYTES`]: firstseen_query::MAX_QUERY_BYTES
//! [`MAX_DEPTH`]: firstseen_query::MAX_DEPTH
//! [`MAX_LEAVES`]: firstseen_query::MAX_LEAVES

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod ast;
mod clause;
mod error;
mod lex;
mod parse;
mod print;

pub use error::{Error, ErrorKind, Expected};
pub use parse::parse;
