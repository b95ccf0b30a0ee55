//! Texts: how they are compared, taken apart into words, and held against patterns.

pub(crate) mod analysis;
pub(crate) mod compare;
pub(crate) mod fold;
pub(crate) mod glob;
pub(crate) mod map;
pub(crate) mod regex;
pub(crate) mod signature;
pub(crate) mod wildcard;
