//! Files that are not even run.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Result;
use firstseen_test_components::assemble;
use firstseen_tests::firstseen::Firstseen;

use super::{component, some_lines};

/// Every subcommand that takes a module refuses this one, naming the file.
fn assert_refused(module: &Path, because: &str) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    fs::write(scratch.path().join("events.ndjson"), "{}\n")?;
    for firstseen in [
        Firstseen::filter()?.args(["--call-timeout", "200ms"]),
        Firstseen::new("module")?,
        Firstseen::new("test")?.arg(scratch.path()),
    ] {
        let ran = firstseen.arg("--module").arg(module).run(&some_lines(10))?.expect_code(2)?;
        assert!(ran.stderr.contains(because), "{}", ran.stderr);
        assert!(ran.stderr.contains(&*module.to_string_lossy()), "{}", ran.stderr);
        assert!(ran.stdout.is_empty());
    }
    Ok(())
}

fn assert_bytes_refused(bytes: &[u8], because: &str) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("module.wasm");
    fs::write(&path, bytes)?;
    assert_refused(&path, because)
}

#[test]
fn a_component_that_exports_nothing() -> Result<()> {
    let bytes = component::assembled("missing-export")?;
    assert_bytes_refused(&bytes, "is not of the world firstseen:detection/detection-module")
}

#[test]
fn a_component_that_wants_more() -> Result<()> {
    let bytes = component::assembled("extra-import")?;
    assert_bytes_refused(&bytes, "imports `wasi:cli/environment@0.2.0`")?;
    assert_bytes_refused(&bytes, "nothing else")
}

#[test]
fn a_component_of_another_version_of_the_contract() -> Result<()> {
    let bytes = component::assembled("other-version")?;
    assert_bytes_refused(&bytes, "firstseen:detection/sightings@0.1.0")?;
    // And the way out.
    assert_bytes_refused(&bytes, "build it again from the wit/ of this version")
}

#[test]
fn a_core_module() -> Result<()> {
    assert_bytes_refused(&component::assembled("core-module")?, "a core module; make a component of it")
}

#[test]
fn plain_text() -> Result<()> {
    assert_bytes_refused(b"#!/bin/sh\nexec firstseen\n", "not WebAssembly")?;
    assert_bytes_refused(b"", "not WebAssembly")?;
    // The text form would be taken by a runtime with that feature.
    assert_bytes_refused(b"(component)", "not WebAssembly")
}

#[test]
fn garbage_behind_a_good_beginning() -> Result<()> {
    let whole = component::with_behaviour("well-behaved")?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 56) as u8
    };
    let beginning = whole.get(..8).unwrap_or_default();
    let random: Vec<u8> = beginning.iter().copied().chain((0..100_000).map(|_| noise())).collect();
    assert_bytes_refused(&random, "is not a WebAssembly component")?;
    let cut = whole.get(..whole.len() / 2).unwrap_or_default();
    assert_bytes_refused(cut, "is not a WebAssembly component")
}

#[test]
fn a_file_too_large_to_read() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("module.wasm");
    let file = File::create(&path)?;
    // Sparse, so that it takes no room.
    file.set_len(1 << 36)?;
    assert_refused(&path, "larger than 16 MiB")
}

/// A component of a core module with so many functions, each with so many locals
/// and instructions that do nothing.
fn of_functions(count: usize, signature: &str, instructions: usize) -> Result<Vec<u8>> {
    let function = format!("(func {signature} {})", "nop ".repeat(instructions));
    assemble(&format!("(component (core module {}))", function.repeat(count)))
}

/// Compiling cannot be stopped on the way, so it is not begun.
#[test]
fn a_component_with_too_much_to_compile() -> Result<()> {
    let locals = format!("(local {})", "i32 ".repeat(4_000));
    let parameters = format!("(param {})", "i32 ".repeat(1_000));
    assert_bytes_refused(&of_functions(1, "", (128 << 10) + 1)?, "it has more than 131072 bytes of one function")?;
    assert_bytes_refused(&of_functions(1_000, "", 5_000)?, "it has more than 4194304 bytes of functions")?;
    assert_bytes_refused(&of_functions(20_001, "", 0)?, "it has more than 20000 functions")?;
    for signature in [&*locals, &*parameters] {
        assert_bytes_refused(&of_functions(5, signature, 100_000)?, "it has more than 500000000 units of work")?;
    }
    // Twenty of the largest are too much together.
    assert_bytes_refused(&of_functions(20, "", 120_000)?, "it has more than 500000000 units of work")
}

#[test]
fn native_code() -> Result<()> {
    // The header of what `wasmtime compile` writes: ELF, 64 bits, for
    // Wasmtime's own "operating system", with the flag of components.
    let mut header = vec![0; 64];
    for (offset, bytes) in [
        (0, &b"\x7fELF\x02\x01\x01\xc8"[..]),
        (16, &[1, 0, 62, 0, 1]),
        (48, &2_u32.to_le_bytes()),
        (52, &[64, 0]),
        (58, &[64, 0]),
    ] {
        header.splice(offset..offset + bytes.len(), bytes.iter().copied());
    }
    assert_bytes_refused(&header, "precompiled native code")?;
    // The beginning of an executable of this machine.
    let executable = fs::read("/proc/self/exe")?;
    assert_bytes_refused(executable.get(..64 << 10).unwrap_or(&executable), "not WebAssembly")
}

#[test]
fn a_file_that_is_not_there() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    assert_refused(&scratch.path().join("missing.wasm"), "No such file")?;
    assert_refused(scratch.path(), "directory")
}
