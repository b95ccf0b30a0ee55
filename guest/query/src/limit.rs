//! What bounds a query, in any language.

use core::fmt;

/// The longest query, in bytes.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;

/// How deep the groups of a query may go.
pub const MAX_DEPTH: usize = 64;

/// The most conditions a query may have; each value of a group is one.
pub const MAX_LEAVES: usize = 16_384;

/// A limit that a query is beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// [`MAX_QUERY_BYTES`].
    Length,
    /// [`MAX_DEPTH`].
    Depth,
    /// [`MAX_LEAVES`].
    Leaves,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => write!(f, "the query is longer than {MAX_QUERY_BYTES} bytes"),
            Self::Depth => write!(f, "more than {MAX_DEPTH} levels of nesting"),
            Self::Leaves => write!(f, "more than {MAX_LEAVES} conditions"),
        }
    }
}
