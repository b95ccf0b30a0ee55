//! The `firstseen` command, on the public API of the library.
//!
//! Exit codes: 0 all is well, 1 something was found to differ (`test`), not to
//! run (`check`) or not at all (`match`, `rules`), 2 an error, 64 wrong usage.

mod args;
mod command;
mod door;
mod glob;
mod harness;
mod message;
mod pipeline;
mod printing;
mod settings;
mod stream;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use settings::{Layers, Problem};

use command::{check, config, filter, generate, matching, module, rules, serve, state, test};

const EXIT_FOUND: u8 = 1;
const EXIT_ERROR: u8 = 2;
const EXIT_USAGE: u8 = 64;

/// Detect with Elastic Security's rules while events are on their way.
///
/// Reads events as NDJSON in ECS form and raises Kibana alerts the moment an
/// event matches: with the built-in rule, the first time within five days that
/// a parent process is seen installing a package with `dpkg -i`. With
/// --state what was seen is kept in a directory, so a restart raises nothing twice.
#[derive(Debug, Parser)]
#[command(name = "firstseen", version, max_term_width = 100, after_long_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  Watch a stream; events pass through, an alert follows the event that raised it:
    shipper | firstseen filter --state seen | next-stage

  Look into a recording, alerts only, by the events' own time:
    firstseen filter --only-alerts --clock event events.ndjson

  See which rules run here, and why others do not:
    firstseen check detection-rules/rules

  Find rules, and read one with its guide:
    firstseen rules --technique T1059 detection-rules/rules
    firstseen rules --show 'Linux Clipboard Activity Detected' detection-rules/rules

  Test rules:
    firstseen test my-rules/

  Look into what was seen, and let a state begin with the past:
    firstseen state ls --like '/tmp/*' seen
    firstseen state seed seen old-events/*.ndjson.gz

Options that several commands have mean the same in all of them. --format is the
form of what a command prints; where a FILE of events or a PATH of rules is an
argument, - is standard input.

Exit status:
  0  all is well
  1  a rule test failed, a rule that should run does not, or nothing was found
  2  an error
  64  wrong usage";

/// What each does is said where its arguments are.
#[derive(Debug, Subcommand)]
enum Command {
    Filter(filter::Args),
    Serve(Box<serve::Args>),
    Config(config::Args),
    Match(matching::Args),
    Check(check::Args),
    Rules(rules::Args),
    Test(test::Args),
    State(state::Args),
    Module(module::Args),
    Completions(generate::CompletionsArgs),
    Man(generate::ManArgs),
}

fn main() -> ExitCode {
    let arguments = match with_settings(std::env::args_os().collect()) {
        Ok(arguments) => arguments,
        Err(problems) => return config::say(&problems),
    };
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell if this fails.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                _ => ExitCode::from(EXIT_USAGE),
            };
        }
    };
    let result = match cli.command {
        Command::Filter(args) => args.run(),
        Command::Serve(args) => args.run(),
        Command::Config(args) => args.run(),
        Command::Match(args) => args.run(),
        Command::Check(args) => args.run(),
        Command::Rules(args) => args.run(),
        Command::Test(args) => args.run(),
        Command::State(args) => args.run(),
        Command::Module(args) => args.run(),
        Command::Completions(args) => args.run(),
        Command::Man(args) => args.run(),
    };
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            message::error(&format!("{error:#}"));
            ExitCode::from(EXIT_ERROR)
        }
    }
}

/// The arguments, for `serve` with what a file and the environment say before them.
fn with_settings(arguments: Vec<OsString>) -> Result<Vec<OsString>, Vec<Problem>> {
    let [program, command, rest @ ..] = arguments.as_slice() else { return Ok(arguments) };
    if command != "serve" {
        return Ok(arguments);
    }
    let layers = Layers::read(rest.to_vec())?;
    Ok([program.clone(), command.clone()].into_iter().chain(layers.arguments()).collect())
}

/// A reader that has seen enough, such as `head`, is no error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
