//! What a module may import: the log.

use wasmtime::component::{HasSelf, Linker};

use super::bindings::logging;
use crate::wasm::host_state::{HostState, LogLevel};

/// Gives a linker what modules may import.
///
/// # Errors
///
/// When it has that already.
pub(in crate::wasm) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    logging::add_to_linker::<_, HasSelf<_>>(linker, |state: &mut HostState| state)
}

impl logging::Host for HostState {
    fn log(&mut self, level: logging::Level, context: String, message: String) {
        self.take_message(level.into(), &context, &message);
    }
}

impl From<logging::Level> for LogLevel {
    fn from(level: logging::Level) -> Self {
        match level {
            logging::Level::Trace => Self::Trace,
            logging::Level::Debug => Self::Debug,
            logging::Level::Info => Self::Info,
            logging::Level::Warn => Self::Warn,
            logging::Level::Error => Self::Error,
            logging::Level::Critical => Self::Critical,
        }
    }
}
