//! Writes generated Elastic Defend events to standard output.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use firstseen_tests::endpoint_events::{Mix, write_events};

const USAGE: &str = "\
usage: endpoint-events [--events N] [--seed S] [--install-every N] [--parents N]
                       [--start TIME_MS] [--step-ms N]

  --events N         number of events (100000)
  --seed S           the same seed gives the same bytes (1)
  --install-every N  one in N events is a `dpkg -i`; 0: none (60)
  --parents N        distinct parents of these (200)
  --start TIME_MS    time of the first event, milliseconds since 1970
                     (1795500000000)
  --step-ms N        milliseconds from one event to the next (10)
";

/// `EX_USAGE` of sysexits.h.
const EX_USAGE: u8 = 64;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        return finish(io::stdout().write_all(USAGE.as_bytes()));
    }
    match parse(&args) {
        Ok(mix) => finish(write_events(&mix, &mut io::stdout().lock()).map(drop)),
        Err(cause) => {
            eprint!("endpoint-events: {cause}\n{USAGE}");
            ExitCode::from(EX_USAGE)
        }
    }
}

fn parse(args: &[String]) -> Result<Mix, String> {
    let mut mix =
        Mix { seed: 1, events: 100_000, install_every: 60, parents: 200, start_ms: 1_795_500_000_000, step_ms: 10 };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let (name, joined) = match arg.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (arg.as_str(), None),
        };
        let mut value =
            || joined.or_else(|| args.next().map(String::as_str)).ok_or_else(|| format!("{name} needs a value"));
        match name {
            "--events" => mix.events = number(name, value()?)?,
            "--seed" => mix.seed = number(name, value()?)?,
            "--install-every" => mix.install_every = number(name, value()?)?,
            "--parents" => mix.parents = number(name, value()?)?,
            "--start" => mix.start_ms = number(name, value()?)?,
            "--step-ms" => mix.step_ms = number(name, value()?)?,
            _ => return Err(format!("unknown argument {arg:?}")),
        }
    }
    Ok(mix)
}

fn number<N: std::str::FromStr>(name: &str, value: &str) -> Result<N, String> {
    value.parse().map_err(|_| format!("{name}: {value:?} is not a number in range"))
}

/// A reader that has seen enough is no failure.
fn finish(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("endpoint-events: standard output: {error}");
            ExitCode::FAILURE
        }
    }
}
