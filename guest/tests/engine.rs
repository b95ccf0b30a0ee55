//! The engine over a state that the test keeps.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use firstseen_guest::alert::Format;
use firstseen_guest::engine::{Context, Documents, Engine, EvaluateError, Evaluation, Settings};
use firstseen_guest::rule::{BUILT_IN, Clock};
use firstseen_guest::sightings::{Sighting, Sightings, Verdict};
use serde_json::{Map, Value, json};

/// A term is unseen once, a hundred are; windows are the host's business.
#[derive(Default)]
struct Seen(BTreeSet<(String, String)>, Vec<Sighting>);

impl Sightings for Seen {
    fn observe(&mut self, batch: &[Sighting]) -> Result<Vec<Verdict>, String> {
        self.1.extend_from_slice(batch);
        let verdict = |sighting: &Sighting| {
            let key = (sighting.rule.clone(), sighting.term.clone());
            match (self.0.contains(&key), self.0.len()) {
                (true, _) => Verdict::Seen,
                (false, 100..) => Verdict::Deferred,
                (false, _) => {
                    self.0.insert(key);
                    Verdict::Unseen
                }
            }
        };
        Ok(batch.iter().map(verdict).collect())
    }
}

struct Failing;

impl Sightings for Failing {
    fn observe(&mut self, _batch: &[Sighting]) -> Result<Vec<Verdict>, String> {
        Err("the disk is full".to_owned())
    }
}

const CONTEXT: Context<'static> = Context { index: None, arrival_ms: 1_767_225_600_000, ids: &[] };

fn install(parent: Value) -> Value {
    json!({
        "@timestamp": "2026-01-01T00:00:00Z",
        "host": {"os": {"type": "linux"}},
        "event": {"category": ["process"], "type": ["start"], "action": "exec"},
        "process": {"name": "dpkg", "args": ["dpkg", "-i", "x.deb"], "parent": {"executable": parent}},
    })
}

fn evaluate(settings: Settings, batch: &str, context: Context<'_>) -> (Evaluation, Vec<Sighting>) {
    let (mut engine, _) = Engine::new(&Documents::default(), settings);
    let mut state = Seen::default();
    (engine.evaluate(batch, context, &mut state).unwrap(), state.1)
}

fn built_in_with(member: &str, value: Value) -> (Engine, Vec<Result<usize, String>>) {
    let mut rule: Map<String, Value> = serde_json::from_str(BUILT_IN).unwrap();
    rule.insert(member.to_owned(), value);
    let (engine, reports) = Engine::new(
        &Documents::of_rules(vec![("test".to_owned(), Value::Object(rule).to_string())]),
        Settings::default(),
    );
    let reports = reports.rules.into_iter().map(|report| report.map_err(|refusal| refusal.error.to_string()));
    (engine, reports.collect())
}

#[test]
fn a_rule_that_cannot_run_as_written_is_refused_by_field() {
    let cases = [
        ("rule_id", json!(""), "rule_id: empty"),
        ("rule_id", json!(5), "rule_id: not a string"),
        ("name", Value::Null, "name: missing"),
        ("type", json!("eql"), "type: rules of type `eql` are not run"),
        ("language", json!("lucene"), "language: queries in `lucene` are not run"),
        ("enabled", json!(false), "enabled: the rule is switched off"),
        ("query", json!("process.name:(dpkg"), "query: "),
        ("query", json!("process.pid > x"), "query: "),
        ("data_view_id", json!("x"), "data_view_id: data views are not supported"),
        ("new_terms_fields", json!([]), "new_terms_fields: 1 to 3"),
        ("new_terms_fields", json!(["a", "a"]), "new_terms_fields: a field is named twice"),
        ("new_terms_fields", json!(["a", 1]), "new_terms_fields: an element is not a string"),
        ("history_window_start", json!("now-5x"), "history_window_start: `now-5x`: not date math"),
        ("history_window_start", json!("now-9m"), "history_window_start: the history must start before `from`"),
        ("interval", json!("5 minutes"), "interval: `5 minutes` is no interval"),
        ("max_signals", json!(0), "max_signals: a number from 1"),
        ("severity", json!("urgent"), "severity: `urgent` is none of"),
        ("risk_score", json!(101), "risk_score: a number from 0 to 100"),
        ("filters", json!([{"query": {"script": {}}}]), "filters: "),
        ("exceptions_list", json!([{"id": "x"}]), "exceptions_list: "),
        ("new_terms_fields", json!(["message"]), "new_terms_fields: `message` is of type `text`"),
        ("severity_mapping", json!([{"field": "a"}]), "severity_mapping: "),
    ];
    for (member, value, expected) in cases {
        let (engine, reports) = built_in_with(member, value);
        let error = reports[0].clone().unwrap_err();
        assert!(error.starts_with(expected), "{member}: {error}");
        assert!(engine.rules().is_empty());
    }
}

