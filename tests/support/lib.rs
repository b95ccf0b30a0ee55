//! What the tests from outside share: a generator of endpoint events, the
//! built `firstseen`, its output taken apart, golden files, and what to do
//! without what they need.

pub mod cluster;
pub mod elasticsearch;
pub mod endpoint_events;
pub mod events;
pub mod firstseen;
pub mod golden;
pub mod needs;
pub mod output;
pub mod plain_host;
pub mod proxy;
pub mod python;
pub mod rng;
pub mod running;
pub mod stored;

use std::path::{Path, PathBuf};

/// A file or folder below `tests/data`.
#[must_use]
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// A file or folder of the repository.
#[must_use]
pub fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}
