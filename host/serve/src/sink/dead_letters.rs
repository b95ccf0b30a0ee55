//! Alerts that nobody takes.

use std::io;
use std::path::PathBuf;

use firstseen_delivery::{AlertFile, Outgoing};

/// A file of alerts that were refused for good, each on a line with the reason:
/// `{"status":400,"reason":"…","alert":{…}}`. It is made when there is one.
pub(super) struct DeadLetters {
    path: PathBuf,
    file: Option<AlertFile>,
}

impl DeadLetters {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Keeps an alert; it is on disk then.
    pub(super) fn keep(&mut self, alert: &Outgoing, status: u16, reason: &str) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(AlertFile::open(&self.path)?),
        };
        let reason = serde_json::Value::from(reason);
        let line = format!("{{\"status\":{status},\"reason\":{reason},\"alert\":{}}}\n", alert.document);
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display()));
        file.append(line.as_bytes(), |_| false).map_err(named)?;
        tracing::error!(
            alert = alert.id,
            "AN ALERT IS REFUSED, with status {status}: {reason}; it is kept in {}",
            self.path.display()
        );
        Ok(())
    }
}
