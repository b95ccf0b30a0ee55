//! What is measured.

pub(crate) mod command;
pub(crate) mod component;
pub(crate) mod floor;
pub(crate) mod jq;
pub(crate) mod loaded;
pub(crate) mod native;
pub(crate) mod rsigma;
pub(crate) mod sigma_rust;
pub(crate) mod vrl;

use anyhow::Result;

use crate::events::Portion;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    /// Pairs of event and rule that matched.
    pub(crate) matches: u64,
}

/// Something that judges events.
pub(crate) trait Contender {
    /// Makes ready for a run; not timed.
    fn prepare(&mut self, _events: Portion<'_>) -> Result<()> {
        Ok(())
    }

    /// Judges the events; timed.
    fn run(&mut self, events: Portion<'_>) -> Result<Ran>;
}

impl Ran {
    /// A run over all of the events.
    pub(crate) fn over(events: Portion<'_>, matches: u64) -> Self {
        Self { events: events.len() as u64, bytes: events.bytes().len() as u64, matches }
    }
}
