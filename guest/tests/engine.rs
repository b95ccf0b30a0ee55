//! The engine over a state that the test keeps.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use firstseen_guest::alert::Format;
use firstseen_guest::engine::{
    Context, Documents, Engine, EvaluateError, Evaluation, Settings, Step, UnjudgedCause, UnjudgedLine,
};
use firstseen_guest::rule::{BUILT_IN, Clock};
use firstseen_guest::state::{Answer, Question, Sighting, Verdict};
use serde_json::{Map, Value, json};

/// A term is unseen once, a hundred are; windows are the host's business.
#[derive(Default)]
struct Seen {
    known: BTreeSet<(String, String)>,
    asked: Vec<Sighting>,
}

impl Seen {
    fn answer(&mut self, questions: &[Question]) -> Vec<Answer> {
        let answer = |question: &Question| {
            let Question::Sighting(sighting) = question else { return Answer::Completed(Vec::new()) };
            self.asked.push(sighting.clone());
            let key = (sighting.history.clone(), sighting.term.clone());
            Answer::Sighting(match (self.known.contains(&key), self.known.len()) {
                (true, _) => Verdict::Seen,
                (false, 100..) => Verdict::Deferred,
                (false, _) => {
                    self.known.insert(key);
                    Verdict::Unseen
                }
            })
        };
        questions.iter().map(answer).collect()
    }
}

const ARRIVAL_MS: i64 = 1_767_225_600_000;

fn at_arrival() -> Context {
    Context::at(ARRIVAL_MS)
}

fn install(parent: Value) -> Value {
    json!({
        "@timestamp": "2026-01-01T00:00:00Z",
        "host": {"os": {"type": "linux"}},
        "event": {"category": ["process"], "type": ["start"], "action": "exec"},
        "process": {"name": "dpkg", "args": ["dpkg", "-i", "x.deb"], "parent": {"executable": parent}},
    })
}

fn evaluate(settings: Settings, batch: &str, context: Context) -> (Evaluation, Vec<Sighting>) {
    let (mut engine, _) = Engine::new(&Documents::default(), settings);
    let mut state = Seen::default();
    let evaluation: Result<_, EvaluateError> =
        engine.evaluate_with(batch, context, |questions| Ok(state.answer(questions)));
    (evaluation.unwrap(), state.asked)
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
        ("type", json!("threshold"), "type: rules of type `threshold` are not run"),
        ("type", json!("eql"), "language: a rule of type `eql` is not in `kuery`, but in `eql`"),
        ("language", json!("lucene"), "language: queries in `lucene` are not run"),
        ("enabled", json!(false), "enabled: the rule is switched off"),
        ("query", json!("process.name:(dpkg"), "query: "),
        ("query", json!("process.pid > x"), "query: "),
        ("data_view_id", json!("x"), "data_view_id: the data view `x` is not known"),
        ("saved_id", json!("x"), "saved_id: saved queries are not supported"),
        ("type", json!("new-terms"), "type: `new-terms` is no type of rules; did you mean `new_terms`?"),
        ("language", json!("kql"), "language: `kql` is no language as Kibana writes it; did you mean `kuery`?"),
        ("new_terms_fields", json!([]), "new_terms_fields: 1 to 3"),
        ("new_terms_fields", json!(["a", "a"]), "new_terms_fields: a field is named twice"),
        ("new_terms_fields", json!(["a", 1]), "new_terms_fields: an element is not a string"),
        ("history_window_start", json!("now-5x"), "history_window_start: `now-5x`: not date math"),
        ("history_window_start", json!("now-9m"), "history_window_start: the history must start before `from`"),
        ("interval", json!("5 minutes"), "interval: `5 minutes` is no interval"),
        ("max_signals", json!(0), "max_signals: a number from 1"),
        ("severity", json!("urgent"), "severity: `urgent` is no severity; there are low"),
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
    let at = |clock| evaluate(Settings { clock, ..Settings::default() }, &event, at_arrival()).1[0].at_ms;
    assert_eq!(at(Clock::Arrival), ARRIVAL_MS);
    assert_eq!(
        evaluate(Settings { clock: Clock::Event, ..Settings::default() }, &event, Context::at(5)).1[0].at_ms,
        ARRIVAL_MS
    );
}

