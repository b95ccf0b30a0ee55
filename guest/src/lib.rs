//! The detection component: Elastic Security rules as pure functions over
//! events.
//!
//! [`Engine`] is the whole of it: rules are loaded once, then batches of NDJSON
//! evaluated. It has no clock, no randomness and no IO; time comes as an
//! argument, and what it must know of the past it asks, so the same batch,
//! context and answers give the same bytes. Built for wasm this crate is the component of
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
mod matching;
mod prefilter;
pub mod rule;
pub mod state;
pub mod target;
pub mod terms;
pub mod time;
mod underway;
mod unjudged;

#[cfg(all(feature = "component", target_family = "wasm"))]
mod component;

pub use engine::Engine;
