//! Rules, state and limits, put together.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::outcome::{Alert, Outcome};
use crate::store::{Learning, MemoryStore, Store};
use crate::wasm::{Instance, Limits, LogMessage, Module, detector as wit, printable, printable_lines};
use crate::worker::Worker;

/// Loading rules may take longer than evaluating a batch.
const CONFIGURE_TIMEOUT: Duration = Duration::from_secs(30);

/// A named text; the name appears in messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// File name or other origin.
    pub name: String,
    /// The text.
    pub content: String,
}

/// Where the time of an event comes from when it lacks a rule's
/// `timestamp_override` field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// A live pipeline: the arrival of the batch stands for `event.ingested`.
    #[default]
    Arrival,
    /// A replay: `@timestamp`.
    Event,
}

/// The form of alert documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertFormat {
    /// For Kibana's alerts index.
    #[default]
    Kibana,
    /// A small ECS document.
    Ecs,
}

/// A rule that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSummary {
    /// Kibana's `rule_id`.
    pub rule_id: String,
    /// Kibana's `version`.
    pub version: u32,
    /// Kibana's `name`.
    pub name: String,
    /// Kibana's `type`.
    pub kind: String,
    /// Key of the rule's history in the store.
    pub history: String,
    /// The new-terms fields.
    pub new_terms_fields: Vec<String>,
    /// Length of the history window in milliseconds; none where it depends on
    /// the day. For a `query` rule its look-back.
    pub window_ms: Option<u64>,
    /// What its author should know, one sentence each.
    pub warnings: Vec<String>,
}

/// Why a rule does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its type, language or source is none the module runs.
    NotOurs,
    /// It is switched off.
    Disabled,
    /// It asks for something that is not supported.
    Unsupported,
    /// It is wrong.
    Invalid,
}

impl Refusal {
    /// Whether somebody has to do something about it: the rule should run.
    pub fn is_fault(self) -> bool {
        matches!(self, Self::Unsupported | Self::Invalid)
    }
}

/// A rule that does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRefusal {
    /// Name of the document it stands in.
    pub document: String,
    /// Position of the rule in the document, from 0.
    pub position: usize,
    /// `rule_id`, if it could be read.
    pub rule_id: Option<String>,
    /// Its name, if it could be read.
    pub name: Option<String>,
    /// Its type, if it could be read.
    pub kind: Option<String>,
    /// Why it does not run.
    pub reason: Refusal,
    /// The rule's field at fault.
    pub field: Option<String>,
    /// Byte offset of the fault within the field, or the document.
    pub offset: Option<usize>,
    /// What is wrong.
    pub cause: String,
}

/// What became of rules and what came with them.
#[derive(Clone, Debug, Default)]
pub struct RuleReports {
    /// The rules that run, in order.
    pub rules: Vec<RuleSummary>,
    /// The rules that do not, in order.
    pub refusals: Vec<RuleRefusal>,
    /// Exceptions, value lists and mappings that cannot be used.
    pub unusable: Vec<RuleRefusal>,
}

/// Detection with a set of rules and a store. Cheap to clone; clones share the
/// store.
#[derive(Clone)]
pub struct Detector {
    pub(crate) shared: Arc<Shared>,
}

/// What the workers of a detector share.
pub(crate) struct Shared {
    pub(crate) module: Module,
    pub(crate) configuration: wit::Configuration,
    pub(crate) limits: Limits,
    pub(crate) line_bytes_max: usize,
    pub(crate) learning: Learning,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) rules: Vec<RuleSummary>,
    refusals: Vec<RuleRefusal>,
    unusable: Vec<RuleRefusal>,
    log: Box<dyn Fn(&LogMessage) + Send + Sync>,
}

/// Puts a [`Detector`] together.
pub struct Builder {
    module: Module,
    configuration: wit::Configuration,
    limits: Limits,
    line_bytes_max: usize,
    learn: Duration,
    store: Option<Arc<dyn Store>>,
    log: Box<dyn Fn(&LogMessage) + Send + Sync>,
}

impl Detector {
    /// Begins a detector that runs the module's built-in rule over a memory
    /// store; the builder changes that.
    pub fn builder(module: Module) -> Builder {
        Builder {
            module,
            configuration: wit::Configuration {
                rules: Vec::new(),
                exceptions: Vec::new(),
                value_lists: Vec::new(),
                mappings: Vec::new(),
                clock: wit::Clock::Arrival,
                format: wit::AlertFormat::Kibana,
                space: "default".to_owned(),
            },
            limits: Limits::default(),
            line_bytes_max: 1 << 20,
            learn: Duration::ZERO,
            store: None,
            log: Box::new(|_| {}),
        }
    }

