//! The integrations, each by its own means: `make test-integrations`.

mod python;
