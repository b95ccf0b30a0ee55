//! The pipeline around a worker: bytes in, batches through, events and alerts
//! out.
//!
//! [`Intake`] cuts streams into batches, the workers take and evaluate them
//! side by side, [`Filter`] puts them in order, [`Output`] writes events and
//! alerts.

mod alert_file;
mod failure;
mod filter;
mod intake;
mod notices;
mod output;
mod summary;
mod workers;

pub(crate) use alert_file::AlertFile;
pub(crate) use filter::{Filter, FilterOptions, StopReason};
pub(crate) use intake::{Chunk, Intake, Piece, ReadError, Stopper};
pub(crate) use output::Output;
pub(crate) use summary::Summary;
