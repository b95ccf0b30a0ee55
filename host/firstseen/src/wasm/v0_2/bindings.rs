//! Bindings generated from `wit/`, where their documentation is.

#![allow(missing_docs, unreachable_pub, reason = "generated code")]
#![allow(clippy::allow_attributes_without_reason, clippy::indexing_slicing, reason = "generated code")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "detection-module",
});

pub(super) use self::exports::firstseen::detection::{detector, state};
pub(super) use self::firstseen::detection::logging;
