//! Settings in a file, in the environment, and as flags.

use std::fs;

use anyhow::Result;
use firstseen_tests::cluster::{Act, Cluster};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::proxy::Proxy;

#[test]
fn the_example_is_one_that_can_be_used() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("firstseen.toml");
    let example = Firstseen::new("config")?.arg("example").run(b"")?.expect_code(0)?;
    fs::write(&path, &example.stdout)?;
    Firstseen::new("config")?.arg("check").arg(&path).run(b"")?.expect_code(0)?;
    // With all defaults written out it is the same, but for what has none.
    let of_defaults: Vec<String> = example
        .text()?
        .lines()
        .filter_map(|line| line.strip_prefix('#').or(Some(line)))
        .filter(|line| line.contains(" = ") && !line.starts_with(' ') && !line.ends_with("= \"\""))
        .map(str::to_owned)
        .collect();
    assert!(of_defaults.len() > 20, "{of_defaults:?}");
    fs::write(&path, of_defaults.join("\n"))?;
    Firstseen::new("config")?.arg("check").arg(&path).run(b"")?.expect_code(0)?;
    Ok(())
}

#[test]
fn what_is_wrong_is_said_all_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("firstseen.toml");
    fs::write(&path, "upstream = [\"http://a\"]\nlearn = \"soon\"\nuptream = 1\n\nmax_body = \"much\"\n")?;
    for mut command in [Firstseen::new("config")?.arg("check"), Firstseen::new("serve")?.arg("--config")] {
        command = command.arg(&path);
        let said = command.run(b"")?.expect_code(2)?.stderr;
        for wanted in ["firstseen.toml:2: learn: ", "firstseen.toml:3: there is no key uptream; is upstream meant?"] {
            assert!(said.contains(wanted), "{said}");
        }
        assert!(said.contains("firstseen.toml:5: max_body: write a number of bytes"), "{said}");
    }
    Ok(())
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("firstseen.toml");
    fs::write(&path, "upstream = \"http://a:1\"\nlearn = \"1d\"\njobs = 3\n")?;
    let print = Firstseen::new("config")?.args(["print", "--config"]).arg(&path).env("FIRSTSEEN_SERVE_LEARN", "2d");
    let printed = print.run(b"")?.expect_code(0)?;
    for line in ["upstream = [\"http://a:1\"] # file", "learn = \"2d\" # environment", "jobs = \"3\" # file"] {
        assert!(printed.text()?.contains(line), "{}", printed.text()?);
    }
    assert!(printed.text()?.contains("listen = \"127.0.0.1:9280\" # default"));

    let cluster = Cluster::start(|_| Act::Answer)?;
    let text = format!(
        "upstream = \"{}\"\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:1\"\nlog_format = \"json\"\n",
        cluster.url()
    );
    fs::write(&path, text)?;
    let serve = Firstseen::new("serve")?.arg("--config").arg(&path).env("FIRSTSEEN_SERVE_ADMIN", "127.0.0.1:0");
    let proxy = Proxy::of(serve)?;
    assert_eq!(proxy.ask("/healthz")?.status, 200);
    proxy.stop()?.expect_code(0)?;
    Ok(())
}