#[test]
fn an_event_without_time_is_told_of() {
    let long = "x".repeat(300);
    let shown = format!("{}…", "x".repeat(100));
    let cases = [
        (json!({}), "has no value in `event.ingested` or `@timestamp`, so the rule cannot see it"),
        (json!({"@timestamp": null}), "has no value in `event.ingested` or `@timestamp`, so the rule cannot see it"),
        (
            json!({"@timestamp": "yesterday"}),
            "has in `@timestamp` what is no time, `yesterday`, so the rule cannot see it",
        ),
        (json!({"@timestamp": true}), "has in `@timestamp` what is no time, `true`, so the rule cannot see it"),
        (
            json!({"event.ingested": "\u{1b}[2J\u{202e}", "@timestamp": "x"}),
            "has in `event.ingested` what is no time, `\u{fffd}[2J\u{fffd}`, so the rule cannot see it",
        ),
        (
            json!({"@timestamp": long}),
            &*format!("has in `@timestamp` what is no time, `{shown}`, so the rule cannot see it"),
        ),
        (json!({"@timestamp": "1900-01-01"}), ""),
    ];
    for (times, expected) in cases {
        let mut event = install(json!("/bin/sh"));
        let members = event.as_object_mut().unwrap();
        members.remove("@timestamp");
        members.extend(times.as_object().unwrap().clone());
        let settings = Settings { clock: Clock::Event, ..Settings::default() };
        let (evaluation, sightings) = evaluate(settings, &format!("\n{event}"), at_arrival());
        let remarks: Vec<_> =
            evaluation.remarks.iter().map(|remark| (remark.line, remark.rule, remark.text.as_str())).collect();
        if expected.is_empty() {
            assert_eq!((remarks, sightings.len()), (vec![], 1), "{event}");
        } else {
            assert_eq!((remarks, sightings.len()), (vec![(1, 0, expected)], 0), "{event}");
        }
    }
}

#[test]
fn a_data_view_has_the_patterns() {
    let matched = |index: Value, target: &str| {
        let mut rule: Map<String, Value> = serde_json::from_str(BUILT_IN).unwrap();
        rule.insert("data_view_id".to_owned(), json!("security"));
        rule.insert("index".to_owned(), index);
        let mut documents = Documents::of_rules(vec![("test".to_owned(), Value::Object(rule).to_string())]);
        documents.data_views.insert("security".to_owned(), vec!["logs-*".to_owned(), "-logs-x-*".to_owned()]);
        let (mut engine, _) = Engine::new(&documents, Settings::default());
        let context = Context { targets: vec![target.to_owned()], ..at_arrival() };
        engine.match_events(&install(json!("/bin/sh")).to_string(), &context).unwrap().matches.len()
    };
    assert_eq!(matched(Value::Null, "logs-a-b"), 1);
    assert_eq!(matched(Value::Null, "logs-x-b"), 0);
    assert_eq!(matched(Value::Null, "metrics-a"), 0);
    // It wins over the rule's own patterns.
    assert_eq!(matched(json!(["metrics-*"]), "metrics-a"), 0);
    assert_eq!(matched(json!(["metrics-*"]), "logs-a-b"), 1);
}

#[test]
fn ids_are_the_wires_where_it_has_them() {
    let batch = format!("{}\n\n{}\n", install(json!("/bin/a")), install(json!("/bin/b")));
    let ids = vec!["one".to_owned(), String::new(), String::new()];
    let (_, sightings) = evaluate(Settings::default(), &batch, Context { ids: ids.clone(), ..at_arrival() });
    // The digest of the bytes, and the `_id`.
    assert_eq!(sightings[0].event.split_once(':').map(|(digest, id)| (digest.len(), id)), Some((32, "one")));
    assert_eq!(sightings[1].event.len(), 32);
    let long = vec!["i".repeat(512), String::new(), "i".repeat(513)];
    let (_, of_long) = evaluate(Settings::default(), &batch, Context { ids: long.clone(), ..at_arrival() });
    assert!(of_long[0].event.ends_with(&format!(":{}", long[0])));
    assert_eq!(of_long[1].event, sightings[1].event, "no `_id` is so long");
    let (mut engine, _) = Engine::new(&Documents::default(), Settings::default());
    let wrong = engine.evaluate(&*batch, Context { ids: ids[..2].to_vec(), ..at_arrival() });
    assert!(matches!(wrong, Err(EvaluateError::Invalid(_))));
}

#[test]
fn the_target_decides_by_index_pattern() {
    let event = install(json!("/bin/sh")).to_string();
    let matched = |targets: &[&str], target_of: &[u32]| {
        let targets = targets.iter().map(|target| (*target).to_owned()).collect();
        let context = Context { targets, target_of: target_of.to_vec(), ..at_arrival() };
        let batch = format!("{event}\n{event}\n");
        let (evaluation, _) = evaluate(Settings::default(), &batch, context);
        evaluation.matched()
    };
    let (process, auth) = ("logs-endpoint.events.process-default", "logs-system.auth-default");
    assert_eq!(matched(&[], &[]), 2);
    assert_eq!(matched(&[process], &[]), 2);
    assert_eq!(matched(&[auth, process], &[]), 0);
    assert_eq!(matched(&[auth, process], &[0, 1]), 1);
    // Beyond the end: not known, which passes any pattern.
    assert_eq!(matched(&[auth], &[0, 7]), 1);
    let (mut engine, _) = Engine::new(&Documents::default(), Settings::default());
    let wrong = engine.evaluate(&*event, Context { target_of: vec![0, 0], ..at_arrival() });
    assert!(matches!(wrong, Err(EvaluateError::Invalid(_))));
}

