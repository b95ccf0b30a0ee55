//! What Maven makes of `integrations/java` and `integrations/ingest`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use firstseen_tests::needs::missing;
use firstseen_tests::repository;
use firstseen_tests::running::Running;

use crate::cases::cases;
use crate::example::alerts_as_the_command_does;
use crate::write_module;

/// What was built.
pub(super) struct Built {
    /// Of the JDK.
    java: PathBuf,
    folder: PathBuf,
    /// What the tests of the package said.
    said: String,
}

/// All of it, built once. `None` where Maven or a JDK is missing.
///
/// # Errors
///
/// With `CI=true` when one is missing.
pub(super) fn built() -> Result<Option<&'static Built>> {
    static BUILT: LazyLock<Result<Built, String>> =
        LazyLock::new(|| build().map_err(|error| format!("Java's integrations cannot be built: {error:#}")));
    match &*BUILT {
        Ok(built) => Ok(Some(built)),
        Err(cause) => missing(cause).map(|()| None),
    }
}

fn build() -> Result<Built> {
    let jdk = Command::new("sh").arg(repository("tests/servers/jdk.sh")).output()?;
    ensure!(jdk.status.success(), "{}", String::from_utf8_lossy(&jdk.stderr));
    let jdk = PathBuf::from(String::from_utf8(jdk.stdout)?.trim_end());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("integration-java");
    std::fs::create_dir_all(&folder)?;
    let module = folder.join("scalar.wasm");
    write_module(&["--plain", "--scalar"], &module)?;
    let mut maven = Command::new("mvn");
    maven
        .args(["--batch-mode", "--quiet", "-Dstyle.color=never", "--file"])
        .arg(repository("integrations/ingest/pom.xml"));
    maven
        .arg(format!("-Dfirstseen.module={}", module.display()))
        .arg(format!("-Dfirstseen.target={}", folder.display()));
    maven.arg(format!("-Dfirstseen.cases={}", cases()?.folder.display()));
    maven.arg("package").env("JAVA_HOME", &jdk);
    let ran = maven.stdin(Stdio::null()).output().context("Maven (mvn) is not installed")?;
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    ensure!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    Ok(Built { java: jdk.join("bin/java"), folder, said })
}

impl Built {
    /// The plugin for a server, as its installer takes it.
    pub(super) fn plugin(&self, server: &str) -> Result<PathBuf> {
        let folder = self.folder.join(format!("firstseen-{server}"));
        let zips = std::fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        let zip = zips.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "zip"));
        zip.with_context(|| format!("there is no zip in {}", folder.display()))
    }
}

#[test]
fn the_package_gives_the_same_as_every_host() -> Result<()> {
    let Some(built) = built()? else { return Ok(()) };
    let cases = cases()?;
    let said = &built.said;
    ensure!(said.contains(&format!("plain: {}\n", cases.digest)), "not {}: {said}", cases.digest);
    println!("Java: {}", cases.digest);
    Ok(())
}

#[test]
fn the_example_alerts_as_the_command_does() -> Result<()> {
    let Some(built) = built()? else { return Ok(()) };
    let mut filter = Command::new(&built.java);
    filter.arg("-cp").arg(built.folder.join("firstseen/firstseen-0.1.0-all.jar"));
    alerts_as_the_command_does(filter.arg(repository("integrations/java/examples/Filter.java")))
}

#[test]
fn plugins_have_what_installers_check_and_no_class_of_a_server() -> Result<()> {
    let Some(built) = built()? else { return Ok(()) };
    for (server, version) in [("elasticsearch", "9.5.3"), ("opensearch", "3.9.0")] {
        let zip = built.plugin(server)?;
        let files = entries(&zip)?;
        let has_policy = files.iter().any(|name| name == "entitlement-policy.yaml");
        ensure!(has_policy == (server == "elasticsearch"), "{files:?}");
        ensure!(files.iter().all(|name| !name.contains('/')), "a folder: {files:?}");
        let scratch = tempfile::tempdir()?;
        unpack(&zip, scratch.path())?;
        let descriptor = std::fs::read_to_string(scratch.path().join("plugin-descriptor.properties"))?;
        for line in [format!("{server}.version={version}"), format!("classname=firstseen.{server}.FirstseenPlugin")] {
            ensure!(descriptor.lines().any(|said| said == line), "{descriptor}");
        }
        let jars = files.iter().filter(|name| name.ends_with(".jar"));
        for jar in jars {
            let classes = entries(&scratch.path().join(jar))?;
            let foreign = classes
                .iter()
                .find(|name| ["org/elasticsearch/", "org/opensearch/"].iter().any(|of| name.starts_with(of)));
            ensure!(foreign.is_none(), "{jar}: {foreign:?}");
        }
    }
    Ok(())
}

/// The names of files in a zip, or a jar.
fn entries(zip: &Path) -> Result<Vec<String>> {
    let mut python = Command::new("python3");
    let child =
        python.args(["-m", "zipfile", "--list"]).arg(zip).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let ran = Running::new(child).finish()?.expect_code(0)?;
    let names = ran.text()?.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(str::to_owned);
    Ok(names.collect())
}

/// Unpacks a zip into a folder.
pub(super) fn unpack(zip: &Path, folder: &Path) -> Result<()> {
    let mut python = Command::new("python3");
    let child = python.args(["-m", "zipfile", "--extract"]).arg(zip).arg(folder).stderr(Stdio::piped()).spawn()?;
    Running::new(child).finish()?.expect_code(0)?;
    Ok(())
}
