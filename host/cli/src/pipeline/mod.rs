//! The pipeline around a pool of workers: bytes in, batches through, events and
//! alerts out.
//!
//! [`Intake`] cuts streams into batches, [`Filter`] submits them to a pool and passes
//! on what comes back, [`Output`] writes events and alerts.

mod alert_file;
mod failure;
mod filter;
mod intake;
mod notices;
mod output;
mod queue;
mod summary;

pub(crate) use alert_file::AlertFile;
pub(crate) use filter::{Filter, FilterOptions, StopReason};
pub(crate) use intake::{Chunk, Intake, Piece, Stopper};
pub(crate) use output::Output;
pub(crate) use summary::Summary;
