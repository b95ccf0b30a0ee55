//! An index, a data stream or an alias of the cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use firstseen_bulk::Item;
use firstseen_delivery::{Handed, Outgoing, Sink, SinkTrouble};
use hyper::Method;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::dead_letters::DeadLetters;
use super::install;
use crate::client::{ClusterAnswer, ClusterClient, ClusterError, part};
use crate::metrics::Metrics;
use crate::settings::ElasticsearchTarget;

/// Stores alerts by `create`, each under its own id.
pub(super) struct ElasticsearchSink {
    target: ElasticsearchTarget,
    cluster: ClusterClient,
    metrics: Arc<Metrics>,
    runtime: Handle,
    dead_letters: DeadLetters,
    is_installed: bool,
}

/// Why a request of the sink's own has no answer.
struct Failure {
    cause: String,
    /// The request may have been carried out.
    is_unclear: bool,
}

impl From<Failure> for SinkTrouble {
    fn from(Failure { cause, is_unclear }: Failure) -> Self {
        Self { cause, is_unclear }
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        Self { is_unclear: error.is_unclear(), cause: error.to_string() }
    }
}

impl Sink for ElasticsearchSink {
    fn name(&self) -> String {
        format!("the cluster's {}", self.target.name)
    }

    fn begin(&mut self, _: bool) {
        // So that it is there to be searched before the first alert.
        if let Err(failure) = self.install() {
            tracing::warn!("the index of the alerts is not made yet: {}", failure.cause);
        }
    }

    fn take(&mut self, alerts: &[Outgoing], _: &mut dyn FnMut(usize) -> bool) -> Handed {
        let mut handed = Handed::default();
        let result = self.install().and_then(|()| {
            let there = self.already_there(alerts)?;
            handed.taken.extend(alerts.iter().filter(|alert| there.contains(&*alert.id)).map(|alert| alert.number));
            let new: Vec<&Outgoing> = alerts.iter().filter(|alert| !there.contains(&*alert.id)).collect();
            self.create(&new, &mut handed.taken)
        });
        handed.trouble = result.err().map(SinkTrouble::from);
        handed
    }
}

impl ElasticsearchSink {
    pub(super) fn new(
        target: ElasticsearchTarget,
        cluster: ClusterClient,
        metrics: Arc<Metrics>,
        runtime: Handle,
    ) -> Self {
        let dead_letters = DeadLetters::new(target.dead_letters.clone());
        Self { target, cluster, metrics, runtime, dead_letters, is_installed: false }
    }

    /// Makes the alias if it is not there, with its index and template.
    fn install(&mut self) -> Result<(), Failure> {
        if self.is_installed {
            return Ok(());
        }
        let alias = self.target.name.clone();
        if !self.target.installs {
            self.find(&alias)?;
            self.is_installed = true;
            return Ok(());
        }
        if !self.has_alias()? {
            let template = install::template(&alias);
            self.make(&format!("/_index_template/{}", part(&alias)), &template)?;
            let index = install::first_index(&alias);
            self.make(&format!("/{}", part(&index)), &install::index(&alias))?;
            tracing::info!(alias, index, "made the index of the alerts");
        }
        self.is_installed = true;
        Ok(())
    }

    /// Fails if nothing has this name: an index that is made by the way maps whatever
    /// alerts hold.
    fn find(&self, target: &str) -> Result<(), Failure> {
        let ClusterAnswer { status, .. } = self.ask(Method::HEAD, &format!("/{}", part(target)), String::new())?;
        match status {
            404 => {
                let cause = "there is no index, alias or data stream of this name: make it".to_owned();
                Err(Failure { cause, is_unclear: false })
            }
            // Who may only write may not look.
            _ => Ok(()),
        }
    }

    fn has_alias(&self) -> Result<bool, Failure> {
        let answer = self.ask(Method::HEAD, &format!("/_alias/{}", part(&self.target.name)), String::new())?;
        match answer.status {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(refused("cannot look for the alias", &answer)),
        }
    }

    fn make(&self, path: &str, body: &Value) -> Result<(), Failure> {
        let answer = self.ask(Method::PUT, path, body.to_string())?;
        // Another one may have been faster.
        let is_there =
            answer.status == 400 && memchr::memmem::find(&answer.body, b"resource_already_exists_exception").is_some();
        match answer.is_success() || is_there {
            true => Ok(()),
            false => Err(refused(&format!("cannot make {path}; make it yourself, or give the right to"), &answer)),
        }
    }

