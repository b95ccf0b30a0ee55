//! Who is measured, each on a core that is its own while it runs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use firstseen::Module;
use firstseen_bench_common::cores::Cores;
use firstseen_bench_common::process::{high_water_mark, processor_s};
use firstseen_bench_common::rules::RuleSet;
use firstseen_state_file::StateFile;

use crate::bodies::Bodies;
use crate::figures::{Rules, What};
use crate::library::Library;
use crate::load::{Load, Window};
use crate::nginx::Nginx;
use crate::null_upstream;
use crate::serve::{Serve, ServeOptions};

/// The place of the core of whoever is measured.
pub(crate) const MEASURED: usize = 0;

/// The place of the core of clients and upstream.
pub(crate) const CLIENTS: usize = 1;

/// How long each runs before it counts.
const WARM_UP: Duration = Duration::from_millis(200);

/// Most requests at a time where they come at fixed times.
const OPEN_CONNECTIONS: usize = 32;

/// All of them, started.
pub(crate) struct Contenders<'c> {
    cores: &'c Cores,
    connections: usize,
    upstream: SocketAddr,
    nginx: Nginx,
    ours: Vec<Ours>,
}

/// The proxy with some rules, and the library with the same.
struct Ours {
    rules: Rules,
    serve: Serve,
    library: Library,
}

/// The rules of a contender, and where `firstseen` finds them; none: they are built in.
pub(crate) struct RuleFile<'a> {
    pub(crate) rules: Rules,
    pub(crate) set: &'a RuleSet,
    pub(crate) path: Option<&'a Path>,
}

impl<'c> Contenders<'c> {
    pub(crate) fn start(
        cores: &'c Cores,
        firstseen: &Path,
        nginx: &Path,
        rule_files: &[RuleFile<'_>],
        connections: usize,
        scratch: &Path,
    ) -> Result<Self> {
        ensure!(cores.count() >= 2, "two cores are needed: one for who is measured, one for clients and upstream");
        cores.keep_to_one(CLIENTS)?;
        let upstream = null_upstream::start()?;
        cores.keep_to_one(MEASURED)?;
        let nginx = Nginx::start(nginx, upstream, &scratch.join("nginx"))?;
        let module = Module::built_in()?;
        let ours = |&RuleFile { rules, set, path }: &RuleFile<'_>| {
            let folder = scratch.join(format!("firstseen-{}", set.count()));
            let serve =
                Serve::start(&ServeOptions { binary: firstseen, rules: path, upstream, folder: folder.clone() })?;
            ensure!(serve.rules == set.count() as u64, "{} of {} rules run", serve.rules, set.count());
            let state = StateFile::open(folder.join("library")).context("the library's state")?;
            Ok(Ours { rules, serve, library: Library::new(&module, set, Arc::new(state))? })
        };
        let ours = rule_files.iter().map(ours).collect::<Result<_>>()?;
        Ok(Self { cores, connections, upstream, nginx, ours })
    }

    /// In the order in which they run.
    pub(crate) fn all(&self) -> Vec<What> {
        let ours = self.ours.iter().flat_map(|ours| [What::Library(ours.rules), What::Serve(ours.rules)]);
        [What::Direct, What::Nginx].into_iter().chain(ours).collect()
    }

    /// How much passes one of them.
    pub(crate) fn throughput(&self, what: What, bodies: &Bodies, duration: Duration) -> Result<Window> {
        if let What::Library(rules) = what {
            self.cores.keep_to_one(MEASURED)?;
            return self.ours(rules)?.library.run(bodies, WARM_UP, duration);
        }
        self.cores.keep_to_one(CLIENTS)?;
        let (to, id) = self.process(what)?;
        let load = Load { to, bodies, connections: self.connections };
        load.closed(WARM_UP, duration, &|| id.map_or(Ok(0.0), processor_s))
    }

    /// How long requests take at a rate, or a body by itself in the library, in milliseconds.
    pub(crate) fn latencies(
        &self,
        what: What,
        bodies: &Bodies,
        per_second: f64,
        duration: Duration,
    ) -> Result<Vec<f64>> {
        if let What::Library(rules) = what {
            self.cores.keep_to_one(MEASURED)?;
            return self.ours(rules)?.library.alone(bodies, duration);
        }
        self.cores.keep_to_one(CLIENTS)?;
        let load = Load { to: self.process(what)?.0, bodies, connections: OPEN_CONNECTIONS };
        load.open(per_second, duration)
    }

    /// The most memory that the proxy with most rules has taken, in bytes.
    pub(crate) fn peak_bytes(&self) -> Result<u64> {
        high_water_mark(self.ours.last().context("nobody is measured")?.serve.id())
    }

    /// Where a process is, and its id if it is measured.
    fn process(&self, what: What) -> Result<(SocketAddr, Option<u32>)> {
        Ok(match what {
            What::Direct => (self.upstream, None),
            What::Nginx => (self.nginx.address, Some(self.nginx.id())),
            What::Serve(rules) | What::Library(rules) => {
                let serve = &self.ours(rules)?.serve;
                (serve.address, Some(serve.id()))
            }
        })
    }

    fn ours(&self, rules: Rules) -> Result<&Ours> {
        self.ours.iter().find(|ours| ours.rules == rules).context("these rules are not there")
    }
}
