//! `firstseen` as its users call it.

mod cache;
mod check;
mod config;
mod documents;
mod event_ids;
mod exit;
mod files;
mod flags;
mod generated;
mod input;
mod lines;
mod live;
mod matching;
mod outbox;
mod recorded;
mod rules;
mod state;
mod watch;
