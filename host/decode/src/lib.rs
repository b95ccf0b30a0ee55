//! JSON as Elasticsearch and OpenSearch read it, which is more than JSON.
//!
//! Both read with Jackson: it tells UTF-16 and UTF-32 by the first bytes, takes UTF-8 that
//! is longer than need be, and steps over comments. What they read is to be judged, so
//! it is made what everybody reads: [`decode_line`] makes text of it, [`strict`] JSON.

mod encoding;
mod strict;

pub use encoding::{decode_beginning, decode_line};
pub use strict::strict;
