//! The Kibana Query Language, evaluated on single events.
//!
//! [`parse`] reads a query as Kibana does and [`Program::compile`] turns it into tests of
//! numbered field slots; [`Program::matches`] asks an [`Event`] for the values in those slots.
//! The verdict is that of Elasticsearch for the query Kibana would send, each field being of type
//! `keyword`. Nothing here panics, reads or writes anything, and what a query can cost is bounded.
//!
//! ```
//! use firstseen_kql::{Event, JsonStr, Program, Scalar, Slot, parse};
//!
//! struct Names<'a>(&'a [&'a str]);
//!
//! impl Event for Names<'_> {
//!     fn any(&self, _: Slot, mut test: impl FnMut(Scalar<'_>) -> bool) -> bool {
//!         self.0.iter().any(|name| test(Scalar::String(JsonStr::new(name, false))))
//!     }
//! }
//!
//! let query = parse("process.name:(bash or *sh and not zsh)")?;
//! let program = Program::compile(&query, &mut |_name| Slot(0))?;
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
//! | `field:value` | a value of the field is `value` |
//! | `field:"any text"` | the same, with text that would mean something unquoted |
//! | `field:a*b` | a value starts with `a` and ends with `b` |
//! | `field:*` | the field has a value |
//! | `field:(a or b and not c)` | the same as `field:a or field:b and not field:c` |
//! | `not x` | `x` does not match |
//! | `x and y`, `x or y`, `(x)` | as they say; `not` binds closest, then `and`, then `or` |
//! | `*:*`, `*`, nothing | always |
//!
//! **Values** are compared as a whole and case matters. A number or boolean of an event is
//! compared by its text, so `4104` is not `4104.0`. A field with several values matches if one of
//! them does; a field without values matches no condition, hence every `not` of one.
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
//! # What is refused
//!
//! The rest of the language is parsed, and refused by [`Program::compile`] with its place: ranges
//! (`field > 5`), nested queries (`path:{ … }`), values without a field, wildcards in field names
//! and unquoted `null`.
//!
//! ```
//! # use firstseen_kql::{Construct, ErrorKind, Program, Slot, parse};
//! let query = parse("source.port > 1024")?;
//! let error = Program::compile(&query, &mut |_| Slot(0)).unwrap_err();
//! assert_eq!(error.kind, ErrorKind::Unsupported(Construct::Range));
//! # Ok::<(), firstseen_kql::Error>(())
//! ```
//!
//! Text that would not read as it is evaluated is no query: control characters other than tabs
//! and line breaks, and characters that turn the direction of writing, must be written as escapes.

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
pub use value::{JsonStr, Scalar};

/// The longest query, in bytes.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;

/// How deep parentheses and braces may go.
pub const MAX_DEPTH: usize = 64;

/// The most conditions a query may have; each value of a group is one.
pub const MAX_LEAVES: usize = 16_384;
