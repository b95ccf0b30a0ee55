//! What a regular expression says, whatever dialect it is written in.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::chars::Chars;

/// A set of texts. How deep it goes is bounded by whoever makes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    /// One character of these; no text if there are none.
    Chars(Chars),
    /// One behind the other; the empty text if there are none.
    Sequence(Vec<Tree>),
    /// One of them.
    Union(Vec<Tree>),
    /// All of them.
    Intersection(Vec<Tree>),
    /// Every other text.
    Complement(Box<Tree>),
    /// In a row.
    Repeat {
        /// What is repeated.
        of: Box<Tree>,
        /// How often at least.
        min: u32,
        /// How often at most.
        max: Option<u32>,
    },
}

impl Tree {
    /// The empty text.
    pub(super) const EMPTY: Self = Self::Sequence(Vec::new());

    /// Any text at all.
    pub(super) fn anything() -> Self {
        Self::Chars(Chars::all()).repeated(0, None)
    }

    pub(super) fn repeated(self, min: u32, max: Option<u32>) -> Self {
        Self::Repeat { of: Box::new(self), min, max }
    }

    /// Joins what stands between operators; a single one stands for itself.
    pub(super) fn joined(mut parts: Vec<Self>, join: fn(Vec<Self>) -> Self) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                join(parts)
            }
            None => join(parts),
        }
    }
}
