//! What `firstseen serve` is told in a file and in the environment.
//!
//! Both have the flags of the command, by the same names, values and defaults: what they
//! say is put before the arguments, and read as if it had been given there. A flag wins
//! over the environment, that over the file, and the file over what is there by default.

mod example;
mod file;
mod layers;
mod option;

pub(crate) use example::{example, toml_text};
pub(crate) use file::Problem;
pub(crate) use layers::{Effective, Layers};
