//! The fields of a rule that decide how it runs, read and checked.

use serde_json::{Map, Value};

use super::error::{Reason, RuleError};
use super::window::{LookBack, Window, interval_ms};
use crate::state::{Quota, SIGHTING};
use crate::time::DateMath;

/// What Kibana assumes where a rule does not say.
const DEFAULT_FROM: &str = "now-6m";
const DEFAULT_INTERVAL: &str = "5m";
const DEFAULT_MAX_SIGNALS: u64 = 100;

/// Greatest size of a query in bytes.
const MAX_QUERY: usize = firstseen_kql::MAX_QUERY_BYTES;

/// Features of Kibana's rules that would change what alerts: a rule that has
/// one does not run.
const UNSUPPORTED: [(&str, &str); 2] = [("data_view_id", "data views"), ("saved_id", "saved queries")];

/// What a rule detects.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `new_terms`: the first time a tuple of values is seen.
    NewTerms {
        /// `new_terms_fields`, 1 to 3.
        fields: Vec<String>,
    },
    /// `query`: every event that matches.
    Query,
}

/// The language of the queries that run.
pub const LANGUAGE: &str = "kuery";

impl Kind {
    /// The types of rules that run, and the question that each asks.
    pub const TYPES: [(&'static str, &'static str); 2] = [("new_terms", SIGHTING), ("query", SIGHTING)];

