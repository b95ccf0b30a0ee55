//! Where alerts are kept.

mod dead_letters;
mod elasticsearch;
mod install;
mod stdout;

use std::sync::Arc;

use firstseen_delivery::{AlertFile, Sink};
use tokio::runtime::Handle;

use crate::client::ClusterClient;
use crate::detection::MakeSink;
use crate::metrics::Metrics;
use crate::settings::AlertTarget;
use elasticsearch::ElasticsearchSink;
use stdout::Stdout;

/// Makes what alerts are given to. Called on a tokio runtime, which carries what goes
/// to the cluster.
pub(crate) fn maker(target: AlertTarget, cluster: ClusterClient, metrics: Arc<Metrics>) -> MakeSink {
    let runtime = Handle::current();
    Box::new(move || {
        Ok(match &target {
            AlertTarget::Elasticsearch(target) => {
                let (cluster, metrics) = (cluster.clone(), Arc::clone(&metrics));
                Box::new(ElasticsearchSink::new(target.clone(), cluster, metrics, runtime.clone())) as Box<dyn Sink>
            }
            AlertTarget::File(path) => Box::new(AlertFile::open(path)?),
            AlertTarget::Stdout => Box::new(Stdout),
        })
    })
}
