//! rsyslog, which starts the filter with omprog.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use firstseen_tests::needs::built;

use crate::shipper::Site;
use crate::shipper::cases::{self, Way};

/// What the distribution's own configuration has.
const AROUND: &str = r#"global(workDirectory="/var/spool")"#;

fn site() -> Result<Option<Site>> {
    let Some(built) = built("clients/rsyslog")? else { return Ok(None) };
    let unpacked = built.join("unpacked");
    let libraries = std::fs::read_to_string(built.join("libraries"))?.trim().to_owned();
    let modules =
        PathBuf::from(libraries.split(':').find(|folder| folder.ends_with("/rsyslog")).context("no modules")?);
    let start = move |root: &Path| {
        let mut command = Command::new(unpacked.join("usr/sbin/rsyslogd"));
        command.arg("-n").arg("-i").arg(root.join("pid")).arg("-M").arg(&modules);
        command.arg("-f").arg(root.join("shipper.conf")).env("LD_LIBRARY_PATH", &libraries);
        Ok(command)
    };
    Site::new(AROUND, "omprog", start).map(Some)
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
