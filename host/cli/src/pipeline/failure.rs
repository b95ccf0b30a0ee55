//! What can fail while the events flow on.

use std::{fmt, io};

use firstseen::Error;

/// Something beside the events failed. They all passed, but the run is no
/// success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Detection as a whole: from there on events only passed through.
    Detection(Error),
    /// Acknowledging alerts that were written; detection is off then too, lest
    /// they pile up.
    Acknowledgement(Error),
    /// Writing the state at the end.
    State(Error),
    /// Writing the alerts' own file. Later alerts are tried again.
    Alerts(io::Error),
}

impl Failure {
    /// What to say when it happens; the end says it again, see `Display`.
    pub(super) fn notice(&self) -> Option<String> {
        match self {
            Self::Detection(cause) => Some(format!("DETECTION IS OFF: {cause}; events only pass through")),
            Self::Acknowledgement(cause) => {
                let rest = "events only pass through, and alerts that were written may come again";
                Some(format!("DETECTION IS OFF: {cause}; {rest}"))
            }
            Self::State(_) => None,
            Self::Alerts(cause) => {
                Some(format!("ALERTS ARE NOT WRITTEN: {cause}; they stay in the outbox, events pass on"))
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Detection(cause) => write!(f, "detection was off for a part of the run: {cause}"),
            Self::Acknowledgement(cause) => {
                write!(f, "detection was off for a part of the run, and alerts may come again: {cause}")
            }
            Self::State(cause) => {
                write!(f, "the state was not written to the end, so alerts may come again: {cause}")
            }
            Self::Alerts(cause) => {
                write!(f, "not all alerts were written (with a state, they come in the next run): {cause}")
            }
        }
    }
}
