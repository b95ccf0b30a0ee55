//! Components made of `tests/data/hostile`.

use std::fs;

use anyhow::{Context, Result, ensure};
use firstseen_tests::{data, repository};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

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
    let mut core = wat::parse_str([before, &behaviour, resume, after].concat()).with_context(|| name.to_owned())?;

    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(repository("wit"))?;
    let world = resolve.select_world(&[package], Some("detection-module"))?;
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default().validate(true).module(&core)?.encode()
}

/// A file of `tests/data/hostile` as it is.
pub(super) fn assembled(name: &str) -> Result<Vec<u8>> {
    let path = data("hostile").join(name).with_extension("wat");
    ensure!(path.is_file(), "{} is not there", path.display());
    wat::parse_file(&path).with_context(|| path.display().to_string())
}
