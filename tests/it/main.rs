//! Everything that crosses a boundary, from outside: the built command, the
//! component in another host, hostile components, kills.
//!
//! `FIRSTSEEN_KILLS` sets how often the crash tests kill (12), `BLESS=1`
//! rewrites golden files, `CI=true` makes what cannot be tested a failure.

mod cli;
mod corpus;
mod crash;
mod field_table;
mod frozen;
mod hostile;
mod imports;
mod other_host;
mod plain;
mod rejected;
mod rules;
mod schedule;
mod serve;
mod stored;
mod taken_over;
mod workers;