#[test]
fn one_bad_rule_does_not_stop_the_others() {
    let documents = [
        ("a".to_owned(), "{}".to_owned()),
        ("b".to_owned(), BUILT_IN.to_owned()),
        ("c".to_owned(), BUILT_IN.to_owned()),
    ];
    let (engine, reports) = Engine::new(&Documents::of_rules(documents.to_vec()), Settings::default());
    assert_eq!(engine.rules().len(), 1);
    assert!(matches!(reports.rules.as_slice(), [Err(_), Ok(0), Err(_)]));
}

#[test]
fn time_comes_from_the_clock_asked_for() {
    let event = install(json!("/bin/sh")).to_string();
    let at = |clock| evaluate(Settings { clock, ..Settings::default() }, &event, CONTEXT).1[0].at_ms;
    assert_eq!(at(Clock::Arrival), CONTEXT.arrival_ms);
    let later = Context { arrival_ms: 5, ..CONTEXT };
    assert_eq!(
        evaluate(Settings { clock: Clock::Event, ..Settings::default() }, &event, later).1[0].at_ms,
        CONTEXT.arrival_ms
    );
}

#[test]
fn an_event_without_time_is_told_of() {
    let mut event = install(json!("/bin/sh"));
    event.as_object_mut().unwrap().remove("@timestamp");
    let (evaluation, sightings) =
        evaluate(Settings { clock: Clock::Event, ..Settings::default() }, &event.to_string(), CONTEXT);
    assert!(sightings.is_empty());
    assert_eq!(evaluation.warnings.len(), 1);
}

#[test]
fn ids_are_the_wires_where_it_has_them() {
    let batch = format!("{}\n\n{}\n", install(json!("/bin/a")), install(json!("/bin/b")));
    let ids = ["one".to_owned(), String::new(), String::new()];
    let (_, sightings) = evaluate(Settings::default(), &batch, Context { ids: &ids, ..CONTEXT });
    assert_eq!(sightings[0].event, "one");
    assert_eq!(sightings[1].event.len(), 32);
    let (mut engine, _) = Engine::new(&Documents::default(), Settings::default());
    let wrong = engine.evaluate(&batch, Context { ids: &ids[..2], ..CONTEXT }, &mut Seen::default());
    assert!(matches!(wrong, Err(EvaluateError::Invalid(_))));
}

#[test]
fn the_target_decides_by_index_pattern() {
    let event = install(json!("/bin/sh")).to_string();
    let matched = |index| evaluate(Settings::default(), &event, Context { index, ..CONTEXT }).0.matched;
    assert_eq!(matched(None), 1);
    assert_eq!(matched(Some("logs-endpoint.events.process-default")), 1);
    assert_eq!(matched(Some("logs-system.auth-default")), 0);
}

#[test]
fn very_many_terms_are_judged_in_parts() {
    let parents: Vec<String> = (0..9_000).map(|number| format!("/p/{number}")).collect();
    let batch =
        [install(json!(parents)), install(json!(parents)), install(json!("/p/0"))].map(|event| event.to_string());
    let (evaluation, sightings) = evaluate(Settings::default(), &batch.join("\n"), CONTEXT);
    assert_eq!(sightings.len(), 18_001);
    assert_eq!((evaluation.alerts.len(), evaluation.deferred), (100, 17_800));
    assert!(evaluation.alerts.iter().all(|alert| alert.line == 0));
}

#[test]
fn a_state_that_fails_fails_the_batch() {
    let (mut engine, _) = Engine::new(&Documents::default(), Settings::default());
    let failed = engine.evaluate(&install(json!("/bin/sh")).to_string(), CONTEXT, &mut Failing);
    assert_eq!(failed.unwrap_err(), EvaluateError::Sightings("the disk is full".to_owned()));
    assert!(engine.evaluate("{}\n", CONTEXT, &mut Failing).is_ok());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let batch = format!("{}\nnot json\n{}\n", install(json!("/bin/a")), install(json!(["/bin/b", "/bin/c"])));
    for format in [Format::Kibana, Format::Ecs] {
        let run = || evaluate(Settings { format, ..Settings::default() }, &batch, CONTEXT).0;
        let (first, second) = (run(), run());
        assert_eq!(first.alerts.len(), 3);
        assert_eq!(first.alerts, second.alerts);
        assert_eq!(first.malformed, second.malformed);
    }
}
