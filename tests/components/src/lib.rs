//! WebAssembly for tests: components from text, and what one asks of its host.
//!
//! These are no dev-dependencies of the tests because they are made of crates
//! that wasmtime is made of, too. Plain dependencies of a member of the workspace
//! have their features in every build of the whole workspace, with tests and
//! without, so that wasmtime is built once.

use std::path::Path;

use anyhow::{Result, bail};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;
use wit_parser::decoding::{DecodedWasm, decode};

/// What a component and its host are to each other.
#[derive(Debug)]
pub struct Interfaces {
    /// What it asks of the host, ordered by name.
    pub imports: Vec<String>,
    /// What it offers.
    pub exports: Vec<String>,
    /// The packages that all of it comes from.
    pub packages: Vec<String>,
}

/// Assembles a module or component from its text.
///
/// # Errors
///
/// When the text is wrong.
pub fn assemble(text: &str) -> Result<Vec<u8>> {
    Ok(wat::parse_str(text)?)
}

/// Makes a core module a component of a world of a folder of WIT files.
///
/// # Errors
///
/// When there is no such world, or the module does not fit it.
pub fn component(mut core: Vec<u8>, wit: &Path, world: &str) -> Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit)?;
    let world = resolve.select_world(&[package], Some(world))?;
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default().validate(true).module(&core)?.encode()
}

impl Interfaces {
    /// Those of a component.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn of(component: &[u8]) -> Result<Self> {
        let DecodedWasm::Component(resolve, world) = decode(component)? else { bail!("not a component") };
        let Some(world) = resolve.worlds.get(world) else { bail!("no world") };
        let mut imports: Vec<String> = world.imports.keys().map(|key| resolve.name_world_key(key)).collect();
        imports.sort();
        Ok(Self {
            imports,
            exports: world.exports.keys().map(|key| resolve.name_world_key(key)).collect(),
            packages: resolve.packages.iter().map(|(_, package)| package.name.to_string()).collect(),
        })
    }
}
