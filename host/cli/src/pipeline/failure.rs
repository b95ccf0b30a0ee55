//! What can fail while the events flow on.

use std::fmt;

use firstseen::Error;
use firstseen_delivery::DeliveryError;

/// How many rules are named that alerts were lost of.
const RULES_NAMED: usize = 10;

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
    /// The alerts' own file did not take all alerts.
    AlertsLeft {
        /// How many, if the state can say.
        alerts: Option<u64>,
        cause: String,
        /// They are in a state, for the next run.
        are_kept: bool,
    },
    /// The outbox had no room for alerts: how many, by the rules' ids.
    AlertsLost(Vec<(String, u64)>),
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
            Self::State(_) | Self::AlertsLeft { .. } | Self::AlertsLost(_) => None,
        }
    }
}

impl From<DeliveryError> for Failure {
    fn from(error: DeliveryError) -> Self {
        match error {
            DeliveryError::Outbox(cause) => Self::Detection(cause),
            DeliveryError::Acknowledgement(cause) => Self::Acknowledgement(cause),
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
            Self::AlertsLeft { alerts, cause, are_kept: true } => {
                let number = number(*alerts);
                write!(f, "{number}alerts were not written, they wait in the state for the next run: {cause}")
            }
            Self::AlertsLeft { alerts, cause, are_kept: false } => {
                let number = number(*alerts);
                write!(f, "{number}alerts were not written and are LOST, for there is no --state: {cause}")
            }
            Self::AlertsLost(rules) => {
                let all: u64 = rules.iter().map(|(_, alerts)| alerts).sum();
                let named = rules.iter().take(RULES_NAMED).map(|(rule, alerts)| format!("{alerts} of {rule}"));
                let named = named.collect::<Vec<_>>().join(", ");
                let more = if rules.len() > RULES_NAMED { ", and of others" } else { "" };
                write!(f, "{all} ALERTS ARE LOST, the outbox was full (--outbox-max): {named}{more}")
            }
        }
    }
}

/// A number before a word, if there is one.
fn number(number: Option<u64>) -> String {
    number.map_or_else(String::new, |number| format!("{number} "))
}
