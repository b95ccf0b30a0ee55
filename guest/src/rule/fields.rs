//! The fields of a rule that decide how it runs, read and checked.

use serde_json::{Map, Value};

use super::kinds::Kind;
use super::reader::RuleReader;
use super::window::{LookBack, Window, interval_ms};
use crate::document::{DocumentError, Reason};
use crate::state::Quota;

/// What Kibana assumes where a rule does not say.
const DEFAULT_FROM: &str = "now-6m";
const DEFAULT_INTERVAL: &str = "5m";
const DEFAULT_MAX_SIGNALS: u64 = 100;

/// Greatest size of a query in bytes.
const MAX_QUERY: usize = firstseen_query::MAX_QUERY_BYTES;

/// Features of Kibana's rules that would change what alerts: a rule that has
/// one does not run.
const UNSUPPORTED: [(&str, &str); 2] = [("data_view_id", "data views"), ("saved_id", "saved queries")];

/// The language of the queries that run.
pub const LANGUAGE: &str = "kuery";

/// A rule's fields as they are used, defaults filled in.
#[derive(Debug)]
pub struct Fields {
    /// `rule_id`.
    pub rule_id: String,
    /// `id` (Kibana's saved-object id), else `rule_id`: `kibana.alert.rule.uuid`.
    pub uuid: String,
    /// `name`.
    pub name: String,
    /// `version`, 1 if absent.
    pub version: u32,
    /// `query`, in KQL.
    pub query: String,
    /// `index` patterns; empty: any index.
    pub index: Vec<String>,
    /// `type` and what belongs to it.
    pub kind: Kind,
    /// `from` and `to`.
    pub look_back: LookBack,
    /// `history_window_start`; for a query rule `from`.
    pub window: Window,
    /// `max_signals` per `interval`.
    pub quota: Quota,
    /// `timestamp_override`.
    pub timestamp_override: Option<String>,
    /// `timestamp_override_fallback_disabled`.
    pub fallback_disabled: bool,
    /// `severity`.
    pub severity: String,
    /// `risk_score`, 0 to 100.
    pub risk_score: Value,
}

impl Fields {
    /// Reads a rule object.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] for the first field that is missing, wrong or not
    /// supported.
    pub fn read(object: &Map<String, Value>) -> Result<Self, DocumentError> {
        let rule = RuleReader::of(object);
        let rule_id = rule.required_text("rule_id")?;
        let kind = Kind::read(&rule)?;
        rule.refuse_what_is_not_ours()?;
        let query = rule.text("query")?.unwrap_or_default();
        if query.len() > MAX_QUERY {
            return Err(DocumentError::new("query", format!("longer than {MAX_QUERY} bytes")));
        }
        let look_back = rule.look_back()?;
        Ok(Self {
            uuid: rule.text("id")?.unwrap_or_else(|| rule_id.clone()),
            name: rule.required_text("name")?,
            version: rule.whole_number("version")?.unwrap_or(1).try_into().unwrap_or(u32::MAX),
            query,
            index: rule.texts("index")?.unwrap_or_default(),
            window: kind.window(&rule, &look_back)?,
            kind,
            look_back,
            quota: rule.quota()?,
            timestamp_override: rule.text("timestamp_override")?.filter(|field| field != "@timestamp"),
            fallback_disabled: rule.flag("timestamp_override_fallback_disabled")?.unwrap_or(false),
            severity: rule.severity()?,
            risk_score: rule.risk_score()?,
            rule_id,
        })
    }
}

impl RuleReader<'_> {
    fn refuse_what_is_not_ours(&self) -> Result<(), DocumentError> {
        let language = self.text("language")?;
        if let Some(language) = language.filter(|language| language != LANGUAGE) {
            let cause = format!("queries in `{language}` are not run; those in `{LANGUAGE}` (KQL) are");
            return Err(DocumentError::new("language", cause).because(Reason::NotOurs));
        }
        if self.flag("enabled")? == Some(false) {
            return Err(DocumentError::new("enabled", "the rule is switched off").because(Reason::Disabled));
        }
        for (field, feature) in UNSUPPORTED {
            let asked_for = match self.value(field) {
                None => false,
                Some(Value::Array(elements)) => !elements.is_empty(),
                Some(Value::String(text)) => !text.is_empty(),
                Some(_) => true,
            };
            if asked_for {
                let cause =
                    format!("{feature} are not supported, and without them the rule would alert on other events");
                return Err(DocumentError::new(field, cause).because(Reason::Unsupported));
            }
        }
        Ok(())
    }

    fn look_back(&self) -> Result<LookBack, DocumentError> {
        Ok(LookBack::new(self.date_math("from", Some(DEFAULT_FROM))?, self.date_math("to", Some("now"))?))
    }

    fn quota(&self) -> Result<Quota, DocumentError> {
        let max = self.whole_number("max_signals")?.unwrap_or(DEFAULT_MAX_SIGNALS);
        let interval = self.text("interval")?.unwrap_or_else(|| DEFAULT_INTERVAL.to_owned());
        let per_ms = interval_ms(&interval).ok_or_else(|| {
            DocumentError::new("interval", format!("`{interval}` is no interval; write `5m` (units: s m h d)"))
        })?;
        match u32::try_from(max) {
            Ok(max) if max >= 1 => Ok(Quota { max, per_ms }),
            _ => Err(DocumentError::new("max_signals", "a number from 1 to 4294967295 is needed")),
        }
    }

    fn severity(&self) -> Result<String, DocumentError> {
        let severity = self.required_text("severity")?;
        match severity.as_str() {
            "low" | "medium" | "high" | "critical" => Ok(severity),
            other => Err(DocumentError::new("severity", format!("`{other}` is none of low, medium, high, critical"))),
        }
    }

    fn risk_score(&self) -> Result<Value, DocumentError> {
        match self.value("risk_score") {
            Some(value @ Value::Number(number))
                if number.as_f64().is_some_and(|score| (0.0..=100.0).contains(&score)) =>
            {
                Ok(value.clone())
            }
            _ => Err(DocumentError::new("risk_score", "a number from 0 to 100 is needed")),
        }
    }
}
