//! Values: as they stand in an event, and what they are to a type.

pub(crate) mod date;
pub(crate) mod ip;
pub(crate) mod java;
pub(crate) mod keyword;
pub(crate) mod number;
pub(crate) mod ordinal;
pub(crate) mod scalar;
pub(crate) mod version;
