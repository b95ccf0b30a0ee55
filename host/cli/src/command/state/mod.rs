//! `firstseen state`.
//!
//! What the subcommands do goes through [`Upkeep`] alone, whoever has the state open.

mod cluster;
mod export;
mod forget;
mod get;
mod import;
mod line;
mod list;
mod rule;
mod seed;
mod seeding;
mod stats;
mod time;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use firstseen::ledger::{KnownTerm, LedgerError, Page, Upkeep};
use firstseen_state_file::{Cause, SOCKET, StateFile, StateFileError};
use firstseen_upkeep_socket::UpkeepClient;

use crate::message;

/// Look into a state, take out of it, or put into it.
///
/// A state, which `firstseen serve` and `filter` keep with --state DIR, is what rules
/// have seen: a history for each term of each rule, and the alerts that wait. One
/// process has it open at a time. While that is `serve` or `filter`, these commands ask
/// it, through a Unix socket in the directory that only its owner can use; else they
/// open the state themselves. What is changed counts from the next event on.
///
/// A rule is called by the key of its history, as `ls` shows it, or by its rule_id
/// where the state has one history of it. A term is a JSON array of its values, as
/// `ls` shows it; where it has one value that is text, the bare text will do.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen state stats seen
  firstseen state ls --rule f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee --like '/tmp/*' seen
  firstseen state forget --rule f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee seen /tmp/x/installer
  firstseen state export seen | zstd > seen.ndjson.zst
  firstseen state import other-seen seen.ndjson.zst
  firstseen state seed --rules detection-rules/rules seen last-month/*.ndjson.gz
  firstseen state seed --rules detection-rules/rules --from 'http://localhost:9200/logs-*' seen

Exit status:
  0  all is well      1  nothing was found      2  an error";

/// What each does is said where its arguments are.
#[derive(Debug, Subcommand)]
enum Command {
    Stats(stats::Args),
    Ls(list::Args),
    Get(get::Args),
    Forget(forget::Args),
    Export(export::Args),
    Import(import::Args),
    Seed(Box<seed::Args>),
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Stats(args) => args.run(),
            Command::Ls(args) => args.run(),
            Command::Get(args) => args.run(),
            Command::Forget(args) => args.run(),
            Command::Export(args) => args.run(),
            Command::Import(args) => args.run(),
            Command::Seed(args) => args.run(),
        }
    }
}

/// Items of a list that are read at a time.
const PAGE: usize = 1_000;

/// A state that is there, to look after.
fn open_existing(path: &Path) -> Result<Box<dyn Upkeep>> {
    open_with(path, || StateFile::open_existing(path))
}

/// A state, made if there is none, to look after.
fn open(path: &Path) -> Result<Box<dyn Upkeep>> {
    open_with(path, || StateFile::open(path))
}

/// A state: through the process that has it open if there is one that lets others in,
/// else by opening it.
fn open_with(path: &Path, open: impl FnOnce() -> Result<StateFile, StateFileError>) -> Result<Box<dyn Upkeep>> {
    let socket = path.join(SOCKET);
    if let Some(state) = UpkeepClient::find(&socket)? {
        return Ok(Box::new(state));
    }
    match open() {
        Ok(state) => Ok(Box::new(told(state, path))),
        // It may just have begun to let others in.
        Err(error) if matches!(error.cause, Cause::InUse) => match UpkeepClient::find(&socket)? {
            Some(state) => Ok(Box::new(state)),
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Says it if the state is new or had an earlier form.
fn told(state: StateFile, path: &Path) -> StateFile {
    let path = path.display();
    if state.is_new() {
        message::say(&format!("the state {path} is new: nothing was seen before"));
    }
    if let Some(earlier) = state.earlier_form() {
        let earlier = earlier.display();
        message::warn(&format!("the state {path} was taken over; what an earlier version wrote is {earlier} now"));
    }
    state
}

/// Hands a list to `each`, page by page.
fn each_page<T>(
    mut page: impl FnMut(Option<&str>) -> Result<Page<T>, LedgerError>,
    mut each: impl FnMut(Vec<T>) -> Result<()>,
) -> Result<()> {
    let mut after = None;
    loop {
        let Page { items, next } = page(after.as_deref())?;
        each(items)?;
        if next.is_none() {
            return Ok(());
        }
        after = next;
    }
}

/// Hands the terms of a rule to `each`, page by page.
fn each_terms(state: &dyn Upkeep, rule: &str, each: impl FnMut(Vec<KnownTerm>) -> Result<()>) -> Result<()> {
    each_page(|after| state.terms(rule, after, PAGE), each)
}
