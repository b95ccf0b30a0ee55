//! The fields of a rule that decide how it runs, read and checked.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::kinds::Kind;
use super::language::{EQL, KUERY};
use super::reader::RuleReader;
use super::window::{LookBack, Window, interval_ms};
use crate::document::{DocumentError, Reason, did_you_mean};
use crate::state::Quota;

/// What Kibana assumes where a rule does not say.
const DEFAULT_FROM: &str = "now-6m";
const DEFAULT_INTERVAL: &str = "5m";
const DEFAULT_MAX_SIGNALS: u64 = 100;

/// Greatest size of a query in bytes.
const MAX_QUERY: usize = firstseen_query::MAX_QUERY_BYTES;

/// The languages that Kibana knows for the types of rules that run.
const LANGUAGES: [&str; 3] = [KUERY, "lucene", EQL];

/// Names that the language goes by elsewhere.
const OTHER_NAMES: [&str; 3] = ["kql", "kibana", "dql"];

/// Values of `severity`, the least first.
pub const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];

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
    /// `query`, in the language of the type.
    pub query: String,
    /// The index patterns of its data view, else its `index`; empty: any index.
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
    /// Reads a rule object; `data_views` has the index patterns of data views, by
    /// their ids.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] for the first field that is missing, wrong or not
    /// supported.
    pub fn read(
        object: &Map<String, Value>,
        data_views: &BTreeMap<String, Vec<String>>,
    ) -> Result<Self, DocumentError> {
        let rule = RuleReader::of(object);
        let rule_id = rule.required_text("rule_id")?;
        let kind = Kind::read(&rule)?;
        rule.refuse_what_is_not_ours(&kind)?;
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
            index: rule.index(data_views)?,
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

/// Whether a language is the one of the rule's type.
fn check_language(language: &str, kind: &Kind) -> Result<(), DocumentError> {
    let (own, rule_type) = (kind.meaning().language(), kind.meaning().type_name());
    let cause = match language {
        language if language == own => return Ok(()),
        "lucene" if own == KUERY => {
            let cause = format!("queries in `lucene` are not run; those in `{KUERY}` (KQL) are");
            return Err(DocumentError::new("language", cause).because(Reason::NotOurs));
        }
        other if LANGUAGES.contains(&other) || other == "esql" => {
            format!("a rule of type `{rule_type}` is not in `{other}`, but in `{own}`")
        }
        other if OTHER_NAMES.contains(&other.to_lowercase().as_str()) => {
            format!("`{other}` is no language as Kibana writes it; did you mean `{KUERY}`?")
        }
        other => format!("`{other}` is no language of queries; {}", did_you_mean(other, &LANGUAGES)),
    };
    Err(DocumentError::new("language", cause))
}

impl RuleReader<'_> {
    fn refuse_what_is_not_ours(&self, kind: &Kind) -> Result<(), DocumentError> {
        if let Some(language) = self.text("language")? {
            check_language(&language, kind)?;
        }
        if self.flag("enabled")? == Some(false) {
            return Err(DocumentError::new("enabled", "the rule is switched off").because(Reason::Disabled));
        }
        match self.text("saved_id")? {
            Some(id) if !id.is_empty() => {
                let cause = "saved queries are not supported, and without them the rule would alert on other events";
                Err(DocumentError::new("saved_id", cause).because(Reason::Unsupported))
            }
            _ => Ok(()),
        }
    }

    /// The patterns of the data view that the rule names, which win in Kibana over
    /// those of its own.
    fn index(&self, data_views: &BTreeMap<String, Vec<String>>) -> Result<Vec<String>, DocumentError> {
        let own = self.texts("index")?.unwrap_or_default();
        let Some(id) = self.text("data_view_id")?.filter(|id| !id.is_empty()) else { return Ok(own) };
        data_views.get(&id).cloned().ok_or_else(|| {
            let cause = format!(
                "the data view `{id}` is not known, and without its index patterns the rule would alert on other \
                 events; give them with `--data-view {id}=PATTERN,PATTERN`"
            );
            DocumentError::new("data_view_id", cause).because(Reason::Unsupported)
        })
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
        match SEVERITIES.contains(&severity.as_str()) {
            true => Ok(severity),
            false => {
                let cause = format!("`{severity}` is no severity; {}", did_you_mean(&severity, &SEVERITIES));
                Err(DocumentError::new("severity", cause))
            }
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