    /// Kibana's `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NewTerms { .. } => "new_terms",
            Self::Query => "query",
        }
    }

    /// The name of the question that rules of the kind ask.
    pub fn question(&self) -> &'static str {
        SIGHTING
    }

    /// The new-terms fields; none for a query rule.
    pub fn new_terms_fields(&self) -> &[String] {
        match self {
            Self::NewTerms { fields } => fields,
            Self::Query => &[],
        }
    }
}

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
    /// [`RuleError`] for the first field that is missing, wrong or not
    /// supported.
    pub fn read(object: &Map<String, Value>) -> Result<Self, RuleError> {
        let rule = Reader { object };
        let rule_id = rule.required_text("rule_id")?;
        let kind = rule.kind()?;
        rule.refuse_what_is_not_ours()?;
        let query = rule.text("query")?.unwrap_or_default();
        if query.len() > MAX_QUERY {
            return Err(RuleError::new("query", format!("longer than {MAX_QUERY} bytes")));
        }
        let look_back = rule.look_back()?;
        Ok(Self {
            uuid: rule.text("id")?.unwrap_or_else(|| rule_id.clone()),
            name: rule.required_text("name")?,
            version: rule.integer("version")?.unwrap_or(1).try_into().unwrap_or(u32::MAX),
            query,
            index: rule.texts("index")?.unwrap_or_default(),
            window: rule.window(&kind, &look_back)?,
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

struct Reader<'a> {
    object: &'a Map<String, Value>,
}

impl Reader<'_> {
    fn kind(&self) -> Result<Kind, RuleError> {
        match self.required_text("type")?.as_str() {
            "new_terms" => Ok(Kind::NewTerms { fields: self.new_terms_fields()? }),
            "query" => Ok(Kind::Query),
            other => {
                let cause = format!("rules of type `{other}` are not run; `new_terms` and `query` rules are");
                Err(RuleError::new("type", cause).because(Reason::NotOurs))
            }
        }
    }

    fn refuse_what_is_not_ours(&self) -> Result<(), RuleError> {
        let language = self.text("language")?;
        if let Some(language) = language.filter(|language| language != "kuery") {
            let cause = format!("queries in `{language}` are not run; those in `kuery` (KQL) are");
            return Err(RuleError::new("language", cause).because(Reason::NotOurs));
        }
        if self.flag("enabled")? == Some(false) {
            return Err(RuleError::new("enabled", "the rule is switched off").because(Reason::Disabled));
        }
        for (field, feature) in UNSUPPORTED {
            let asked_for = match self.object.get(field) {
                None | Some(Value::Null) => false,
                Some(Value::Array(elements)) => !elements.is_empty(),
                Some(Value::String(text)) => !text.is_empty(),
                Some(_) => true,
            };
            if asked_for {
                let cause =
                    format!("{feature} are not supported, and without them the rule would alert on other events");
                return Err(RuleError::new(field, cause).because(Reason::Unsupported));
            }
        }
        Ok(())
    }

    fn new_terms_fields(&self) -> Result<Vec<String>, RuleError> {
        let name = "new_terms_fields";
        let fields = self.texts(name)?.ok_or_else(|| RuleError::new(name, "missing"))?;
        if !(1..=3).contains(&fields.len()) || fields.iter().any(|field| field.is_empty()) {
            return Err(RuleError::new(name, "1 to 3 field names are needed"));
        }
        let distinct: std::collections::BTreeSet<&String> = fields.iter().collect();
        if distinct.len() < fields.len() {
            return Err(RuleError::new(name, "a field is named twice"));
        }
        Ok(fields)
    }

    fn look_back(&self) -> Result<LookBack, RuleError> {
        Ok(LookBack::new(self.date_math("from", Some(DEFAULT_FROM))?, self.date_math("to", Some("now"))?))
    }

    fn window(&self, kind: &Kind, look_back: &LookBack) -> Result<Window, RuleError> {
        if matches!(kind, Kind::Query) {
            return Ok(Window::of(look_back));
        }
        let start = self.date_math("history_window_start", None)?;
        Window::new(start, look_back.from())
            .ok_or_else(|| RuleError::new("history_window_start", "the history must start before `from`"))
    }

    fn date_math(&self, field: &'static str, default: Option<&str>) -> Result<DateMath, RuleError> {
        let text = match (self.text(field)?, default) {
            (Some(text), _) => text.trim().to_owned(),
            (None, Some(default)) => default.to_owned(),
            (None, None) => return Err(RuleError::new(field, "missing")),
        };
        DateMath::parse(&text).map_err(|error| RuleError {
            offset: Some(error.offset),
            ..RuleError::new(field, format!("`{text}`: {error}"))
        })
    }

    fn quota(&self) -> Result<Quota, RuleError> {
        let max = self.integer("max_signals")?.unwrap_or(DEFAULT_MAX_SIGNALS);
        let interval = self.text("interval")?.unwrap_or_else(|| DEFAULT_INTERVAL.to_owned());
        let per_ms = interval_ms(&interval).ok_or_else(|| {
            RuleError::new("interval", format!("`{interval}` is no interval; write `5m` (units: s m h d)"))
        })?;
        match u32::try_from(max) {
            Ok(max) if max >= 1 => Ok(Quota { max, per_ms }),
            _ => Err(RuleError::new("max_signals", "a number from 1 to 4294967295 is needed")),
        }
    }

    fn severity(&self) -> Result<String, RuleError> {
        let severity = self.required_text("severity")?;
        match severity.as_str() {
            "low" | "medium" | "high" | "critical" => Ok(severity),
            other => Err(RuleError::new("severity", format!("`{other}` is none of low, medium, high, critical"))),
        }
    }

    fn risk_score(&self) -> Result<Value, RuleError> {
        match self.object.get("risk_score") {
            Some(value @ Value::Number(number))
                if number.as_f64().is_some_and(|score| (0.0..=100.0).contains(&score)) =>
            {
                Ok(value.clone())
            }
            _ => Err(RuleError::new("risk_score", "a number from 0 to 100 is needed")),
        }
    }

    fn required_text(&self, field: &'static str) -> Result<String, RuleError> {
        match self.text(field)? {
            Some(text) if !text.is_empty() => Ok(text),
            Some(_) => Err(RuleError::new(field, "empty")),
            None => Err(RuleError::new(field, "missing")),
        }
    }

    fn text(&self, field: &'static str) -> Result<Option<String>, RuleError> {
        match self.object.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(RuleError::new(field, "not a string")),
        }
    }

    fn texts(&self, field: &'static str) -> Result<Option<Vec<String>>, RuleError> {
        let elements = match self.object.get(field) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(elements)) => elements,
            Some(_) => return Err(RuleError::new(field, "not an array")),
        };
        let text = |element: &Value| match element {
            Value::String(text) => Ok(text.clone()),
            _ => Err(RuleError::new(field, "an element is not a string")),
        };
        elements.iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    fn integer(&self, field: &'static str) -> Result<Option<u64>, RuleError> {
        match self.object.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| RuleError::new(field, "not a whole number")),
        }
    }

    fn flag(&self, field: &'static str) -> Result<Option<bool>, RuleError> {
        match self.object.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(RuleError::new(field, "neither true nor false")),
        }
    }
}
