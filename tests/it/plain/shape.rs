//! What the modules are made of.

use anyhow::{Result, ensure};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::plain_host::compile;
use wasmparser::{Parser, Payload};

use super::{SHAPES, module};

/// Most bytes of a function without vector instructions.
const FUNCTION_BYTES_MAX: usize = 32_000;

#[test]
fn they_import_nothing_and_export_what_is_documented() -> Result<()> {
    for (shape, has_simd) in [(SHAPES[0], true), (SHAPES[1], false)] {
        let module = compile(&module(shape)?, has_simd)?;
        assert_eq!(module.imports().len(), 0);
        let mut exports: Vec<_> = module.exports().map(|export| export.name().to_owned()).collect();
        // What the linker says of its own.
        exports.retain(|name| !["__data_end", "__heap_base"].contains(&name.as_str()));
        exports.sort();
        let documented = [
            "firstseen",
            "firstseen_abi",
            "firstseen_baked",
            "firstseen_begin",
            "firstseen_configure",
            "firstseen_describe",
            "firstseen_finish",
            "firstseen_match",
            "free",
            "malloc",
            "memory",
        ];
        assert_eq!(exports, documented);
    }
    Ok(())
}

#[test]
fn only_the_scalar_one_runs_without_vector_instructions() -> Result<()> {
    ensure!(compile(&module(SHAPES[0])?, false).is_err(), "it has no vector instructions");
    compile(&module(SHAPES[1])?, false)?;
    Ok(())
}

/// Chicory makes a Java method of each function, and a method has 65,535 bytes at most, which
/// are about twice as many as those of the function.
#[test]
fn no_function_is_too_large_for_java() -> Result<()> {
    let wasm = module(SHAPES[1])?;
    let mut largest = 0;
    for payload in Parser::new(0).parse_all(&wasm) {
        if let Payload::CodeSectionEntry(function) = payload? {
            largest = largest.max(function.range().len());
        }
    }
    println!("the largest function has {largest} bytes");
    ensure!((1..=FUNCTION_BYTES_MAX).contains(&largest), "a function has {largest} bytes");
    Ok(())
}

#[test]
fn they_are_written_by_name_only() -> Result<()> {
    for options in [&["--plain"][..], &["--scalar", "--output", "-"]] {
        Firstseen::new("module")?.args(options).run(b"")?.expect_code(64)?;
    }
    Ok(())
}
