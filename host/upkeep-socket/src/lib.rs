//! Looking after a state that another process has open, through a Unix socket.
//!
//! Who has the state open runs an [`UpkeepServer`]; everybody else gets the same
//! [`Upkeep`](firstseen_ledger::Upkeep) by an [`UpkeepClient`], whose methods each ask
//! once, on a connection of their own. Only the owner of the socket can connect.
//!
//! ```
//! use std::sync::Arc;
//!
//! use firstseen_ledger::{MemoryLedger, Record, Since, Upkeep};
//! use firstseen_upkeep_socket::{UpkeepClient, UpkeepServer};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("socket");
//! let ledger: Arc<MemoryLedger> = Arc::default();
//! let state = Arc::clone(&ledger);
//! let server = UpkeepServer::start(&path, move || Ok(Arc::clone(&state) as Arc<dyn Upkeep>))?;
//!
//! let client = UpkeepClient::find(&path)?.expect("there is a server");
//! client.import(&[Record::Rule { rule: "rule".to_owned(), since: Since::met(7) }], 7)?;
//! assert_eq!(ledger.rules(None, 10)?.items.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The protocol
//!
//! A connection is one question and one answer. Each side writes two lines of JSON: which
//! version it speaks, `{"firstseen_upkeep":1}`, then what it has to say. A line has
//! 16 MiB at most. Lists come in parts that fit; who asks for a part says behind what it
//! begins, so nothing is kept between two questions.

mod client;
mod error;
mod place;
mod protocol;
mod server;
#[cfg(test)]
mod tests;
mod wire;

pub use client::UpkeepClient;
pub use error::{StartError, UpkeepSocketError};
pub use server::UpkeepServer;
