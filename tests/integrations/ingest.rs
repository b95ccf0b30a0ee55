//! The processor in nodes of Elasticsearch and OpenSearch that are really running.

mod cluster;
mod documents;
mod judged;
mod killed;
mod settings;
