//! EQL, the Event Query Language of Elasticsearch: text to tree, tree to clause, and back to text.
//!
//! [`parse`] reads a query as Elasticsearch does, and makes those of its checks that need no
//! mapping. `Display` writes a tree as text again. [`clause`] makes of what is asked of single
//! events what Elasticsearch would for a mapping, and makes the checks that need one; what a clause
//! means for fields of a type, and for an event, is the business of [`firstseen_query`]. Nothing
//! here panics, reads or writes anything, and what a query can cost is bounded.
//!
//! ```
//! use firstseen_eql::ast::{ExprKind, QueryKind};
//! use firstseen_eql::{CATEGORY, clause, parse};
//! use firstseen_query::{FieldType, Mapping, RegexBudget};
//!
//! let query = parse(
//!     r#"process where process.name : ("cmd.exe", "pwsh*")
//!          and not (user.id == "S-1-5-18") // the system"#,
//! )?;
//! assert_eq!(
//!     query.to_string(),
//!     r#"process where process.name : ("cmd.exe", "pwsh*") and not user.id == "S-1-5-18""#,
//! );
//! let QueryKind::Event(filter) = &query.kind else { panic!("it asks for single events") };
//! assert_eq!(filter.category.as_deref(), Some("process"));
//! assert!(matches!(&filter.condition.kind, ExprKind::And(both) if both.len() == 2));
//!
//! let mut mapping = Mapping::default();
//! mapping.insert("process.name", FieldType::KEYWORD);
//! let mut fields = Vec::new();
//! clause(filter, &mapping, CATEGORY, &RegexBudget::of_query())?.for_each_field(&mut |name| fields.push(format!("{name:?}")));
//! fields.dedup();
//! assert_eq!(fields, [r#"Exact("event.category")"#, r#"Exact("process.name")"#, r#"Exact("user.id")"#]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Queries
//!
//! | query | finds |
//! |---|---|
//! | `process where condition` | events of which a value of `event.category` is `process`, in this case, and that meet the condition |
//! | `"my category" where condition` | the same, for a category that is no plain name |
//! | `any where condition` | events of any category, or of none |
//! | `sequence [process where a] [file where b]` | events in order |
//! | `sample by host.id [process where a] [file where b]` | events in any order, with the same values of the keys |
//! | `query \| head 10`, `query \| tail 10` | the first, or last, of what the query finds |
//!
//! A rule may name another field than `event.category` ([`CATEGORY`]), in its
//! `event_category_override`. Keywords are written in lower case; `AND` and `Sequence` are names.
//!
//! # Conditions
//!
//! From what binds closest to what binds least:
//!
//! | condition | holds if |
//! |---|---|
//! | `f : "x*"`, `f : ("x", "y?")` | a value of `f` is one of the texts, letters of ASCII in any case; `*` stands for any run of characters, `?` for one |
//! | `f like "x*"`, `f like~ "x*"` | the same with case, and without |
//! | `f regex "[a-z]+"`, `f regex~ "…"` | all of a value matches one of Lucene's regular expressions, with case and without |
//! | `f in (a, b)`, `f in~ (a, b)` | a value is in the list; `in~` ignores the case of ASCII letters |
//! | `f not in (a, b)`, `f not in~ (a, b)` | none is |
//! | `-n`, `+n` | (a number) |
//! | `n * m`, `n / m`, `n % m` | (a number) |
//! | `n + m`, `n - m` | (a number) |
//! | `f == a`, `f < a`, `<=`, `>`, `>=` | a value is equal, or on that side |
//! | `f != a` | no value is equal |
//! | `not x` | `x` does not |
//! | `x and y` | both do |
//! | `x or y` | one does |
//!
//! `(…)` changes that. There is `not in`, but no `not like`: `not f like "x"`. A comparison is of
//! two: `a == b == c` is none. Right of `:`, `like` and `regex` only constants can stand, of which
//! a number has no sign. A boolean field can be a condition by itself.
//!
//! ```
//! # use firstseen_eql::parse;
//! assert_eq!(parse("any where not a == 1 and b or c")?, parse("any where ((not (a == 1)) and b) or c")?);
//! assert_eq!(parse("any where a not in (1)")?, parse("any where not (a in (1))")?);
//! assert_eq!(parse("any where -a in (1) == b")?, parse("any where (-(a in (1))) == b")?);
//! assert_eq!(parse("any where (a or b) or c")?, parse("any where a or b or c")?);
//! assert_ne!(parse("any where a or (b or c)")?, parse("any where a or b or c")?);
//! # Ok::<(), firstseen_eql::Error>(())
//! ```
//!
//! # What a condition means
//!
//! **A condition has two values.** Elasticsearch makes a filter of it, and `not` is "the filter
//! does not find the event". So where a field is absent every test of it fails, and every `not` of
//! one holds: `f != "x"`, `not f : "x"` and `f not in ("x")` find events without `f`. `f == null`
//! asks whether there is no value, `f != null` whether there is one; an empty string is one, an
//! empty array is none, and a text longer than the `ignore_above` of its field is none either.
//!
//! **A field with several values** meets a test if one of them does. So `f > 1 and f < 5` may be
//! met by two of them, and `!=` and `not` mean that none does.
//!
//! **Null constants** are `null` in the text and `?f` where no mapping has `f`. Beside what is
//! [computed](#functions) they are the only thing with a third value, and all of it is settled when
//! the query is compiled:
//!
//! | with `x` such a constant | is |
//! |---|---|
//! | `x == null`, `x != null` | true, false |
//! | `x == "a"`, `x != "a"` | false, true |
//! | `x == f`, `x != f` | `f == null`, `f != null` |
//! | `x like "a"` without wildcards, `x regex "a"` of a single word | false |
//! | `:`, `like` and `like~` with stars alone, `regex` and `regex~` that every text matches | false |
//! | other `:`, `like` and `regex`, `x in (…)`, `x < 1`, functions of `x` | null |
//! | `not null` | null |
//! | `null and c` | null, but false if `c` is `false` |
//! | `null or c` | `c` |
//!
//! Of a function it counts where it must be given: `substring(f, 1, x)` is `substring(f, 1)`. A
//! `null` in a list is left out, and with nothing but that the list is null. A query whose whole
//! condition is null finds nothing. So for an unmapped `?f`, `not ?f == "a"` always holds and
//! `not ?f : "a"` never does, while both hold where `f` is mapped and absent.
//!
//! **Equality** is that of the field's type, see [`firstseen_query`]. A keyword is compared as
//! text, with case, and with numbers by their text: `k == 5` is `k == "5"`. In `==` and `in` a `*`
//! is a star. An address can be compared with a block: `source.ip == "10.0.0.0/8"`. One side of a
//! comparison is a constant.
//!
//! **Patterns.** In those of `:` and `like` a backslash is a backslash, and a star or question mark
//! cannot be written as itself. A pattern of stars alone asks whether there is a value. Case is
//! ignored for ASCII letters: `É` is not `é`. `:`, `like` and `regex` are for texts; an address or a
//! number takes [`string`](#functions).
//!
//! **Regular expressions** are Lucene's: `. ? + * | { } [ ] ( )` and `"…"` for plain text, `@` for
//! any text, `#` for none, `~` for the opposite, `&` for both, `<1-9>` for a number. `^` and `$` are
//! ordinary. `\d`, `\s`, `\w` and their opposites are of ASCII; another letter behind a backslash
//! is an error. There are no groups like `(?i)` or `(?:`, and none is lazy. In `regex~` a character
//! stands for all its cases, of Unicode too, but a range for those in it: `[a-z]` has no `M`. One
//! that a single word matches is an equality, and `regex~` ignores the case of ASCII there. See
//! [`Regex::lucene`](firstseen_query::Regex::lucene).
//!
//! # Functions
//!
//! Their names are read in any case. With a `~` behind the name, those that can ignore case.
//!
//! | function | `~` | gives |
//! |---|---|---|
//! | `startsWith(s, text)` | yes | whether `s` starts with the text |
//! | `endsWith(s, text)` | yes | whether it ends with it |
//! | `stringContains(s, text)` | yes | whether the text is in it |
//! | `cidrMatch(ip, block, …)` | | whether the address is in one of the blocks |
//! | `length(s)` | | its length, in UTF-16 units |
//! | `indexOf(s, text)`, `indexOf(s, text, from)` | yes | where the text starts first, from 0; null if nowhere |
//! | `substring(s, from)`, `substring(s, from, to)` | | the part between two places; negative ones count from the end |
//! | `between(s, left, right)`, `between(s, left, right, greedy)` | yes | what is behind the first `left`, up to the next `right` (greedy: the last); empty if there is none |
//! | `concat(a, …)` | | the texts of all, in a row |
//! | `string(a)` | | its text |
//! | `number(s)`, `number(s, base)` | | the number that a text is, in hexadecimal after `0x` |
//! | `add(n, m)`, `subtract`, `multiply`, `divide`, `modulo` | | what the operators do |
//!
//! The first four, of a field and constants, are filters. The text of `endsWith` and
//! `stringContains` goes into a wildcard as it is, so `*` and `?` stand for others in it and a
//! backslash escapes; that of `startsWith` is plain. An empty text asks whether there is a value.
//!
//! **All else is computed**, as Elasticsearch's scripts do: for each combination of the values of
//! its fields, with one null for a field that has none, and it holds if it does for one of them.
//! Each side of an `and`, `or` or `not` is computed for itself, so two combinations may meet
//! `length(f) > 3 and length(f) < 5`. Null arguments make null, and null is false; a `not` stands
//! outside of that. `== null` asks for it. Whole numbers are divided toward zero. An address is its
//! text, a date its text in ISO 8601.
//!
//! On what is computed all is Java's: `*` and `?` mean nothing to functions, and in `:` and `like`
//! they stand for no line break; `:`, `in~` and functions with `~` ignore the case of all letters,
//! but wildcards and `regex~` that of ASCII alone. A regular expression is
//! [one of Java's](firstseen_query::Regex::java): `(?i)` and `(?:…)` are groups, and what is not
//! regular is an error, such as `(?=…)`, `\b` or `\1`.
//!
//! ```
//! # use firstseen_eql::{CATEGORY, ast::QueryKind, clause, parse};
//! # use firstseen_query::{Event, FieldType, JsonStr, Layout, Mapping, Program, RegexBudget, Scalar, Slot};
//! # struct OneSlot;
//! # impl Layout for OneSlot {
//! #     fn values(&mut self, _: &str) -> Slot { Slot(0) }
//! #     fn leaves(&mut self, _: &str) -> Slot { Slot(0) }
//! #     fn objects(&mut self, _: &str) -> (Slot, &mut dyn Layout) { (Slot(0), self) }
//! # }
//! # struct Values<'a>(&'a [&'a str]);
//! # impl Event for Values<'_> {
//! #     fn now_ms(&self) -> i64 { 0 }
//! #     fn any(&self, _: Slot, mut test: impl FnMut(Scalar<'_>) -> bool) -> bool {
//! #         self.0.iter().any(|text| test(Scalar::String(JsonStr::new(text, false))))
//! #     }
//! #     fn bytes_below(&self, _: Slot) -> usize { 0 }
//! #     fn any_leaf(&self, _: Slot, _: impl FnMut(&str, Scalar<'_>) -> bool) -> bool { false }
//! #     fn any_object(&self, _: Slot, _: impl FnMut(&Self) -> bool) -> bool { false }
//! # }
//! /// Does a condition hold where the keyword `f` has these values, and no mapping has `gone`?
//! fn holds(condition: &str, values: &[&str]) -> bool {
//!     let mut mapping = Mapping::default();
//!     mapping.insert("f", FieldType::KEYWORD);
//!     mapping.set_dynamic("", false);
//!     let query = parse(&format!("any where {condition}")).unwrap();
//!     let QueryKind::Event(filter) = &query.kind else { panic!("it asks for single events") };
//!     let clause = clause(filter, &mapping, CATEGORY, &RegexBudget::of_query()).unwrap();
//!     Program::compile(&clause, &mapping, &mut OneSlot).unwrap().matches(&Values(values))
//! }
//!
//! // Two values.
//! assert!(holds(r#"f : "A*""#, &["x", "ab"]) && !holds(r#"f : "A*""#, &[]));
//! assert!(holds(r#"not f : "A*""#, &[]) && !holds(r#"f != "x""#, &["x", "ab"]));
//! // Null constants.
//! assert!(holds(r#"not ?f : "a""#, &[]) && !holds(r#"not ?gone : "a""#, &[]));
//! assert!(holds(r#"not ?f == "a""#, &[]) && holds(r#"not ?gone == "a""#, &[]));
//! assert!(holds("?gone == ?f", &[]) && !holds("?gone == ?f", &["a"]));
//! // Functions as patterns, and as computed.
//! assert!(holds(r#"stringContains(f, "a*d")"#, &["xabcdx"]));
//! assert!(!holds(r#"stringContains(concat(f), "a*d")"#, &["xabcdx"]));
//! assert!(holds("length(f) > 3 and length(f) < 2", &["abcd", "a"]));
//! assert!(!holds("1 / (length(f) - 1) == 1", &["a"]) && holds("not 1 / (length(f) - 1) == 1", &["a"]));
//! assert!(holds(r#"substring(f, 0, 2) regex "(?i)É?b+|\\d.""#, &["7xyz"]));
//! ```
//!
//! # Fields, texts, numbers, comments
//!
//! **Fields** are names joined by dots: letters, digits and `_`, no digit first, `@` at the start. A
//! part with anything else, and one that is a keyword, stands in backticks, a backtick in it twice.
//! It may have dots. `?f` is a field that no mapping need have; any other is an error where none has
//! it. A mapping that is open to more fields counts as having each, see [`clause`]. Keywords,
//! numbers, booleans, dates, addresses and versions can be asked. A text is asked by the only keyword
//! among its multi-fields; without one it has null checks and ranges. Objects, what lies in nested
//! ones, and other types are an error. No mapping has the leaves of a `flattened` field.
//!
//! **Strings** stand in `"…"` on one line, with the escapes `\b`, `\t`, `\n`, `\f`, `\r`, `\"`, `\'`,
//! `\\` and `\u{…}`, of 2 to 8 hexadecimal digits. Any other backslash is an error, so a path is
//! written `"C:\\Windows"`. Or in `"""…"""` on one line, without any escapes; of up to five quotation
//! marks at its end the last three close it.
//!
//! **Numbers** are `12`, `1.5`, `5.`, `.5`, `1e3`; a sign is an operator. A whole one is an integer of
//! 31 bits, else of 63, else of 64 without sign, else a double.
//!
//! **Comments** go from `//` to the end of the line, or from `/*` to `*/`. The latter nest, and a
//! `/*` in one that is not closed for itself, as in `/* all of /tmp/* */`, is text only if no
//! further comment follows: else everything up to the end of that one is comment, in Elasticsearch
//! too.
//!
//! ```
//! # use firstseen_eql::{ErrorKind, parse};
//! assert_eq!(parse(r#"any where a.`b.c` == """C:\x""""#)?, parse(r#"any where a.b.c == "C:\\x""#)?);
//! assert_eq!(parse("any where a /* x /* y */ */ == 1")?, parse("any where a == 1 // x")?);
//! assert_eq!(parse(r#"any where a == "\u{7}\u{1f600}""#).unwrap_err().kind, ErrorKind::UnicodeDigits);
//!
//! let query = "process where user.name == root\n  and process.args like \"C:\\Temp\\*\"";
//! let error = parse(query).unwrap_err();
//! assert_eq!(error.kind, ErrorKind::BadEscape('T'));
//! assert!(error.render(query).ends_with(r#"
//! 2 |   and process.args like "C:\Temp\*"
//!   |                         ^"#));
//! # Ok::<(), firstseen_eql::Error>(())
//! ```
//!
//! What a mapping speaks against is told in the same way:
//!
//! ```
//! # use firstseen_eql::{CATEGORY, Kind, VerificationErrorKind, ast::QueryKind, clause, parse};
//! # use firstseen_query::{FieldType, Mapping, NumberType, RegexBudget};
//! let mut mapping = Mapping::default();
//! mapping.insert("process.pid", FieldType::Number(NumberType::Long));
//! let query = r#"process where process.pid : "4*""#;
//! let parsed = parse(query)?;
//! let QueryKind::Event(filter) = &parsed.kind else { panic!("it asks for single events") };
//! let error = clause(filter, &mapping, CATEGORY, &RegexBudget::of_query()).unwrap_err();
//! assert_eq!(error.kind, VerificationErrorKind::Needs { needed: Kind::Text, found: Kind::Number });
//! assert_eq!(
//!     error.render(query),
//!     r#"a text is needed here, this is a number; `string(…)` makes a text of it
//! 1 | process where process.pid : "4*"
//!   |               ^"#,
//! );
//! # Ok::<(), firstseen_eql::Error>(())
//! ```
//!
//! # Sequences and samples
//!
//! | part | says |
//! |---|---|
//! | `sequence by host.id, ?user.id` | events have these keys in common; `?` lets an event without the field count, with others that lack it |
//! | `with maxspan=5m` | the last event is no more than that after the first; units are `ms`, `s`, `m`, `h` and `d` |
//! | `[process where x]` | an event of these |
//! | `[…] by a, b` | keys of this item, behind those of all; all items have as many |
//! | `[…] with runs=3` | so many of them in a row, up to 100 |
//! | `![…]` | no such event at this place; needs a `maxspan` |
//! | `until […]` | an event that ends what is incomplete |
//! | `sample by a […] […]` | as many events, with the same keys, in any order |
//!
//! A sequence or sample has two events at least, a sequence one that is not missing, a sample a
//! key, and it has neither missing events nor `runs`.
//!
//! ```
//! # use firstseen_eql::parse;
//! # use firstseen_eql::ast::QueryKind;
//! let query = parse(
//!     r#"sequence by host.id with maxspan=90s
//!        [process where process.name == "sshd"] by process.entity_id with runs=5
//!        [process where process.name : "*sh"] by process.parent.entity_id"#,
//! )?;
//! let QueryKind::Sequence(sequence) = query.kind else { panic!("it asks for events in order") };
//! assert_eq!(sequence.maxspan_ms, Some(90_000));
//! assert_eq!(sequence.items.iter().map(|item| item.runs).collect::<Vec<_>>(), [5, 1]);
//! # Ok::<(), firstseen_eql::Error>(())
//! ```
//!
//! [`clause`] takes the filter of each item for itself; what they come to together is not asked here.
//!
//! # What differs from Elasticsearch
//!
//! - Where a field is neither mapped nor excluded by its mapping, it is taken for mapped. There is no
//!   index whose mapping could tell.
//! - What would fail a search because of an event is null: division of a whole number by zero, whole
//!   numbers beyond 63 bits, `number` of what is none. Whoever writes events could switch a rule off.
//! - Java's regular expressions are run as far as they are regular, and bounded as Lucene's are. The
//!   setting `max_regex_length` of an index is not looked at.
//! - Text that would not read as it is evaluated is no query: control characters other than tabs
//!   and line breaks, and characters that turn the direction of writing, must be written as escapes
//!   (`\u{202e}`). So they can stand neither in `"""…"""` nor in names.
//! - The argument of a pipe is a constant; Elasticsearch computes `head 2 + 3`.
//! - `until` takes no `runs`.
//! - Of two errors the first is told; Elasticsearch looks one token ahead, and tells of one that is
//!   no token sooner.
//!
//! # Limits
//!
//! [`MAX_QUERY_BYTES`] and [`MAX_LEAVES`] (fields and constants, each of a list) bound a query.
//! [`MAX_DEPTH`] bounds how many levels of a tree are below its top, whatever makes them
//! (parentheses, `not`, signs, calls, operators in a row as in `1 + 1 + 1`; `and` and `or` in a row
//! are one), how many parentheses are open at a time, and how deep comments nest. Regular
//! expressions have limits of their own, see [`Regex`](firstseen_query::Regex::lucene).
//!
//! [`MAX_QUERY_BYTES`]: firstseen_query::MAX_QUERY_BYTES
//! [`MAX_DEPTH`]: firstseen_query::MAX_DEPTH
//! [`MAX_LEAVES`]: firstseen_query::MAX_LEAVES

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod ast;
mod check;
mod comment;
mod compile;
mod error;
mod expected;
mod lex;
mod parse;
mod print;
mod text;
mod token;

pub use compile::{CATEGORY, Key, Kind, VerificationError, VerificationErrorKind, clause, keys};
pub use error::{Error, ErrorKind, Expected, Found};
pub use parse::parse;
