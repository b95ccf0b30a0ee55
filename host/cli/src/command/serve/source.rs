//! Where the rules and the state of a proxy come from.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use firstseen::ledger::{Ledger, MemoryLedger, OutboxMax};
use firstseen::{Detector, Learn, LogLevel, LogMessage};
use firstseen_serve::DetectorSource;
use firstseen_state_file::StateFile;

use super::Args;
use crate::args::{AlertArgs, ModuleArgs, RuleArgs};
use crate::door::Door;

/// Files of rules, and the directory of a state.
pub(super) struct Source {
    rules: RuleArgs,
    alert: AlertArgs,
    module: ModuleArgs,
    learn: Learn,
    outbox_max: OutboxMax,
    line_bytes_max: usize,
    state: Option<PathBuf>,
    require_state: bool,
    opened: Weak<StateFile>,
    door: Arc<Door>,
}

impl Source {
    pub(super) fn new(args: &Args, door: Arc<Door>) -> Self {
        Self {
            rules: args.rules.clone(),
            alert: args.alert.clone(),
            module: args.module.clone(),
            learn: args.learn.0,
            outbox_max: args.outbox_max,
            line_bytes_max: args.line_bytes_max,
            state: args.state.clone(),
            require_state: args.require_state,
            opened: Weak::new(),
            door,
        }
    }

    fn read(&self, state: Arc<dyn Ledger>) -> anyhow::Result<Detector> {
        let (module, rule_set) = self.rules.load(&self.module)?;
        let builder = self
            .alert
            .apply(Detector::builder(module))
            .learn(self.learn)
            .outbox_max(self.outbox_max)
            .limits(self.module.limits())
            .line_bytes_max(self.line_bytes_max)
            .ledger(state)
            .log(log);
        rule_set.build(rule_set.apply(builder), self.rules.strict)
    }
}

impl DetectorSource for Source {
    fn open_state(&mut self) -> Result<Arc<dyn Ledger>, String> {
        let Some(path) = &self.state else {
            tracing::warn!("there is no --state: what was seen, and alerts that wait, are gone when this ends");
            return Ok(Arc::new(MemoryLedger::new()));
        };
        let opened = if self.require_state { StateFile::open_existing(path) } else { StateFile::open(path) };
        let state = Arc::new(opened.map_err(|error| error.to_string())?);
        if state.is_new() {
            tracing::info!("the state {} is new: nothing was seen before", path.display());
        }
        if let Some(earlier) = state.earlier_form() {
            let (path, earlier) = (path.display(), earlier.display());
            tracing::warn!("the state {path} was taken over; what an earlier version wrote is {earlier} now");
        }
        // One that was there is to be there when it is opened again.
        self.require_state = true;
        self.opened = Arc::downgrade(&state);
        if let Err(cause) = self.door.open(path.clone(), &state) {
            tracing::warn!("{cause}");
        }
        Ok(state)
    }

    fn read_rules(&mut self, state: Arc<dyn Ledger>) -> Result<Detector, String> {
        self.read(state).map_err(|error| format!("{error:#}"))
    }

    fn check_state(&mut self) -> Result<(), String> {
        match self.opened.upgrade() {
            Some(state) => state.check_in_place().map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }
}

/// What the module says goes into the log.
fn log(message: &LogMessage) {
    match message.level {
        level if level >= LogLevel::Warn => tracing::warn!("{}", message.text),
        _ => tracing::debug!("{}", message.text),
    }
}
