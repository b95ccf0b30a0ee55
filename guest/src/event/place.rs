//! Where in the projection a value of an event is.

/// Node of a projection's trie; 0 is the root.
pub(super) type NodeId = u32;

/// Stands for "no rule reads anything below here".
pub(super) const NOWHERE: NodeId = u32::MAX >> 1;

/// Number of a remembered key, an edge of the trie.
pub(super) type EdgeId = u32;

/// Stands for an edge that is not remembered.
pub(super) const NONE: EdgeId = u32::MAX;

/// A place in the projection. It is small, so that it is passed in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The node, with [`TEXTS`] on top where whole texts are kept.
    node: NodeId,
    /// The remembered key that led here, or [`NONE`].
    pub(super) edge: EdgeId,
}

/// Nodes have lower numbers.
const TEXTS: NodeId = 1 << 31;

impl Place {
    /// The place of what no rule reads.
    pub(super) const NOWHERE: Self = Self { node: NOWHERE, edge: NONE };

    pub(super) fn new(node: NodeId, edge: EdgeId) -> Self {
        Self { node, edge }
    }

    #[inline(always)]
    pub(super) fn node(self) -> NodeId {
        self.node & !TEXTS
    }

    /// The same place, where another key led to.
    pub(super) fn by(self, edge: EdgeId) -> Self {
        Self { edge, ..self }
    }

    /// The same place, where the whole text of what is there is kept.
    pub(super) fn with_texts(self) -> Self {
        Self { node: self.node | TEXTS, ..self }
    }

    /// The same place, but what is here is part of a text that is kept already.
    #[inline(always)]
    pub(super) fn without_texts(self) -> Self {
        Self { node: self.node(), ..self }
    }

    #[inline(always)]
    pub(super) fn is_nowhere(self) -> bool {
        self.node() == NOWHERE
    }

    /// Whether the whole text of what is here is kept.
    #[inline(always)]
    pub(super) fn has_texts(self) -> bool {
        self.node & TEXTS != 0
    }
}
