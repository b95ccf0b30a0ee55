//! Putting a detector together.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::configuration::{AlertFormat, Clock, Configuration, DataView, Document, Shortcuts};
use crate::detector::Detector;
use crate::error::Error;
use crate::gate::Gate;
use crate::learn::Learn;
use crate::ledger::{Ledger, MemoryLedger, OutboxMax};
use crate::reports::RuleReports;
use crate::shared::Shared;
use crate::wasm::{Instance, Limits, LogMessage, Module};

/// Puts a [`Detector`] together.
pub struct Builder {
    module: Module,
    configuration: Configuration,
    limits: Limits,
    line_bytes_max: usize,
    learn: Learn,
    outbox_max: OutboxMax,
    ledger: Option<Arc<dyn Ledger>>,
    log: Arc<dyn Fn(&LogMessage) + Send + Sync>,
}

impl Builder {
    /// Begins a detector that runs the module's built-in rule over a ledger in
    /// memory; the builder changes that.
    pub(crate) fn new(module: Module) -> Self {
        Self {
            module,
            configuration: Configuration { space: "default".to_owned(), ..Configuration::default() },
            limits: Limits::default(),
            line_bytes_max: 1 << 20,
            learn: Learn::For(Duration::ZERO),
            outbox_max: OutboxMax::default(),
            ledger: None,
            log: Arc::new(|_| {}),
        }
    }

    /// Runs these rules (Kibana rule JSON: one object, an array, or NDJSON)
    /// instead of the built-in one.
    #[must_use]
    pub fn rules(mut self, documents: impl IntoIterator<Item = Document>) -> Self {
        self.configuration.rules = documents.into_iter().collect();
        self
    }

    /// Exception lists and items as Kibana exports them (NDJSON); a rule has
    /// those that its `exceptions_list` names, and those whose `list_id` is its
    /// `rule_id`.
    #[must_use]
    pub fn exceptions(mut self, documents: impl IntoIterator<Item = Document>) -> Self {
        self.configuration.exceptions = documents.into_iter().collect();
        self
    }

    /// Value lists that exceptions name: the document's name is the list's id,
    /// its content one value a line.
    #[must_use]
    pub fn value_lists(mut self, documents: impl IntoIterator<Item = Document>) -> Self {
        self.configuration.value_lists = documents.into_iter().collect();
        self
    }

    /// Field types that win over the module's own table: mappings, index
    /// templates or `_field_caps` answers (JSON). The last one wins.
    #[must_use]
    pub fn mappings(mut self, documents: impl IntoIterator<Item = Document>) -> Self {
        self.configuration.mappings = documents.into_iter().collect();
        self
    }

    /// Kibana's data views that rules name. A rule has the index patterns of its
    /// data view, whatever its own `index` says; one whose data view is not given
    /// is refused.
    #[must_use]
    pub fn data_views(mut self, data_views: impl IntoIterator<Item = DataView>) -> Self {
        self.configuration.data_views = data_views.into_iter().collect();
        self
    }

    /// The field of an event whose value is its `_id`, for events that have none
    /// in [`Batch::ids`](crate::Batch). One that is no text of 1 to 512 bytes does
    /// not count. None by default.
    #[must_use]
    pub fn event_id_field(mut self, field: impl Into<String>) -> Self {
        self.configuration.event_id_field = Some(field.into());
        self
    }

    /// Where event times come from; [`Clock::Arrival`] by default.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.configuration.clock = clock;
        self
    }

    /// Form of the alerts; [`AlertFormat::Kibana`] by default.
    #[must_use]
    pub fn format(mut self, format: AlertFormat) -> Self {
        self.configuration.format = format;
        self
    }

    /// Kibana space of the alerts, part of every alert id; `default` by
    /// default.
    #[must_use]
    pub fn space(mut self, space: impl Into<String>) -> Self {
        self.configuration.space = space.into();
        self
    }

    /// Ways round work, to leave some out where something looks wrong, or to
    /// measure them.
    #[must_use]
    pub fn shortcuts(mut self, shortcuts: Shortcuts) -> Self {
        self.configuration.shortcuts = shortcuts;
        self
    }

    /// Where sightings are kept; a fresh [`MemoryLedger`] by default.
    #[must_use]
    pub fn ledger(mut self, ledger: Arc<dyn Ledger>) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// How long a rule that is new to the ledger only learns: sightings are
    /// recorded, alerts held back and counted. Not at all by default. It counts from
    /// the first batch, or, by [`Clock::Event`], from the rule's first sighting.
    #[must_use]
    pub fn learn(mut self, learn: impl Into<Learn>) -> Self {
        self.learn = learn.into();
        self
    }

    /// How much may wait in the outbox before new terms are put off and other alerts
    /// are lost; see [`OutboxMax`].
    #[must_use]
    pub fn outbox_max(mut self, outbox_max: OutboxMax) -> Self {
        self.outbox_max = outbox_max;
        self
    }

    /// What the module may use.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Greatest length of a line in bytes; longer ones are not judged. 1 MiB by
    /// default, 32 MiB at most: a module takes batches of up to 64 MiB.
    #[must_use]
    pub fn line_bytes_max(mut self, line_bytes_max: usize) -> Self {
        self.line_bytes_max = line_bytes_max.min(32 << 20);
        self
    }

    /// Where the module's messages go; nowhere by default.
    #[must_use]
    pub fn log(mut self, log: impl Fn(&LogMessage) + Send + Sync + 'static) -> Self {
        self.log = Arc::new(log);
        self
    }

    /// Starts the module and loads the rules.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if the module fails, [`Error::NoRules`] if it refuses
    /// every rule. Rules refused beside others that run are in
    /// [`Detector::refusals`].
    pub fn build(self) -> Result<Detector, Error> {
        let (mut instance, RuleReports { rules, refusals, unusable }) = self.configured()?;
        instance.take_messages().iter().for_each(|message| (self.log)(message));
        if rules.is_empty() {
            return Err(Error::NoRules { refusals, unusable });
        }
        let learning = self.learn.learning(self.configuration.clock, &rules);
        let shared = Shared {
            module: self.module,
            configuration: self.configuration,
            spare: Mutex::new(Some(instance)),
            limits: self.limits,
            line_bytes_max: self.line_bytes_max,
            learn: self.learn,
            learning,
            outbox_max: self.outbox_max,
            ledger: self.ledger.unwrap_or_else(|| Arc::new(MemoryLedger::new())),
            rules,
            refusals,
            unusable,
            log: self.log,
            gate: Gate::new(),
            has_met_rules: AtomicBool::new(false),
        };
        Ok(Detector::new(shared))
    }

    /// Starts the module and says what became of the rules, be it that none
    /// runs.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if the module fails.
    pub fn check(self) -> Result<RuleReports, Error> {
        let (mut instance, reports) = self.configured()?;
        instance.take_messages().iter().for_each(|message| (self.log)(message));
        Ok(reports)
    }

    fn configured(&self) -> Result<(Instance, RuleReports), Error> {
        let mut instance = Instance::new(&self.module, self.limits).map_err(Error::Start)?;
        let reports = instance.configure(&self.configuration);
        let reports = reports.map_err(|trap| Error::Start(self.configuration.explain(trap)))?;
        Ok((instance, reports))
    }
}
