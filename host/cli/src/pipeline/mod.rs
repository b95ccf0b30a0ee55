//! The pipeline around a pool of workers: bytes in, batches through, events and
//! alerts out.
//!
//! [`Intake`] cuts streams into batches, [`Filter`] submits them to a pool and passes
//! on what comes back, [`Output`] writes it. Alerts with a file of their own are handed
//! over by a [`Delivery`](firstseen_delivery::Delivery), on a thread of its own. [`Watch`] tells how it fares.

mod ending;
mod failure;
mod filter;
mod intake;
mod notices;
mod output;
mod queue;
mod status;
mod summary;
mod watch;

pub(crate) use ending::exit_code;
pub(crate) use filter::{Filter, FilterOptions};
pub(crate) use intake::{Chunk, Intake, Piece, Stopper};
pub(crate) use output::Output;
pub(crate) use status::Status;
pub(crate) use summary::Summary;
pub(crate) use watch::{Check, StatsPlace, Watch, WatchOptions};
