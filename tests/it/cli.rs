//! `firstseen` as its users call it.

mod documents;
mod exit;
mod flags;
mod generated;
mod lines;
mod live;
mod recorded;
