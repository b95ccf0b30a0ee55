//! Where in the projection a value of an event is.

use firstseen_kql::Slot;

use super::projection::{NOWHERE, NodeId};
use super::shapes::{EdgeId, NONE};

/// A place in the projection, with what has to be known of it for each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) node: NodeId,
    /// The slot of values here, or [`NO_SLOT`]; with [`TEXTS`] on top where whole
    /// texts are kept.
    kept: u32,
    /// The remembered key that led here, or [`NONE`].
    pub(super) edge: EdgeId,
}

const TEXTS: u32 = 1 << 31;

const NO_SLOT: u32 = TEXTS - 1;

impl Place {
    /// The place of what no rule reads.
    pub(super) const NOWHERE: Self = Self { node: NOWHERE, kept: NO_SLOT, edge: NONE };

    pub(super) fn new(node: NodeId, slot: Option<Slot>, edge: EdgeId, has_texts: bool) -> Self {
        let slot = slot.map_or(NO_SLOT, |slot| slot.0);
        Self { node, kept: if has_texts { slot | TEXTS } else { slot }, edge }
    }

    /// The same place, where another key led to.
    pub(super) fn by(self, edge: EdgeId) -> Self {
        Self { edge, ..self }
    }

    /// The same place, but what is here is part of a text that is kept already.
    #[inline(always)]
    pub(super) fn without_texts(self) -> Self {
        Self { kept: self.kept & !TEXTS, ..self }
    }

    /// The same place, where there is more to keep the text for.
    pub(super) fn with_texts(self) -> Self {
        Self { kept: self.kept | TEXTS, ..self }
    }

    #[inline(always)]
    pub(super) fn is_nowhere(self) -> bool {
        self.node == NOWHERE
    }

    #[inline(always)]
    pub(super) fn slot(self) -> Option<Slot> {
        let slot = self.kept & !TEXTS;
        (slot != NO_SLOT).then_some(Slot(slot))
    }

    /// Whether the whole text of what is here is kept.
    #[inline(always)]
    pub(super) fn has_texts(self) -> bool {
        self.kept & TEXTS != 0
    }
}