    /// A worker, with an instance of the module of its own.
    ///
    /// # Errors
    ///
    /// [`Error::Start`] if the module cannot be started.
    pub fn worker(&self) -> Result<Worker, Error> {
        Worker::new(self.clone())
    }

    /// The same rules over a store of their own, with the times of events as an
    /// index would have them: `@timestamp` where the override is missing.
    pub(crate) fn of_stored_events(&self) -> Self {
        let shared = &self.shared;
        let configuration = wit::Configuration { clock: wit::Clock::Event, ..shared.configuration.clone() };
        let original = Arc::clone(shared);
        Self {
            shared: Arc::new(Shared {
                module: shared.module.clone(),
                configuration,
                limits: shared.limits,
                line_bytes_max: shared.line_bytes_max,
                learning: Learning::NONE,
                store: Arc::new(MemoryStore::new()),
                rules: shared.rules.clone(),
                refusals: shared.refusals.clone(),
                unusable: shared.unusable.clone(),
                log: Box::new(move |message| (original.log)(message)),
            }),
        }
    }

    /// The rules that run.
    pub fn rules(&self) -> &[RuleSummary] {
        &self.shared.rules
    }

    /// The rules that do not.
    pub fn refusals(&self) -> &[RuleRefusal] {
        &self.shared.refusals
    }

    /// Exceptions, value lists and mappings that cannot be used.
    pub fn unusable(&self) -> &[RuleRefusal] {
        &self.shared.unusable
    }

    /// Alerts that were committed but never acknowledged, oldest first: after a
    /// crash, hand them to the sink before anything else.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if the state cannot be read.
    pub fn outbox(&self) -> Result<Vec<Alert>, Error> {
        let alert = |(number, stored): (u64, crate::store::StoredAlert)| Alert {
            number,
            line: None,
            rule_id: stored.rule_id,
            term: stored.term,
            id: stored.id,
            document: stored.document,
        };
        Ok(self.shared.store.outbox()?.into_iter().map(alert).collect())
    }

    /// Says that the sink has all alerts of an outcome.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if the state cannot be written; the alerts will be
    /// handed over again.
    pub fn acknowledge(&self, outcome: &Outcome) -> Result<(), Error> {
        self.acknowledge_alerts(&outcome.alerts)
    }

    /// Says that the sink has these alerts.
    ///
    /// # Errors
    ///
    /// As [`Detector::acknowledge`].
    pub fn acknowledge_alerts(&self, alerts: &[Alert]) -> Result<(), Error> {
        if alerts.is_empty() {
            return Ok(());
        }
        let numbers: Vec<u64> = alerts.iter().map(|alert| alert.number).collect();
        Ok(self.shared.store.acknowledge(&numbers)?)
    }

    /// Writes what the store still holds in memory. Dropping the store does so
    /// too, but cannot say if it failed.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if the state cannot be written.
    pub fn flush(&self) -> Result<(), Error> {
        Ok(self.shared.store.flush()?)
    }
}

impl Shared {
    /// A fresh instance that runs the rules.
    pub(crate) fn instance(&self) -> Result<Instance, Error> {
        let mut instance = Instance::new(&self.module, self.limits).map_err(Error::Start)?;
        instance.configure(&self.configuration, CONFIGURE_TIMEOUT).map_err(Error::Start)?;
        self.log(instance.take_messages());
        Ok(instance)
    }

    pub(crate) fn log(&self, messages: Vec<LogMessage>) {
        messages.iter().for_each(|message| (self.log)(message));
    }
}

impl Builder {
    /// Runs these rules (Kibana rule JSON: one object, an array, or NDJSON)
    /// instead of the built-in one.
    #[must_use]
    pub fn rules(mut self, documents: impl IntoIterator<Item = Document>) -> Self {
        self.configuration.rules = to_wit(documents);
        self
    }

    /// Exception lists and items as Kibana exports them (NDJSON); rules have
    /// those that their `exceptions_list` names.
    #[must_use]
    pub fn exceptions(mut self, documents: impl IntoIterator<Item = Document>) -> Self {
        self.configuration.exceptions = to_wit(documents);
        self
    }

    /// Value lists that exceptions name: the document's name is the list's id,
    /// its content one value a line.
    #[must_use]
    pub fn value_lists(mut self, documents: impl IntoIterator<Item = Document>) -> Self {
        self.configuration.value_lists = to_wit(documents);
        self
    }

