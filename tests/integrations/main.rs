//! The integrations, each by its own means: `make test-integrations`.

mod cases;
mod example;
mod fluent_bit;
mod go;
mod ingest;
mod java;
mod node;
mod playground;
mod python;
mod rsyslog;
mod shipper;
mod syslog_ng;

use std::path::Path;

use anyhow::Result;
use firstseen_tests::firstseen::Firstseen;

/// Writes a module to a file.
fn write_module(options: &[&str], path: &Path) -> Result<()> {
    Firstseen::new("module")?.args(options).arg("--output").arg(path).run(b"")?.expect_code(0)?;
    Ok(())
}
