//! What the tests from outside share: a generator of endpoint events, the
//! built `firstseen`, scratch folders.

pub mod endpoint_events;
