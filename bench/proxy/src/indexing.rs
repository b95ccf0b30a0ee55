//! How fast Elasticsearch indexes, with the proxy before it and without.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use firstseen_bench_common::cores::Cores;

use crate::bodies::Bodies;
use crate::contenders::{CLIENTS, MEASURED};
use crate::elasticsearch::Elasticsearch;
use crate::figures::Indexing;
use crate::load::Load;
use crate::serve::{Serve, ServeOptions};

/// Connections of clients: more than a node of so few cores can use.
const CONNECTIONS: usize = 4;

/// What is indexed, and by whom.
pub(crate) struct Setup<'a> {
    pub(crate) cores: &'a Cores,
    pub(crate) elasticsearch: &'a Path,
    pub(crate) firstseen: &'a Path,
    pub(crate) rules: Option<&'a Path>,
    pub(crate) scratch: &'a Path,
    /// How many documents in each turn.
    pub(crate) documents: usize,
    pub(crate) rounds: usize,
}

/// Indexes the same bodies directly and through the proxy, in turn, each time into empty
/// indices. Answers with the node's version too.
///
/// Elasticsearch has all cores, as the proxy and the clients have, or one for itself: its
/// clients and its proxy are elsewhere as a rule.
pub(crate) fn measure(setup: &Setup<'_>, all: &[&Bodies], is_shared: bool) -> Result<(Vec<Indexing>, String)> {
    let cores = setup.cores;
    let keep_to = |place| if is_shared { cores.keep_to(usize::MAX) } else { cores.keep_to_one(place) };
    keep_to(MEASURED)?;
    let node = Elasticsearch::start(setup.elasticsearch, setup.scratch)?;
    keep_to(CLIENTS)?;
    let folder = setup.scratch.join(format!("firstseen-indexing-{is_shared}"));
    let options = ServeOptions { binary: setup.firstseen, rules: setup.rules, upstream: node.address, folder };
    let serve = Serve::start(&options)?;
    let mut figures = Vec::new();
    for &bodies in all {
        let rate = |to| {
            let requests = setup.documents.div_ceil(bodies.kind.documents);
            let seconds = Load { to, bodies, connections: CONNECTIONS }.count(requests)?;
            let indexed = node.empty()?;
            let sent = requests * bodies.kind.documents;
            ensure!(indexed == sent as u64, "{indexed} of {sent} documents were indexed");
            Ok(sent as f64 / seconds)
        };
        let mut indexing = Indexing { kind: bodies.kind, is_shared, direct: Vec::new(), proxied: Vec::new() };
        // The node compiles what it runs often.
        for to in [node.address, serve.address, node.address] {
            rate(to).context("warming up")?;
        }
        for round in 0..setup.rounds {
            let turns = [(node.address, false), (serve.address, true)];
            for (to, is_proxied) in if round % 2 == 0 { turns } else { [turns[1], turns[0]] } {
                let rates = if is_proxied { &mut indexing.proxied } else { &mut indexing.direct };
                rates.push(rate(to)?);
            }
        }
        figures.push(indexing);
    }
    drop(serve);
    let version = node.version.clone();
    node.stop()?;
    cores.keep_to(usize::MAX)?;
    Ok((figures, version))
}
