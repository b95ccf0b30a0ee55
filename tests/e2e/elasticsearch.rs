//! A node of Elasticsearch, for the time of a test.

use anyhow::Result;
pub(crate) use firstseen_tests::elasticsearch::Elasticsearch;

use crate::server::Server;

/// Runs a test on an empty node. It passes where there is none.
///
/// # Errors
///
/// Those of the test and of the node.
pub(crate) fn with_elasticsearch(test: impl FnOnce(&Elasticsearch) -> Result<()>) -> Result<()> {
    let Some(server) = Server::start("elasticsearch", &[])? else { return Ok(()) };
    let node = Elasticsearch::new(&server.url);
    server.end(test(&node))
}
