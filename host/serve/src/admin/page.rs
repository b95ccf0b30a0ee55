//! A page for a person, and what it shows.

use std::sync::atomic::AtomicUsize;

use firstseen::RuleSummary;
use serde_json::{Value, json};

use crate::clock::now_ms;
use crate::metrics::RecentAlert;
use crate::proxy::Proxy;

/// The page.
pub(super) const HTML: &str = include_str!("page.html");
/// Its script: it puts text into the page, never markup.
pub(super) const SCRIPT: &str = include_str!("page.js");
/// Its style.
pub(super) const STYLE: &str = include_str!("page.css");

/// What the page shows.
pub(super) fn status(proxy: &Proxy, connections: &AtomicUsize) -> Value {
    let now = proxy.now(connections);
    let rules = proxy.detection.rules(now_ms());
    let name_of =
        |rule_id: &str| rules.iter().find(|(rule, _)| rule.rule_id == rule_id).map(|(rule, _)| rule.name.clone());
    let alert = |alert: RecentAlert| {
        let rule = name_of(&alert.rule_id).unwrap_or(alert.rule_id);
        json!({ "at_ms": alert.at_ms, "rule": rule, "term": alert.term })
    };
    let last_alerts: Vec<Value> = proxy.metrics.recent_alerts().into_iter().map(alert).collect();
    let rule = |(rule, learning_until): &(RuleSummary, Option<i64>)| {
        let (matches, alerts) = proxy.metrics.of_rule(&rule.rule_id);
        let RuleSummary { rule_id, name, rule_type, .. } = rule;
        json!({
            "rule_id": rule_id, "name": name, "type": rule_type, "matches": matches, "alerts": alerts,
            "learning_until": learning_until,
        })
    };
    let rules: Vec<Value> = rules.iter().map(rule).collect();
    let nodes: Vec<Value> =
        proxy.upstream.health().map(|(node, trouble)| json!({ "node": node, "trouble": trouble })).collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "detection": proxy.detection.trouble(),
        "alerts": proxy.detection.alerts_trouble(),
        "documents": proxy.metrics.documents.get(),
        "in_flight_bytes": now.in_flight_bytes,
        "connections": now.connections,
        "terms": now.terms,
        "outbox_alerts": now.outbox_alerts,
        "upstream": nodes,
        "rules": rules,
        "last_alerts": last_alerts,
    })
}
