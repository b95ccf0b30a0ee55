//! Times: the timestamps of events, and the date math of rules.

mod datemath;
mod timestamp;

pub use datemath::{DateMath, DateMathError};
pub use timestamp::{format_iso, parse_timestamp};