#[test]
fn very_many_terms_are_asked_for_in_parts() {
    let parents: Vec<String> = (0..9_000).map(|number| format!("/p/{number}")).collect();
    let batch =
        [install(json!(parents)), install(json!(parents)), install(json!("/p/0"))].map(|event| event.to_string());
    let (evaluation, sightings) = evaluate(Settings::default(), &batch.join("\n"), at_arrival());
    assert_eq!(sightings.len(), 18_001);
    assert_eq!((evaluation.alerts.len(), evaluation.deferred), (100, 17_800));
    assert!(evaluation.alerts.iter().all(|alert| alert.source.line == 0));
    assert_eq!((evaluation.events, evaluation.matched()), (3, 3));
}

/// Rounds may end between two rules of one event; nothing is asked twice then,
/// or left out.
#[test]
fn a_round_may_end_within_an_event() {
    let rules = (0..3).map(|number| {
        let mut rule: Map<String, Value> = serde_json::from_str(BUILT_IN).unwrap();
        rule.insert("rule_id".to_owned(), json!(format!("r{number}")));
        (format!("{number}"), Value::Object(rule).to_string())
    });
    let (mut engine, _) = Engine::new(&Documents::of_rules(rules.collect()), Settings::default());
    let parents: Vec<String> = (0..6_000).map(|number| format!("/p/{number}")).collect();
    let batch = format!("{}\n{}\n", install(json!(parents)), install(json!("/q")));
    let (mut rounds, mut asked) = (0, Vec::new());
    let evaluation: Result<_, EvaluateError> = engine.evaluate_with(batch, at_arrival(), |questions| {
        rounds += 1;
        asked.extend_from_slice(questions);
        Ok(vec![Answer::Sighting(Verdict::Seen); questions.len()])
    });
    let evaluation = evaluation.unwrap();
    assert_eq!((rounds, asked.len()), (2, 3 * 6_001));
    let different: BTreeSet<String> = asked.iter().map(|question| format!("{question:?}")).collect();
    assert_eq!(different.len(), asked.len());
    assert_eq!((evaluation.events, evaluation.matched()), (2, 6));
}

#[test]
fn answers_must_fit_what_was_asked() {
    let (mut engine, _) = Engine::new(&Documents::default(), Settings::default());
    let event = install(json!("/bin/sh")).to_string();
    let nothing_asked = |engine: &mut Engine| {
        let refused = engine.resume(&[Answer::Sighting(Verdict::Unseen)]);
        assert!(matches!(refused, Err(EvaluateError::Invalid(_))));
    };
    nothing_asked(&mut engine);
    for answers in [0, 2] {
        assert!(matches!(engine.evaluate(&*event, at_arrival()), Ok(Step::Ask([_]))));
        let refused = engine.resume(&vec![Answer::Sighting(Verdict::Unseen); answers]);
        assert!(matches!(refused, Err(EvaluateError::Invalid(_))), "{answers}");
        // It was given up.
        nothing_asked(&mut engine);
    }
    // A new batch gives up the one before; a look at matches does not.
    assert!(matches!(engine.evaluate(&*event, at_arrival()), Ok(Step::Ask(_))));
    assert!(matches!(engine.evaluate("{}", at_arrival()), Ok(Step::Done(_))));
    nothing_asked(&mut engine);
    assert!(matches!(engine.evaluate(&*event, at_arrival()), Ok(Step::Ask(_))));
    assert_eq!(engine.match_events(&event, &at_arrival()).unwrap().matches.len(), 1);
    let done = engine.resume(&[Answer::Sighting(Verdict::Replayed)]);
    assert!(matches!(done, Ok(Step::Done(evaluation)) if evaluation.alerts.len() == 1));
}

#[test]
fn a_rule_whose_question_the_host_does_not_answer_is_refused() {
    let settings = Settings { questions: vec!["count".to_owned()], ..Settings::default() };
    let (engine, reports) = Engine::new(&Documents::default(), settings);
    assert!(engine.rules().is_empty());
    let refused = reports.rules[0].as_ref().unwrap_err();
    assert!(refused.error.cause.contains("`sighting`"), "{}", refused.error);
}

