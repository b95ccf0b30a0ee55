//! The detection component: Elastic Security rules as pure functions over
//! events.
//!
//! [`Engine`] is the whole of it: rules are loaded once, then batches of NDJSON
//! evaluated. It has no clock, no randomness and no IO; time comes as an
//! argument, state through [`Sightings`], so the same batch, context and
//! verdicts give the same bytes. Built for wasm this crate is the component of
//! the world `detection-module` (see `wit/`); built natively it is the same
//! logic for tests, fuzzing and benches.

pub mod alert;
mod candidates;
pub mod document;
pub mod engine;
mod evaluation;
pub mod event;
pub mod exceptions;
mod lanes;
mod lines;
mod loading;
pub mod mapping;
mod prefilter;
pub mod rule;
pub mod sightings;
pub mod target;
pub mod terms;
pub mod time;

#[cfg(target_family = "wasm")]
mod component;

pub use engine::Engine;
pub use sightings::Sightings;
