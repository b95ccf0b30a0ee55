//! Where in the projection a value of an event is.

use firstseen_kql::Slot;

use super::projection::{NOWHERE, NodeId};
use super::shapes::{EdgeId, NONE};

/// A place in the projection, with what has to be known of it for each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) node: NodeId,
    /// The slot of values here, or [`NO_SLOT`].
    slot: u32,
    /// The remembered key that led here, or [`NONE`].
    pub(super) edge: EdgeId,
    has_texts: bool,
}

const NO_SLOT: u32 = u32::MAX;

impl Place {
    /// The place of what no rule reads.
    pub(super) const NOWHERE: Self = Self { node: NOWHERE, slot: NO_SLOT, edge: NONE, has_texts: false };

    pub(super) fn new(node: NodeId, slot: Option<Slot>, edge: EdgeId, has_texts: bool) -> Self {
        Self { node, slot: slot.map_or(NO_SLOT, |slot| slot.0), edge, has_texts }
    }

    /// The same place, where another key led to.
    pub(super) fn by(self, edge: EdgeId) -> Self {
        Self { edge, ..self }
    }

    /// Where the elements of an array here are. The array is one text with all
    /// that is in it.
    #[inline(always)]
    pub(super) fn of_elements(self) -> Self {
        Self { has_texts: false, ..self }
    }

    /// The same place, where there is more to keep the text for.
    pub(super) fn with_texts(self) -> Self {
        Self { has_texts: true, ..self }
    }

    #[inline(always)]
    pub(super) fn is_nowhere(self) -> bool {
        self.node == NOWHERE
    }

    #[inline(always)]
    pub(super) fn slot(self) -> Option<Slot> {
        (self.slot != NO_SLOT).then_some(Slot(self.slot))
    }

    /// Whether the whole text of what is here is kept.
    #[inline(always)]
    pub(super) fn has_texts(self) -> bool {
        self.has_texts
    }
}