    /// Which alerts are stored already, of those that may be.
    fn already_there(&self, alerts: &[Outgoing]) -> Result<BTreeSet<String>, Failure> {
        let ids: Vec<&str> = alerts.iter().filter(|alert| alert.may_be_there).map(|alert| &*alert.id).collect();
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let target = part(&self.target.name);
        // What was stored a moment ago is found only then.
        self.ask(Method::POST, &format!("/{target}/_refresh"), String::new())?;
        let query = json!({ "size": ids.len(), "_source": false, "query": { "ids": { "values": ids } } });
        let path = format!("/{target}/_search?filter_path=hits.hits._id&ignore_unavailable=true");
        let answer = self.ask(Method::POST, &path, query.to_string())?;
        // Who may only write may not look; the ids keep them from coming twice in an index.
        if matches!(answer.status, 401 | 403 | 404) {
            return Ok(BTreeSet::new());
        }
        if !answer.is_success() {
            return Err(refused("cannot look for alerts that may be there", &answer));
        }
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let hits = answer.pointer("/hits/hits").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Ok(hits.iter().filter_map(|hit| hit.get("_id")?.as_str()).map(str::to_owned).collect())
    }

    /// Stores alerts; `taken` has the numbers of those that are stored or kept.
    fn create(&mut self, alerts: &[&Outgoing], taken: &mut Vec<u64>) -> Result<(), Failure> {
        if alerts.is_empty() {
            return Ok(());
        }
        let mut body = String::with_capacity(alerts.iter().map(|alert| alert.document.len() + 128).sum());
        for alert in alerts {
            body.push_str(&json!({ "create": { "_id": alert.id } }).to_string());
            body.push('\n');
            body.push_str(&alert.document);
            body.push('\n');
        }
        let require_alias = if self.target.installs { "?require_alias=true" } else { "" };
        let path = format!("/{}/_bulk{require_alias}", part(&self.target.name));
        let answer = self.ask(Method::POST, &path, body)?;
        match (answer.status, alerts) {
            (413, [alert]) => return self.keep(alert, 413, "it is too long", taken),
            (413, _) => {
                let (first, second) = alerts.split_at(alerts.len() / 2);
                return self.create(first, taken).and_then(|()| self.create(second, taken));
            }
            _ if !answer.is_success() => return Err(refused("the alerts are refused", &answer)),
            _ => {}
        }
        let Some(items) = Item::of_bulk(&answer.body, alerts.len()) else {
            return Err(Failure { cause: "its answer is not that to a bulk".to_owned(), is_unclear: true });
        };
        let mut failure = None;
        for (alert, item) in alerts.iter().zip(items) {
            match item.status.unwrap_or_default() {
                200..=299 | 409 => taken.push(alert.number),
                // Neither says anything of the alert.
                401 | 403 | 404 => {
                    self.is_installed = false;
                    failure.get_or_insert_with(|| item.reason());
                }
                400..=499 if item.is_refused() => {
                    self.keep(alert, item.status.unwrap_or_default(), &item.reason(), taken)?;
                }
                _ => drop(failure.get_or_insert_with(|| item.reason())),
            }
        }
        failure.map_or(Ok(()), |cause| Err(Failure { cause, is_unclear: false }))
    }

    /// Keeps an alert that is refused for good.
    fn keep(&mut self, alert: &Outgoing, status: u16, reason: &str, taken: &mut Vec<u64>) -> Result<(), Failure> {
        let kept = self.dead_letters.keep(alert, status, reason);
        kept.map_err(|error| Failure {
            cause: format!("an alert is refused ({reason}), and cannot be kept: {error}"),
            is_unclear: false,
        })?;
        self.metrics.alerts_refused.inc();
        taken.push(alert.number);
        Ok(())
    }

    fn ask(&self, method: Method, path: &str, body: String) -> Result<ClusterAnswer, Failure> {
        Ok(self.runtime.block_on(self.cluster.ask(method.as_str(), path, body, ANSWER_BYTES_MAX))?)
    }
}

/// Longest answer.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// What an answer says that refuses a request as a whole.
fn refused(what: &str, answer: &ClusterAnswer) -> Failure {
    Failure { cause: format!("{what}: {}", answer.refusal()), is_unclear: false }
}
