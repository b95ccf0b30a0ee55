//! The shared corpus: real rules, real events, and what real engines say of
//! them.

mod answers;
mod cases;
mod eql_vectors;
mod eql_verdicts;
mod pairs;
mod shortcuts;
mod vectors;
mod verdicts;

use firstseen_tests::say;