#[test]
fn a_line_over_its_work_is_said_to_be_unjudged() {
    let event = install(json!("/bin/sh")).to_string();
    let batch = format!("{event}\n{{}}\n{event}\n");
    let unjudged = |line_work_max| {
        let context = Context { line_work_max: Some(line_work_max), ..at_arrival() };
        evaluate(Settings::default(), &batch, context).0.unjudged
    };
    let line = |line, rules: &[u32]| UnjudgedLine { line, cause: UnjudgedCause::Work, rules: rules.to_vec() };
    let (bytes, term) = (event.len() as u64, r#"["/bin/sh"]"#.len() as u64);
    // A value that is put in order, a term that is asked about, and the bytes of both.
    let terms = 50 + term - 4 + 2_500 + term;
    assert_eq!(unjudged(bytes + terms), []);
    // It was read, but its terms are too much.
    assert_eq!(unjudged(bytes + terms - 1), [line(0, &[0]), line(2, &[0])]);
    assert_eq!(unjudged(bytes - 1), [line(0, &[]), line(2, &[])]);

    // The conditions of the rule cost too much, without any terms.
    let (mut engine, _) = Engine::new(&Documents::default(), Settings::default());
    let mut matched = |line_work_max| {
        let context = Context { line_work_max: Some(line_work_max), ..at_arrival() };
        let matching = engine.match_events(&batch, &context).unwrap();
        (matching.matches.len(), matching.unjudged)
    };
    assert_eq!(matched(bytes), (0, vec![line(0, &[0]), line(2, &[0])]));
    assert_eq!(matched(bytes + terms), (2, vec![]));
}

#[test]
fn terms_that_are_left_out_are_said_to_be() {
    let parents: Vec<String> = (0..10_001).map(|number| format!("/p/{number}")).collect();
    let (evaluation, _) = evaluate(Settings::default(), &install(json!(parents)).to_string(), at_arrival());
    assert_eq!(evaluation.unjudged, [UnjudgedLine { line: 0, cause: UnjudgedCause::Terms, rules: vec![0] }]);
}

#[test]
fn an_alert_says_where_it_names_its_event() {
    let event = install(json!("/bin/sh")).to_string();
    let id = r#"an "id"\"#.to_owned();
    for format in [Format::Kibana, Format::Ecs] {
        let alert = |targets: &[&str]| {
            let targets = targets.iter().map(|target| (*target).to_owned()).collect();
            let context = Context { targets, ids: vec![id.clone()], ..at_arrival() };
            let (evaluation, _) = evaluate(Settings { format, ..Settings::default() }, &event, context);
            evaluation.alerts.into_iter().next().unwrap()
        };
        let index = "logs-endpoint.events.process-default";
        let known = alert(&[index]);
        let (document, source) = (known.document.as_str(), &known.source);
        assert_eq!(serde_json::from_str::<String>(&document[source.id.clone()]).unwrap(), id);
        assert_eq!(serde_json::from_str::<String>(&document[source.index.clone()]).unwrap(), index);

        // What a host puts in where the index was not known gives the same, but
        // for what the id is made of.
        let unknown = alert(&[]);
        assert!(unknown.source.index.is_empty());
        let mut filled = unknown.document.clone();
        let text = format!("{}{}", unknown.source.index_before, Value::from(index));
        filled.insert_str(unknown.source.index.start, &text);
        assert_eq!(filled.replace(&unknown.id, &known.id), known.document);
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let batch = format!("{}\nnot json\n{}\n", install(json!("/bin/a")), install(json!(["/bin/b", "/bin/c"])));
    for format in [Format::Kibana, Format::Ecs] {
        let run = || evaluate(Settings { format, ..Settings::default() }, &batch, at_arrival()).0;
        let (first, second) = (run(), run());
        assert_eq!(first.alerts.len(), 3);
        assert_eq!(first.alerts, second.alerts);
        assert_eq!(first.unjudged, second.unjudged);
    }
}

#[test]
fn two_events_of_one_id_are_two_and_one_delivered_twice_is_one() {
    let rule = json!({
        "rule_id": "all", "name": "All", "type": "query", "language": "kuery", "query": "*:*", "severity": "low",
        "risk_score": 21,
    });
    let documents = Documents::of_rules(vec![("rule".to_owned(), rule.to_string())]);
    let (mut engine, _) = Engine::new(&documents, Settings::default());
    let [one, other] = ["/bin/a", "/bin/b"].map(|parent| install(json!(parent)).to_string());
    let batch = [&*one, &*other, &*one].join("\n");
    let context = Context { ids: vec!["same".to_owned(); 3], ..at_arrival() };
    let mut state = Seen::default();
    let evaluation: Result<_, EvaluateError> =
        engine.evaluate_with(batch, context, |questions| Ok(state.answer(questions)));
    let alerts = evaluation.unwrap().alerts;
    let documents: Vec<Value> = alerts.iter().map(|alert| serde_json::from_str(&alert.document).unwrap()).collect();
    assert_eq!(documents.len(), 2);
    assert_ne!(alerts[0].id, alerts[1].id);
    for document in documents {
        assert_eq!(document["kibana.alert.ancestors"][0]["id"], json!("same"));
    }
}
