//! Against real servers: what they take of what Firstseen writes, and what real
//! clients bring them through the proxy.
//!
//! `make test-e2e` puts the servers and clients together and runs this. A server is started
//! for each test, on a free port of loopback, and stopped. Where it was not put
//! together the test is skipped, or fails with `CI=true`.

mod alerts;
mod assigning;
mod clients;
mod documented;
mod elasticsearch;
mod mappings;
mod seed;
mod server;
mod stored;
