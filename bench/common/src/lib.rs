//! What the benches share.

pub mod cores;
pub mod lock;
pub mod machine;
pub mod numbers;
pub mod process;
pub mod results;
pub mod rules;
