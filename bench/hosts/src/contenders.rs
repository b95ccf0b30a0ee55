//! The hosts, made ready to run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use firstseen_tests::{python, repository};

use crate::inputs::Modules;

/// The oldest Node that runs the package.
const NODE_MAJOR_MIN: u32 = 20;

/// A module in a host.
pub(crate) struct Contender {
    pub(crate) host: &'static str,
    pub(crate) shape: &'static str,
    /// Its program with its first arguments; none: the library, in this process.
    pub(crate) program: Option<Vec<OsString>>,
}

const COMPONENT: &str = "component";
const PLAIN: &str = "plain";
const SCALAR: &str = "plain, scalar";

/// Makes the programs of a host, in a folder for what is built.
type Prepare = fn(&Path, &Modules) -> Result<Vec<Contender>>;

/// All that are there, the library first, and the names of hosts that are not.
pub(crate) fn all(built: &Path, modules: &Modules) -> (Vec<Contender>, Vec<&'static str>) {
    let mut contenders = vec![Contender { host: "firstseen", shape: COMPONENT, program: None }];
    let mut missing = Vec::new();
    let hosts: [(&str, Prepare); 4] = [("Python", python), ("Node", node), ("Go", go), ("Java", java)];
    for (host, prepare) in hosts {
        eprintln!("making ready: {host}");
        match prepare(built, modules) {
            Ok(made) => contenders.extend(made),
            Err(error) => {
                eprintln!("{host} is left out: {error:#}");
                missing.push(host);
            }
        }
    }
    (contenders, missing)
}

fn python(built: &Path, modules: &Modules) -> Result<Vec<Contender>> {
    let python = python::environment(&built.join("python"), &[python::WASMTIME])?;
    // What is installed may be older than what is here.
    python::pip(&python, &["--force-reinstall", "--no-deps", &repository("integrations/python").to_string_lossy()])?;
    let speed = repository("integrations/python/tests/speed.py");
    let shapes = [(COMPONENT, &modules.component), (PLAIN, &modules.plain), (SCALAR, &modules.scalar)];
    Ok(shapes.map(|(shape, module)| contender("Python", shape, [&python, &speed, module])).into())
}

fn node(_: &Path, modules: &Modules) -> Result<Vec<Contender>> {
    let major = said(Command::new("node").args(["--print", "process.versions.node.split('.')[0]"]))?;
    ensure!(major.trim().parse::<u32>()? >= NODE_MAJOR_MIN, "Node {} is older than {NODE_MAJOR_MIN}", major.trim());
    let (node, speed) = (PathBuf::from("node"), repository("integrations/node/tests/speed.js"));
    let shapes = [(PLAIN, &modules.plain), (SCALAR, &modules.scalar)];
    Ok(shapes.map(|(shape, module)| contender("Node", shape, [&node, &speed, module])).into())
}

fn go(built: &Path, modules: &Modules) -> Result<Vec<Contender>> {
    let speed = built.join("go-speed");
    let mut go = Command::new("go");
    go.current_dir(repository("integrations/go")).env("GOWORK", "off").env("CGO_ENABLED", "0");
    said(go.args(["build", "-o"]).arg(&speed).arg("./examples/speed"))?;
    let deadlines = PathBuf::from("-deadlines");
    Ok(vec![
        contender("Go", PLAIN, [&speed, &modules.plain]),
        contender("Go", SCALAR, [&speed, &modules.scalar]),
        contender("Go", "plain, deadlines", [&speed, &deadlines, &modules.plain]),
    ])
}

/// The module is compiled to Java classes, and is part of the jar.
fn java(built: &Path, modules: &Modules) -> Result<Vec<Contender>> {
    let jdk = PathBuf::from(said(Command::new("sh").arg(repository("tests/servers/jdk.sh")))?.trim_end());
    let target = built.join("java");
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "--quiet", "-Dstyle.color=never", "-DskipTests", "--file"]);
    maven.arg(repository("integrations/java/pom.xml"));
    maven.arg(format!("-Dfirstseen.module={}", modules.scalar.display()));
    maven.arg(format!("-Dfirstseen.target={}", target.display()));
    said(maven.arg("package").env("JAVA_HOME", &jdk))?;
    let folder = target.join("firstseen");
    let mut classes = folder.join("firstseen-0.1.0-all.jar").into_os_string();
    classes.push(":");
    classes.push(folder.join("test-classes"));
    let program = [jdk.join("bin/java"), "-cp".into(), classes.into(), "firstseen.Speed".into()];
    Ok(vec![contender("Java", SCALAR, program.each_ref())])
}

fn contender<const N: usize>(host: &'static str, shape: &'static str, program: [&PathBuf; N]) -> Contender {
    Contender { host, shape, program: Some(program.map(|part| part.clone().into_os_string()).into()) }
}

/// Runs something to its end. Answers with what it said.
fn said(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("{} is not installed", command.get_program().to_string_lossy()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_said() {
        let error = said(&mut Command::new("no-such-program-of-ours")).unwrap_err();
        assert!(format!("{error:#}").starts_with("no-such-program-of-ours is not installed"), "{error:#}");
        let error = said(Command::new("sh").args(["-c", "echo one; echo two >&2; exit 1"])).unwrap_err();
        assert_eq!(error.to_string(), "one\ntwo\n");
    }
}
