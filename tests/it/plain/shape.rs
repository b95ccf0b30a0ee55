//! What the modules are made of.

use anyhow::{Result, ensure};
use firstseen_tests::firstseen::Firstseen;

use super::host::compile;
use super::{SHAPES, module};

#[test]
fn they_import_nothing_and_export_what_is_documented() -> Result<()> {
    for (shape, has_simd) in [(SHAPES[0], true), (SHAPES[1], false)] {
        let module = compile(&module(shape)?, has_simd)?;
        assert_eq!(module.imports().len(), 0);
        let mut exports: Vec<_> = module.exports().map(|export| export.name().to_owned()).collect();
        exports.retain(|name| !name.starts_with("__"));
        exports.sort();
        let documented = [
            "firstseen_abi",
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

#[test]
fn they_are_written_by_name_only() -> Result<()> {
    for options in [&["--plain"][..], &["--scalar", "--output", "-"]] {
        Firstseen::new("module")?.args(options).run(b"")?.expect_code(64)?;
    }
    Ok(())
}
