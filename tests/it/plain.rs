//! The plain modules that `firstseen module --plain` writes, in a host of their own.

mod alerts;
mod conformance;
mod documented;
mod random;
mod shape;

use anyhow::Result;
use firstseen_tests::firstseen::Firstseen;

/// The two that there are, by the options that ask for them.
const SHAPES: [&[&str]; 2] = [&["--plain"], &["--plain", "--scalar"]];

/// The module of a shape.
fn module(shape: &[&str]) -> Result<Vec<u8>> {
    Ok(Firstseen::new("module")?.args(shape).args(["--output", "-"]).run(b"")?.expect_code(0)?.stdout)
}
