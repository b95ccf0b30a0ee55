//! A component of this contract's track runs in every host of it: one that was
//! kept goes on giving the bytes that it gave.

use std::fmt::Write;
use std::fs;

use anyhow::Result;
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::{data, golden};
use sha2::{Digest, Sha256};

#[test]
fn a_component_of_contract_0_2_gives_what_it_gave() -> Result<()> {
    let component = data("frozen").join("firstseen-0.2.0.wasm");
    let mut cases: Vec<_> = fs::read_dir(data("dpkg"))?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    cases.sort();
    let mut given = String::new();
    for case in cases {
        for format in ["kibana", "ecs"] {
            let filter = Firstseen::filter()?.args(["--clock", "event", "--only-alerts", "--format", format]);
            let ran = filter.arg("--module").arg(&component).stdin_file(&case.join("events.ndjson"))?.run(b"")?;
            // A case has lines that cannot be judged.
            let code = i32::from(ran.count("unjudged")? > 0);
            let ran = ran.expect_code(code)?;
            let name = case.file_name().unwrap_or_default().display().to_string();
            let digest = Sha256::digest(&ran.stdout);
            writeln!(given, "{name} {format} {} {}", ran.count("alerts")?, hexadecimal(&digest))?;
        }
    }
    golden::check_file(&data("frozen").join("firstseen-0.2.0.alerts.txt"), &given)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
