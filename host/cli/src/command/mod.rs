//! The subcommands: a file or folder each, with its arguments and a `run`.

pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod filter;
pub(crate) mod generate;
pub(crate) mod matching;
pub(crate) mod module;
pub(crate) mod rules;
pub(crate) mod serve;
pub(crate) mod state;
pub(crate) mod test;
