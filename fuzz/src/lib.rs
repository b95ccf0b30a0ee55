//! What the fuzz targets check; the targets themselves are one line each.

pub mod bulk;
pub mod eql;
pub mod guest;
pub mod kql;
pub mod plain;
