//! What clients may use.

use std::time::Duration;

use firstseen_serve::Limits;

use crate::args;

/// What a client, and all of them together, may use.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitArgs {
    /// Greatest length of a body that brings documents, as it is sent; a longer one
    /// gets status 413.
    #[arg(long, value_name = "BYTES", value_parser = args::bytes, default_value = "100MiB")]
    max_body: usize,
    /// The same when it is unpacked.
    #[arg(long, value_name = "BYTES", value_parser = args::bytes, default_value = "256MiB")]
    max_unpacked: usize,
    /// Bytes of such bodies, and of what is made of them, at a time: of all requests
    /// together. Beyond it clients get status 429, and come again. The component's
    /// memory comes on top: see --call-memory, once for each of --jobs.
    #[arg(long, value_name = "BYTES", value_parser = args::bytes, default_value = "512MiB")]
    max_memory: usize,
    /// Connections of clients at a time; more wait.
    #[arg(long, value_name = "N", default_value_t = 1024)]
    max_connections: usize,
    /// How long a client may send nothing in the middle of a request, and between
    /// requests.
    #[arg(long, value_name = "DURATION", value_parser = args::duration, default_value = "60s")]
    client_timeout: Duration,
    /// How long the cluster may take to begin an answer, and to go on with it.
    #[arg(long, value_name = "DURATION", value_parser = args::duration, default_value = "120s")]
    pub(super) upstream_timeout: Duration,
}

impl LimitArgs {
    /// The same for a proxy.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            connections: self.max_connections,
            body_bytes: self.max_body,
            unpacked_bytes: self.max_unpacked,
            in_flight_bytes: self.max_memory,
            client_timeout: self.client_timeout,
            ..Limits::default()
        }
    }
}
