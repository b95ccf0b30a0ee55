//! How a run ends.

use std::io;
use std::process::ExitCode;

use super::filter::{Filter, StopReason};
use crate::args::Input;
use crate::{EXIT_ERROR, EXIT_FOUND, message};

/// Says what went wrong, and how the process ends. A summary came before.
pub(crate) fn exit_code(filter: &Filter<'_>, inputs: &[Input], result: &Result<(), StopReason>) -> ExitCode {
    let mut is_success = !filter.was_disabled();
    let mut error = |text: String| {
        is_success = false;
        message::error(&text);
    };
    filter.failures().iter().for_each(|failure| error(failure.to_string()));
    match result {
        Ok(()) => {}
        // A reader that has seen enough of a file, such as `head`, is no error; what
        // came out of a pipe is gone.
        Err(StopReason::Output { cause, .. })
            if cause.kind() == io::ErrorKind::BrokenPipe && inputs.iter().all(|input| input.file_bytes().is_some()) => {
        }
        Err(StopReason::Output { cause, lines_left }) if cause.kind() == io::ErrorKind::BrokenPipe => error(format!(
            "whoever read standard output is gone: {lines_left} lines that were read, or more, did not get there"
        )),
        Err(StopReason::Input(failure)) => {
            let input = inputs.get(failure.stream).unwrap_or(&Input::Stdin);
            error(format!("cannot read {input}: {}", failure.cause));
        }
        Err(StopReason::Output { cause, lines_left }) => error(format!(
            "cannot write the output: {cause}; {lines_left} lines that were read, or more, did not get there"
        )),
    }
    match is_success {
        false => ExitCode::from(EXIT_ERROR),
        true if filter.counts().unjudged > 0 => ExitCode::from(EXIT_FOUND),
        true => ExitCode::SUCCESS,
    }
}
