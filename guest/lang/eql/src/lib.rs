//! EQL, the Event Query Language of Elasticsearch.

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

pub use compile::{CATEGORY, Kind, VerificationError, VerificationErrorKind, clause};
pub use error::{Error, ErrorKind, Expected, Found};
pub use parse::parse;
