//! What a call answers.

use serde::Serialize;

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// It is through; the bytes are what it gave.
    Done = 0,
    /// It asks: a question a line. `firstseen_finish` goes on with the answers.
    Ask = 1,
    /// It did nothing; the bytes say why, for a person. Beginning and finishing give a batch
    /// under way up.
    Invalid = 2,
    /// No rule is loaded. The bytes say so.
    NotConfigured = 3,
}

/// A status, and bytes: NDJSON, or a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// How it went.
    pub status: Status,
    /// What it gave.
    pub bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn invalid(cause: impl ToString) -> Self {
        Self { status: Status::Invalid, bytes: cause.to_string().into_bytes() }
    }

    pub(crate) fn empty(status: Status) -> Self {
        Self { status, bytes: Vec::new() }
    }

    /// Adds a line.
    pub(crate) fn push(&mut self, line: &impl Serialize) {
        let length = self.bytes.len();
        // It has nothing that JSON has not.
        if serde_json::to_writer(&mut self.bytes, line).is_err() {
            self.bytes.truncate(length);
            return;
        }
        self.bytes.push(b'\n');
    }
}
