//! A cluster that stands in for Elasticsearch, as a process: it can be killed, and
//! another one goes on with what it kept.

use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result};
use firstseen_tests::cluster::Cluster;

const USAGE: &str = "usage: stand-in-cluster ADDRESS FILE";

/// Ends with its standard input.
fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().context(USAGE)?;
    let file = arguments.next().context(USAGE)?;
    let cluster = Cluster::over(&address, Path::new(&file))?;
    println!("READY {}", cluster.url());
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
