//! EQL queries. The properties themselves are those of the tests of the crate.

#[path = "../../guest/lang/eql/tests/support/mod.rs"]
mod support;

pub use support::{check_parse as parse, check_roundtrip as roundtrip};
