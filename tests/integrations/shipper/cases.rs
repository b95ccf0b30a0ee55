//! What every shipper has to do with the filter behind it.

use std::fs;

use anyhow::{Context, Result, ensure};
use firstseen_tests::data;
use firstseen_tests::endpoint_events::{Mix, write_events};
use firstseen_tests::events::{install, lines};
use firstseen_tests::firstseen::{Firstseen, NOW_MS};
use firstseen_tests::running::{Running, wait_for};
use serde_json::Value;

use super::{Site, expected, ids, processes};

const AT: &str = "2026-11-24T12:00:00.000Z";

/// What Linux gives a pipe room for.
const PIPE_BYTES: usize = 64 << 10;

/// How events come to a shipper.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    File,
    Tcp,
}

/// Ways an event can be written in that a shipper may want to change.
fn nasty() -> Vec<u8> {
    let mut nasty = lines([
        install("/opt/delete-\u{7f}", AT),
        install("/opt/%rawmsg% ${MESSAGE} $! #011 \\n \u{1} \u{2028} é", AT),
        install("/opt/tab", AT).replace(r#","process""#, ",\t\"process\""),
        format!("  {}", install("/opt/blanks-before", AT)),
        format!("{}  ", install("/opt/blanks-behind", AT)),
        format!("<13>{}", install("/opt/priority", AT)),
        format!("14 {}", install("/opt/count", AT)),
        long_install("/opt/long", 900 << 10),
    ]);
    let event = install("/opt/raw-?", AT).into_bytes();
    for raw in [1, 0xff] {
        nasty.extend(event.iter().map(|&byte| if byte == b'?' { raw } else { byte }));
        nasty.push(b'\n');
    }
    nasty
}

/// An install of this many bytes.
fn long_install(parent: &str, bytes: usize) -> String {
    let mut event = install(parent, AT);
    event.pop();
    event.push_str(r#","message":""#);
    event.push_str(&"x".repeat(bytes.saturating_sub(event.len() + 2)));
    event.push_str("\"}");
    event
}

fn endpoint_events(seed: u64) -> Result<Vec<u8>> {
    let mix = Mix { seed, events: 2_000, install_every: 100, parents: 12, start_ms: NOW_MS, step_ms: 10 };
    let mut events = Vec::new();
    write_events(&mix, &mut events)?;
    Ok(events)
}

/// Every byte comes to the filter, in order, and each alert once, with the id that it has
/// without a shipper.
pub(crate) fn alerts_are_those_of_the_filter(mut site: Site) -> Result<()> {
    let end = |name: &str| lines([install(name, AT)]);
    let recorded = fs::read(data("dpkg-i-recorded.ndjson"))?;
    let from_file = [recorded, endpoint_events(1)?, nasty(), end("/opt/end-of-the-file")].concat();
    let from_tcp = [endpoint_events(2)?, nasty(), end("/opt/end-of-the-connection")].concat();
    let all = [from_file.clone(), from_tcp.clone()].concat();
    let count = all.iter().filter(|&&byte| byte == b'\n').count();
    let expected = expected(&all)?;
    let last_of = |events: &[u8]| -> Result<String> { super::expected(events)?.pop().context("no alert") };

    let came = site.keep_what_comes()?;
    site.start()?;
    site.append(&from_file)?;
    site.wait_for_alert(&last_of(&from_file)?)?;
    site.send(&from_tcp)?;
    site.wait_for_alert(&last_of(&from_tcp)?)?;
    site.stop()?;
    let came = fs::read(came)?;
    let differs = came.iter().zip(&all).position(|(came, sent)| came != sent);
    ensure!(came == all, "{} bytes of {} came, equal up to {differs:?}", came.len(), all.len());
    assert_eq!(ids(&site.alerts()?)?, expected);
    println!("{count} events, {} bytes, {} alerts", all.len(), expected.len());
    Ok(())
}

/// A shipper that is stopped and started again goes on where it was, and what was seen
/// before is known.
pub(crate) fn a_restart_repeats_no_alert(mut site: Site) -> Result<()> {
    let first = [endpoint_events(1)?, lines([install("/opt/first", AT)])].concat();
    let second = lines([install("/opt/while-it-was-down", AT)]);
    let third = [first.clone(), lines([install("/opt/third", AT)])].concat();
    let expected = expected(&[first.clone(), second.clone(), third.clone()].concat())?;
    let [.., at_first, _, at_third] = &expected[..] else { anyhow::bail!("too few alerts: {expected:?}") };

    site.start()?;
    site.append(&first)?;
    site.wait_for_alert(at_first)?;
    site.stop()?;
    site.append(&second)?;
    site.start()?;
    site.append(&third)?;
    site.wait_for_alert(at_third)?;
    site.stop()?;
    assert_eq!(ids(&site.alerts()?)?, expected);
    Ok(())
}

/// While another process has the state the filter cannot start, and the shipper keeps the
/// events.
pub(crate) fn events_wait_until_the_filter_can_start(mut site: Site) -> Result<()> {
    let events = installs("waiting");
    let expected = expected(&events)?;
    let holder = hold_state(&site)?;
    site.start()?;
    site.append(&events)?;
    wait_for(|| Ok(site.said().contains("in use"))).context("the filter has not tried")?;
    ensure!(site.alerts()?.is_empty(), "two processes have the state");
    holder.finish()?.expect_code(0)?;
    site.wait_for_alert(expected.last().context("no alert")?)?;
    site.stop()?;
    assert_eq!(ids(&site.alerts()?)?, expected);
    Ok(())
}

/// A filter that is killed is started again. What was in the pipe is lost, and nothing
/// else.
pub(crate) fn a_kill_costs_what_the_pipe_held(mut site: Site) -> Result<()> {
    let (before, between, events) = (install("/opt/before", AT), install("/opt/between", AT), installs("after"));
    let [at_before, at_between, at_events @ ..] =
        &expected(&[lines([&before, &between]), events.clone()].concat())?[..]
    else {
        anyhow::bail!("too few alerts")
    };
    site.start()?;
    site.append(&lines([before]))?;
    site.wait_for_alert(at_before)?;

    // Of one that has nothing to do nothing is lost.
    kill(site.filter()?)?;
    site.append(&lines([between]))?;
    site.wait_for_alert(at_between)?;

    let filter = site.filter()?;
    fill_pipe(&site, filter, &events)?;
    kill(filter)?;
    site.wait_for_alert(at_events.last().context("no alert")?)?;
    site.stop()?;

    let mut came = ids(&site.alerts()?)?;
    // One that was written when the kill came, and not struck off yet, is written again.
    came.dedup();
    let lost = at_events.iter().take_while(|id| !came.contains(id)).count();
    println!("{lost} events of {EVENT_BYTES} bytes were lost");
    ensure!(lost > 0, "the pipe was empty");
    ensure!(lost * EVENT_BYTES <= PIPE_BYTES, "{lost} events are more than a pipe holds");
    let left: Vec<&String> = [at_before, at_between].into_iter().chain(at_events.iter().skip(lost)).collect();
    assert_eq!(came.iter().collect::<Vec<_>>(), left);
    Ok(())
}

/// A shipper that is stopped while events are on their way to the filter loses none.
pub(crate) fn a_stop_loses_nothing(mut site: Site) -> Result<()> {
    let (first, last) = (lines([install("/opt/first", AT)]), lines([install("/opt/last", AT)]));
    // More than a shipper takes out of its queue at once.
    let events = [installs("on-their-way"), endpoint_events(1)?].concat();
    let expected = expected(&[&first[..], &events, &last].concat())?;
    site.start()?;
    site.append(&first)?;
    site.wait_for_alert(expected.first().context("no alert")?)?;
    let filter = site.filter()?;
    fill_pipe(&site, filter, &events)?;
    site.stop_while(|| processes::signal(filter, "CONT"))?;
    goes_on_with(site, &last, &expected)
}

/// The same while the filter cannot start: what is in its pipe is read later.
pub(crate) fn a_stop_loses_nothing_of_what_waits(mut site: Site) -> Result<()> {
    let (events, last) = (installs("waiting"), lines([install("/opt/last", AT)]));
    let expected = expected(&[&events[..], &last].concat())?;
    let holder = hold_state(&site)?;
    site.start()?;
    let written = site.written()?;
    site.append(&events)?;
    wait_for_some(&site, written)?;
    wait_for(|| Ok(site.said().contains("in use"))).context("the filter has not tried")?;
    site.stop_while(|| holder.finish()?.expect_code(0).map(drop))?;
    goes_on_with(site, &last, &expected)
}

/// A shipper that was stopped is started again, and more events come: then all alerts are
/// there, in their order.
fn goes_on_with(mut site: Site, events: &[u8], expected: &[String]) -> Result<()> {
    site.start()?;
    site.append(events)?;
    site.wait_for_alert(expected.last().context("no alert")?)?;
    site.stop()?;
    assert_eq!(ids(&site.alerts()?)?, expected);
    Ok(())
}

/// An event that is longer than the shipper takes comes in part, and raises an alert of
/// its own.
pub(crate) fn a_part_of_an_event_raises_an_alert(mut site: Site, way: Way) -> Result<()> {
    let end = install("/opt/end", AT);
    let at_end = expected(&lines([&end]))?.pop().context("no alert")?;
    let events = lines([long_install("/opt/too-long", 1_500 << 10), end]);
    site.start()?;
    match way {
        Way::File => site.append(&events)?,
        Way::Tcp => site.send(&events)?,
    }
    site.wait_for_alert(&at_end)?;
    site.stop()?;
    let alerts = site.alerts()?;
    let [unjudged, last] = &alerts[..] else { anyhow::bail!("{} alerts", alerts.len()) };
    let unjudged: Value = serde_json::from_str(unjudged)?;
    let reason = unjudged.get("firstseen.unjudged.reason").and_then(Value::as_str);
    ensure!(reason == Some("incomplete"), "the reason is {reason:?}");
    assert_eq!(ids(std::slice::from_ref(last))?, [at_end]);
    Ok(())
}

/// Together more than a pipe holds, and fewer than a rule may raise alerts in a while.
const EVENTS: usize = 60;
const EVENT_BYTES: usize = 3_000;

/// Installs by parents of their own, each of [`EVENT_BYTES`] with its newline.
fn installs(name: &str) -> Vec<u8> {
    lines((0..EVENTS).map(|number| long_install(&format!("/opt/{name}-{number}"), EVENT_BYTES - 1)))
}

/// Has a filter stop reading, and events come until some are in its pipe.
fn fill_pipe(site: &Site, filter: u32, events: &[u8]) -> Result<()> {
    processes::signal(filter, "STOP")?;
    wait_for(|| Ok(processes::is_stopped(filter)))?;
    let written = site.written()?;
    site.append(events)?;
    wait_for_some(site, written)
}

/// Waits until a shipper has written some events more than it had.
fn wait_for_some(site: &Site, written: u64) -> Result<()> {
    wait_for(|| Ok(site.written()? >= written + 10 * EVENT_BYTES as u64)).context("nothing comes to the pipe")
}

/// A process that has the state of a site's filter, until it is finished.
fn hold_state(site: &Site) -> Result<Running> {
    let holder = Firstseen::new("filter")?.arg("--state").arg(site.state()).spawn()?;
    holder.wait_for_stderr(|said| said.contains("is new"))?;
    Ok(holder)
}

fn kill(process: u32) -> Result<()> {
    processes::signal(process, "KILL")?;
    wait_for(|| Ok(!processes::runs(process)))
}
