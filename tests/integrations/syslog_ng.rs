//! syslog-ng, which starts the filter with `program()`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use firstseen_tests::needs::built;

use crate::shipper::Site;
use crate::shipper::cases::{self, Way};

fn site() -> Result<Option<Site>> {
    let Some(built) = built("clients/syslog-ng")? else { return Ok(None) };
    let unpacked = built.join("unpacked");
    let libraries = std::fs::read_to_string(built.join("libraries"))?.trim().to_owned();
    let mut versions = std::fs::read_dir(unpacked.join("usr/lib/syslog-ng"))?;
    let modules =
        versions.find_map(|entry| Some(entry.ok()?.path()).filter(|path| path.is_dir())).context("no modules")?;
    let version = modules.file_name().context("no version")?.to_string_lossy().into_owned();
    let start = move |root: &Path| {
        let mut command = Command::new(unpacked.join("usr/sbin/syslog-ng"));
        command.args(["--foreground", "--no-caps", "--module-path"]).arg(&modules);
        let own = |name: &str| root.join(name);
        command.arg("--cfgfile").arg(own("shipper.conf")).arg("--persist-file").arg(own("persist"));
        command.arg("--pidfile").arg(own("pid")).arg("--control").arg(own("control"));
        command.env("LD_LIBRARY_PATH", &libraries);
        Ok(command)
    };
    // What the distribution's own configuration has.
    Site::new(&format!("@version: {version}"), "program(", start).map(Some)
}

#[test]
fn alerts_are_those_of_the_filter() -> Result<()> {
    site()?.map_or(Ok(()), cases::alerts_are_those_of_the_filter)
}

#[test]
fn a_restart_repeats_no_alert() -> Result<()> {
    site()?.map_or(Ok(()), cases::a_restart_repeats_no_alert)
}

#[test]
fn events_wait_until_the_filter_can_start() -> Result<()> {
    site()?.map_or(Ok(()), cases::events_wait_until_the_filter_can_start)
}

#[test]
fn a_kill_costs_what_the_pipe_held() -> Result<()> {
    site()?.map_or(Ok(()), cases::a_kill_costs_what_the_pipe_held)
}

#[test]
fn a_stop_loses_nothing() -> Result<()> {
    site()?.map_or(Ok(()), cases::a_stop_loses_nothing)
}

#[test]
fn a_stop_loses_nothing_of_what_waits() -> Result<()> {
    site()?.map_or(Ok(()), cases::a_stop_loses_nothing_of_what_waits)
}

#[test]
fn a_part_of_an_event_raises_an_alert() -> Result<()> {
    for way in [Way::File, Way::Tcp] {
        let Some(site) = site()? else { return Ok(()) };
        cases::a_part_of_an_event_raises_an_alert(site, way).with_context(|| format!("{way:?}"))?;
    }
    Ok(())
}
