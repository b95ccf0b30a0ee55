//! A case as a stream.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use firstseen::schedule::Occurrence;
use firstseen::store::{MemoryStore, Store};
use firstseen::{Batch, Clock, Detector, Document, Module, Worker};

use super::case::{Case, Event};
use super::compare::Found;
use super::inputs::{detector, stored, time_ms};
use super::replay::Replayed;

/// What a stream of the events gave.
#[derive(Default)]
pub(super) struct Streamed {
    /// Place of the event and document, in order.
    pub(super) alerts: Vec<(usize, String)>,
    /// Sightings that a quota put off.
    pub(super) deferred: u64,
}
