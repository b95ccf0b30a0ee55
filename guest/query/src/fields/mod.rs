//! The fields of an index: their names, their types, and what they keep of a value.

pub(crate) mod doc_value;
pub(crate) mod field_type;
pub(crate) mod mapping;
