//! Alerts: those that `firstseen filter` gives, and those that are stored.

use anyhow::{Context, Result, ensure};
use firstseen_tests::events::lines;
use firstseen_tests::firstseen::Firstseen;
use serde_json::Value;

use super::client::Ids;
use super::stored::{self, Document};
use crate::elasticsearch::Elasticsearch;

/// What differs with the time at which an alert is raised. The id of the execution
/// follows from that time.
const OF_ITS_TIME: [&str; 6] = [
    "@timestamp",
    "kibana.alert.start",
    "kibana.alert.last_detected",
    "kibana.alert.intended_timestamp",
    "kibana.alert.rule.execution.timestamp",
    "kibana.alert.rule.execution.uuid",
];

/// An alert, and the source of its event.
#[derive(Debug)]
pub(super) struct Alert {
    pub(super) json: Value,
    pub(super) source: String,
}

/// The alerts of the filter on sources in this order.
///
/// # Errors
///
/// When it fails.
pub(super) fn expected(rules: &str, target: &str, sources: &[String]) -> Result<Vec<Alert>> {
    let filter = Firstseen::new("filter")?.args(["--learn", "0s", "--index", target, "--rules", rules]);
    let ran = filter.run(&lines(sources))?.expect_code(0)?;
    // Each source comes out as it went in, and right behind it the alerts on it.
    let mut rest = sources.iter().peekable();
    let mut last = None;
    let mut alerts = Vec::new();
    for line in ran.text()?.lines() {
        if let Some(source) = rest.next_if(|source| *source == line) {
            last = Some(source);
            continue;
        }
        let json = serde_json::from_str(line).with_context(|| format!("neither source nor alert: {line}"))?;
        alerts.push(Alert { json, source: last.context("an alert before any source")?.clone() });
    }
    ensure!(rest.next().is_none(), "a source did not come out");
    Ok(alerts)
}

impl Alert {
    /// A stored one, with the document that it links to.
    ///
    /// # Errors
    ///
    /// When that document is not there, or the alert is stored under another name than
    /// its own.
    pub(super) fn of_stored(node: &Elasticsearch, alert: &Document, ids: Ids) -> Result<Self> {
        let json: Value = serde_json::from_str(alert.source.get())?;
        ensure!(json.get("kibana.alert.uuid").and_then(Value::as_str) == Some(&alert.id), "stored as {}", alert.id);
        let ancestor = |name: &str| {
            let ancestor = json.pointer(&format!("/kibana.alert.ancestors/0/{name}")).and_then(Value::as_str);
            ancestor.with_context(|| format!("no {name} of the event in {json}"))
        };
        let source = match ids {
            Ids::Unknown => String::new(),
            Ids::OfCluster | Ids::OfClient => {
                let linked = stored::document(node, ancestor("index")?, ancestor("id")?);
                linked.context("an alert links to no document")?.source.get().to_owned()
            }
        };
        Ok(Self { json, source })
    }

    /// What names it: its id, or without regard to the `_id` of its event.
    pub(super) fn key(&self, ids: Ids) -> (String, String) {
        match ids {
            Ids::OfCluster | Ids::Unknown => (self.text("kibana.alert.uuid"), String::new()),
            Ids::OfClient => (self.text("kibana.alert.rule.rule_id"), self.source.clone()),
        }
    }

    /// The rule, and the term that is new to it. Rules without terms alert on each event.
    pub(super) fn pair(&self) -> (String, String) {
        let what = match self.json.get("kibana.alert.new_terms") {
            Some(terms) => terms.to_string(),
            None => self.text("kibana.alert.uuid"),
        };
        (self.text("kibana.alert.rule.rule_id"), what)
    }

    /// All that has to be equal.
    ///
    /// # Errors
    ///
    /// When it names no event.
    pub(super) fn document(&self, ids: Ids) -> Result<Value> {
        let mut json = self.json.clone();
        let members = json.as_object_mut().context("no object")?;
        for name in OF_ITS_TIME {
            ensure!(members.remove(name).is_some(), "{name} is missing");
        }
        if ids == Ids::OfClient {
            members.remove("kibana.alert.uuid");
        }
        let ancestor = members.get_mut("kibana.alert.ancestors").and_then(|ancestors| ancestors.get_mut(0));
        let ancestor = ancestor.and_then(Value::as_object_mut).context("no ancestors")?;
        // What the proxy fills in.
        if ids != Ids::Unknown {
            ancestor.remove("id");
            ancestor.remove("index");
        }
        Ok(json)
    }

    fn text(&self, name: &str) -> String {
        self.json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}
