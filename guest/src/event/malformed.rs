//! What can be wrong with a line.

/// How deep objects and arrays may nest, the outermost included.
pub const MAX_DEPTH: usize = 100;

/// Why a line is no event, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Byte of the line at which it stops making sense, from 0.
    pub offset: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The line is JSON, but not an object.
    NotAnObject,
    /// It is not JSON.
    Syntax,
    /// It ends before the object does.
    Incomplete,
    /// It nests deeper than [`MAX_DEPTH`].
    TooDeep,
}
