//! A detecting proxy in front of Elasticsearch.
//!
//! Clients speak to it instead of the cluster. What they send arrives there byte for
//! byte, and what the cluster answers arrives at them. Documents on their way are given
//! to the rules of a [`Detector`](firstseen::Detector); alerts appear beside them, and
//! name the documents that the cluster stored.
//!
//! A request that brings no documents streams through. One that does is taken whole,
//! looked at, and passed on, compressed as it came: [`Server`] is all of it together.
//!
//! # What is promised
//!
//! - A document that a client was told is stored was given to the rules, unless
//!   detection failed and [`OnDetectionError::Pass`] lets documents flow: then it is said,
//!   and counted; while it is off, [`/readyz`](Settings::admin) fails.
//! - The client's answer leaves when the cluster's is there and the sightings and alerts
//!   are on disk.
//! - A request of which a byte has gone to the cluster is never sent again.
//! - What requests take of memory is bounded by [`Limits::in_flight_bytes`].

mod admin;
mod body;
mod budget;
mod client;
mod clock;
mod detection;
mod documents;
mod encoding;
mod linking;
mod listener;
mod metrics;
mod patient;
mod proxy;
mod route;
mod secret;
mod server;
mod settings;
mod sink;
mod tls;
mod upstream;

pub use client::{ClusterAnswer, ClusterClient, ClusterError};
pub use detection::{DetectionError, DetectorSource};
pub use secret::Secret;
pub use server::{Server, StartError};
pub use settings::{AlertTarget, ElasticsearchTarget, Limits, OnDetectionError, Settings, Upstream};
pub use tls::ServerTls;
pub use upstream::{TlsError, UpstreamSettingsError};
