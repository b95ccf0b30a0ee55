//! Why a filter is not used.

use crate::document::Reason;

/// Why a query cannot be used, without the place.
#[derive(Debug)]
pub(super) struct FilterError {
    pub(super) reason: Reason,
    pub(super) cause: String,
}

impl FilterError {
    pub(super) fn unsupported(cause: impl Into<String>) -> Self {
        Self { reason: Reason::Unsupported, cause: cause.into() }
    }

    pub(super) fn invalid(cause: impl Into<String>) -> Self {
        Self { reason: Reason::Invalid, cause: cause.into() }
    }
}
