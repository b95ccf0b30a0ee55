//! What keeps alerts.

/// Whoever keeps alerts: a file, an index.
pub trait Sink: Send {
    /// What it is, for messages: a path, an address.
    fn name(&self) -> String;

    /// Takes alerts, in their order, and answers with the numbers of those that it has.
    ///
    /// `go_on` is asked from time to time while nobody takes what is written, with how
    /// much is left of it; where it says no, the sink gives up for now.
    fn take(&mut self, alerts: &[Outgoing], go_on: &mut dyn FnMut(usize) -> bool) -> Handed;

    /// Before the first alert; `has_earlier` if an earlier process has left some.
    fn begin(&mut self, has_earlier: bool) {
        let _ = has_earlier;
    }

    /// Opens anew what has its name now.
    fn reopen(&mut self) {}

    /// Whether somebody may start to read it at any moment.
    fn is_pipe(&self) -> bool {
        false
    }
}

/// An alert on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number in the outbox.
    pub number: u64,
    /// `kibana.alert.uuid`: its deterministic id.
    pub id: String,
    /// The document: one JSON object on one line, without newline.
    pub document: String,
    /// An earlier try may have handed it over already: one whose answer was lost, or
    /// that of a process which is gone.
    pub may_be_there: bool,
}

/// What a sink took.
#[derive(Debug, Default)]
pub struct Handed {
    /// The numbers of the alerts that it has now.
    pub taken: Vec<u64>,
    /// Why it did not take the others; they are given to it again.
    pub trouble: Option<SinkTrouble>,
}

/// Why alerts were not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkTrouble {
    /// In words, fit to be shown.
    pub cause: String,
    /// Whether alerts may have been taken all the same, though nobody said so.
    pub is_unclear: bool,
}

impl Handed {
    /// All of them were taken.
    #[must_use]
    pub fn all(alerts: &[Outgoing]) -> Self {
        Self { taken: alerts.iter().map(|alert| alert.number).collect(), trouble: None }
    }

    /// None of them was taken, and it is clear that none was.
    #[must_use]
    pub fn none(cause: impl Into<String>) -> Self {
        Self { taken: Vec::new(), trouble: Some(SinkTrouble { cause: cause.into(), is_unclear: false }) }
    }
}