    /// Field types that win over the module's own table: mappings, index
    /// templates or `_field_caps` answers (JSON). The last one wins.
    #[must_use]
    pub fn mappings(mut self, documents: impl IntoIterator<Item = Document>) -> Self {
        self.configuration.mappings = to_wit(documents);
        self
    }

    /// Where event times come from; [`Clock::Arrival`] by default.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.configuration.clock = match clock {
            Clock::Arrival => wit::Clock::Arrival,
            Clock::Event => wit::Clock::Event,
        };
        self
    }

    /// Form of the alerts; [`AlertFormat::Kibana`] by default.
    #[must_use]
    pub fn format(mut self, format: AlertFormat) -> Self {
        self.configuration.format = match format {
            AlertFormat::Kibana => wit::AlertFormat::Kibana,
            AlertFormat::Ecs => wit::AlertFormat::Ecs,
        };
        self
    }

    /// Kibana space of the alerts, part of every alert id; `default` by
    /// default.
    #[must_use]
    pub fn space(mut self, space: impl Into<String>) -> Self {
        self.configuration.space = space.into();
        self
    }

    /// Where sightings are kept; a fresh [`MemoryStore`] by default.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// How long a rule that is new to the store only learns: sightings are
    /// recorded, alerts held back and counted. Zero by default. It counts from
    /// the first batch, or, by [`Clock::Event`], from the rule's first sighting.
    #[must_use]
    pub fn learn(mut self, learn: Duration) -> Self {
        self.learn = learn;
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
        self.log = Box::new(log);
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
        if rules.is_empty() {
            return Err(Error::NoRules(refusals));
        }
        let learn_ms = u64::try_from(self.learn.as_millis()).unwrap_or(u64::MAX);
        let learning = match self.configuration.clock {
            wit::Clock::Arrival => Learning::by_arrival(learn_ms),
            wit::Clock::Event => Learning::by_event(learn_ms),
        };
        let shared = Shared {
            module: self.module,
            configuration: self.configuration,
            limits: self.limits,
            line_bytes_max: self.line_bytes_max,
            learning,
            store: self.store.unwrap_or_else(|| Arc::new(MemoryStore::new())),
            rules,
            refusals,
            unusable,
            log: self.log,
        };
        shared.log(instance.take_messages());
        Ok(Detector { shared: Arc::new(shared) })
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
        let mut reports = RuleReports::default();
        for report in instance.configure(&self.configuration, CONFIGURE_TIMEOUT).map_err(Error::Start)? {
            match report {
                wit::RuleReport::Loaded(summary) => reports.rules.push(summary.into()),
                wit::RuleReport::Refused(error) => reports.refusals.push(rule_refusal(error)),
                wit::RuleReport::Unusable(error) => reports.unusable.push(rule_refusal(error)),
            }
        }
        Ok((instance, reports))
    }
}

impl From<wit::RuleSummary> for RuleSummary {
    fn from(summary: wit::RuleSummary) -> Self {
        Self {
            rule_id: summary.rule_id,
            version: summary.version,
            name: summary.name,
            kind: summary.kind,
            history: summary.history,
            new_terms_fields: summary.new_terms_fields,
            window_ms: summary.window_ms,
            warnings: summary.warnings.iter().map(|warning| printable(warning)).collect(),
        }
    }
}

fn to_wit(documents: impl IntoIterator<Item = Document>) -> Vec<wit::Document> {
    documents.into_iter().map(|document| wit::Document { name: document.name, content: document.content }).collect()
}

fn rule_refusal(error: wit::RuleError) -> RuleRefusal {
    RuleRefusal {
        document: printable(&error.document),
        position: error.position as usize,
        rule_id: error.rule_id.as_deref().map(printable),
        name: error.name.as_deref().map(printable),
        kind: error.kind.as_deref().map(printable),
        reason: match error.reason {
            wit::Refusal::NotOurs => Refusal::NotOurs,
            wit::Refusal::Disabled => Refusal::Disabled,
            wit::Refusal::Unsupported => Refusal::Unsupported,
            wit::Refusal::Invalid => Refusal::Invalid,
        },
        field: error.field.as_deref().map(printable),
        offset: error.offset.map(|offset| offset as usize),
        cause: printable_lines(&error.cause),
    }
}

impl fmt::Display for RuleRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.document)?;
        match &self.rule_id {
            Some(rule_id) => write!(f, ": rule {rule_id}")?,
            None => write!(f, ": rule number {}", self.position)?,
        }
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, " (byte {offset})")?;
        }
        write!(f, ": {}", self.cause)
    }
}
