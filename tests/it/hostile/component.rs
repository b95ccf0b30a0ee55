//! Components made of `tests/data/hostile`.

use std::fs;

use anyhow::{Context, Result};
use firstseen_test_components::{assemble, component};
use firstseen_tests::{data, repository};

/// A `resume` as it should be.
const DOES_ITS_WORK: &str = "(func $resume (param $answers i32) (param $length i32) (result i32)
  (call $raise (local.get $answers) (local.get $length)))
";

/// `module.wat` with a file of `behaviours/` in its place, as a component of
/// the world in `wit/`.
pub(super) fn with_behaviour(name: &str) -> Result<Vec<u8>> {
    let folder = data("hostile");
    let behaviour = folder.join("behaviours").join(name).with_extension("wat");
    let behaviour = fs::read_to_string(&behaviour).with_context(|| behaviour.display().to_string())?;
    let resume = match behaviour.contains("(func $resume") {
        true => "",
        false => DOES_ITS_WORK,
    };
    let module = fs::read_to_string(folder.join("module.wat"))?;
    let (before, after) = module.split_once("  ;; BEHAVIOUR\n").context("module.wat has no place for it")?;
    let core = assemble(&[before, &behaviour, resume, after].concat()).with_context(|| name.to_owned())?;
    component(core, &repository("wit"), "detection-module")
}

/// A file of `tests/data/hostile` as it is.
pub(super) fn assembled(name: &str) -> Result<Vec<u8>> {
    let path = data("hostile").join(name).with_extension("wat");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    assemble(&text).with_context(|| path.display().to_string())
}
