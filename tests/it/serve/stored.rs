//! Whatever a real cluster would store is looked at: `tests/data/stored/` says what that
//! is.

use std::fs;

use anyhow::{Context, Result, ensure};
use firstseen_tests::cluster::{Act, Cluster};
use firstseen_tests::proxy::{Proxy, raw};
use firstseen_tests::stored::{Area, Case, Outcome, areas};
use serde_json::json;

/// What the proxy counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    /// Documents that the rule matched.
    matches: u64,
    /// Documents that raised the alert of one that was not judged.
    unjudged: u64,
    /// Requests that the cluster has.
    served: u64,
}

/// A query for the marker.
fn rule() -> String {
    json!({
        "rule_id": "marker", "name": "marker", "description": "d", "type": "query", "language": "kuery",
        "query": "process.name : stored-marker", "severity": "low", "risk_score": 1, "index": ["*"],
        "from": "now-6m", "interval": "5m", "version": 1,
    })
    .to_string()
}

fn counts(proxy: &Proxy, cluster: &Cluster) -> Result<Counts> {
    let number = |name: &str| Ok::<u64, anyhow::Error>(proxy.metric(name)?.unwrap_or_default() as u64);
    Ok(Counts {
        matches: number("firstseen_matches_total{rule_id=\"marker\"}")?,
        unjudged: number("firstseen_unjudged_total")?,
        served: cluster.served(),
    })
}

/// How many new documents an engine stores that the query finds.
fn found(case: &Case, outcome: Option<&Outcome>) -> u64 {
    let found = outcome.map_or(0, |outcome| outcome.stored.iter().filter(|stored| stored.found).count());
    found.saturating_sub(case.before.len()) as u64
}

#[test]
fn what_a_cluster_would_store_is_looked_at() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let [rules, alerts] = ["rules.ndjson", "alerts.ndjson"].map(|name| folder.path().join(name));
    fs::write(&rules, rule())?;
    let cluster = Cluster::start(|_| Act::Answer)?;
    let arguments = ["--rules", rules.to_str().context("no text")?, "--alerts", alerts.to_str().context("no text")?];
    let proxy = Proxy::start(&cluster.url(), &folder.path().join("state"), &arguments)?;
    let (mut missed, mut unjudged, mut judged) = (Vec::new(), Vec::new(), 0);
    for file in areas()? {
        let area = Area::read(&file)?;
        let name = file.file_stem().context("no name")?.to_string_lossy().into_owned();
        for case in &area.cases {
            let wanted = found(case, case.elasticsearch.as_ref()).max(found(case, case.opensearch.as_ref()));
            if wanted == 0 {
                continue;
            }
            let before = counts(&proxy, &cluster)?;
            // What becomes of the answer is not what this is about.
            drop(raw(&proxy.address, &case.request()?));
            let after = counts(&proxy, &cluster)?;
            let label = format!("{name}: {}", case.name);
            if after.served == before.served || after.matches - before.matches >= wanted {
                judged += 1;
            } else if after.unjudged > before.unjudged {
                unjudged.push(label);
            } else {
                missed.push(label);
            }
        }
    }
    println!("{judged} judged, {} not judged, which is said: {unjudged:#?}", unjudged.len());
    ensure!(missed.is_empty(), "{} cases pass without a look: {missed:#?}", missed.len());
    Ok(())
}
