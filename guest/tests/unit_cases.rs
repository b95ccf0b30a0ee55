//! The `unit` cases of the shared corpus's `new-terms-cases.json`: facts about
//! single functions of Kibana, asked of the engine that has to give them.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a failed assumption is a failed test")]

use firstseen_guest::Engine;
use firstseen_guest::alert::{EventIdentity, alert_id};
use firstseen_guest::engine::{Context, Documents, EvaluateError, Settings};
use firstseen_guest::rule::Clock;
use firstseen_guest::state::{Answer, Question, Sighting, Verdict};
use firstseen_guest::time::{DateMath, format_iso, parse_timestamp};
use firstseen_tests::needs::corpus;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Functions of which nothing is here to be asked, and why.
const ABSENT: [(&str, &str); 1] = [("suppression_instance_id", "alert suppression is not supported")];

/// When the events come that have no time: 2026-11-24T12:00:00Z.
const NOW: &str = "2026-11-24T12:00:00.000Z";

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    rule: Value,
    expected: Map<String, Value>,
}

/// What became of a case.
enum Outcome {
    /// What the function gives, to be compared with what is expected.
    Gives(Value),
    /// Why it cannot be asked.
    Skipped(&'static str),
}

#[test]
fn the_functions_give_what_kibanas_give() {
    let Some(path) = corpus("new-terms-cases.json").expect("the corpus") else { return };
    let text = std::fs::read_to_string(path).expect("the cases can be read");
    let cases: Vec<Case> = serde_json::from_str(&text).expect("the cases have their form");
    let (mut passed, mut skipped, mut failed) = (0, Vec::new(), Vec::new());
    for case in cases.iter().filter(|case| case.kind == "unit") {
        let input = &case.rule["input"];
        let function = input["fn"].as_str().expect("a unit case names its function");
        match ask(function, input, &case.expected) {
            Outcome::Skipped(why) => skipped.push(format!("{} ({why})", case.name)),
            Outcome::Gives(found) if meets(&found, &case.expected) => passed += 1,
            Outcome::Gives(found) => {
                let expected = Value::Object(case.expected.clone());
                failed.push(format!("{}: {found}, expected {expected}", case.name));
            }
        }
    }
    say(&format!("unit cases: {passed} passed, {} failed, {} skipped", failed.len(), skipped.len()));
    skipped.iter().for_each(|name| say(&format!("  skipped: {name}")));
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn say(line: &str) {
    firstseen_tests::say(line).expect("standard error takes a line");
}

/// Whether what was found has what is expected of it; numbers by their values.
fn meets(found: &Value, expected: &Map<String, Value>) -> bool {
    expected.iter().all(|(key, expected)| match (&found[key], expected) {
        (Value::Number(found), Value::Number(expected)) => found.as_f64() == expected.as_f64(),
        (found, expected) => found == expected,
    })
}

fn ask(function: &str, input: &Value, expected: &Map<String, Value>) -> Outcome {
    if let Some((_, why)) = ABSENT.iter().find(|(name, _)| *name == function) {
        return Outcome::Skipped(why);
    }
    Outcome::Gives(match function {
        "parse_date" => parse_date(input, expected),
        "validate_history" => validate_history(input, expected),
        "rule_range_tuples" => run_range(input, expected),
        "alert_id" if input["version"] != "undefined" => {
            return Outcome::Skipped("the version of an event is never known here");
        }
        "alert_id" => id_of_alert(input),
        "buckets_to_values" => {
            let rows: Vec<Value> = array(&input["bucket_keys"]).iter().map(|key| json!([key])).collect();
            let terms = terms(&input["fields"], &input["fields"], &rows);
            json!({"values": terms.into_iter().map(|term| term[0].clone()).collect::<Vec<_>>()})
        }
        "rows_to_combinations" => {
            let columns = if input["columns"].is_null() { &input["fields"] } else { &input["columns"] };
            json!({"combinations": terms(&input["fields"], columns, array(&input["rows"]))})
        }
        "excluded" => excluded(input),
        "reason" => alert_of(input, json!({"name": input["name"]}), "kibana.alert.reason", "reason"),
        "severity" => {
            alert_of(input, json!({"severity_mapping": input["mapping"]}), "kibana.alert.severity", "severity")
        }
        "risk_score" => {
            let rule = json!({"risk_score": input["risk_score"], "risk_score_mapping": input["mapping"]});
            alert_of(input, rule, "kibana.alert.risk_score", "risk_score")
        }
        "rule_name" => {
            let rule = json!({"name": input["name"], "rule_name_override": input["override"]});
            alert_of(input, rule, "kibana.alert.rule.name", "rule_name")
        }
        _ => return Outcome::Skipped("no such function is known"),
    })
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// An error has no name here but the field it is about.
fn parse_date(input: &Value, expected: &Map<String, Value>) -> Value {
    let now_ms = parse_timestamp(input["now"].as_str().unwrap_or(NOW)).expect("now is a time");
    match DateMath::parse(input["date"].as_str().expect("a date is a text")) {
        Ok(date) => json!({"iso": date.evaluate(now_ms).map(format_iso)}),
        Err(_) => json!({"error": "unparsable_date", "names": expected.get("names")}),
    }
}

/// Whether a rule with this history is loaded. An error has no name here.
fn validate_history(input: &Value, expected: &Map<String, Value>) -> Value {
    let names = ["history_window_start", "historyWindowStart"];
    let start = names.iter().map(|name| &input[*name]).find(|start| start.is_string());
    let rule = json!({
        "type": "new_terms", "new_terms_fields": ["a"], "history_window_start": start, "from": input["from"],
    });
    let is_wrong = |(key, value): (&String, &Value)| match key.as_str() {
        "error" => !value.is_null(),
        _ => *value == json!(false),
    };
    match (engine(rule, Documents::default()), expected.iter().any(is_wrong)) {
        (Ok(_), false) | (Err(_), true) => Value::Object(expected.clone()),
        (Ok(_), true) => json!("it is loaded"),
        (Err(cause), false) => json!(cause),
    }
}

/// The range of the run itself: catching up on others is the host's business.
fn run_range(input: &Value, expected: &Map<String, Value>) -> Value {
    let rule = json!({
        "type": "new_terms", "new_terms_fields": ["a"], "history_window_start": "now-30d",
        "from": input["from"], "to": input["to"], "interval": input["interval"],
    });
    let engine = engine(rule, Documents::default()).expect("the rule runs");
    let now_ms = parse_timestamp(input["started_at"].as_str().expect("a run starts")).expect("at a time");
    let range = engine.rules()[0].scheduled_range(now_ms).expect("within the calendar");
    let mut tuples = array(&expected["tuples"]).to_vec();
    if let Some(own) = tuples.last_mut() {
        *own = json!([format_iso(range.from_ms), format_iso(range.to_ms)]);
    }
    json!({"tuples": tuples, "remaining_gap_ms": expected["remaining_gap_ms"]})
}

fn id_of_alert(input: &Value) -> Value {
    let text = |name: &str| input[name].as_str().expect("a text");
    let terms = array(&input["new_terms"]);
    json!({"alert_id": alert_id(text("index"), &EventIdentity::of_digest(None, text("id")), text("space"), text("rule_uuid"), Some(terms))})
}

/// The terms of events that have in these columns the values of a row each.
fn terms(fields: &Value, columns: &Value, rows: &[Value]) -> Vec<Value> {
    let rule = json!({"type": "new_terms", "new_terms_fields": fields, "history_window_start": "now-5d"});
    let mut engine = engine(rule, Documents::default()).expect("the rule runs");
    let event = |row: &Value| {
        let cells = array(columns).iter().zip(array(row));
        let members =
            cells.map(|(column, value)| (column.as_str().expect("a column has a name").to_owned(), value.clone()));
        Value::Object(members.collect())
    };
    let mut state = New::default();
    rows.iter().for_each(|row| drop(evaluate(&mut engine, &event(row), NOW, &mut state)));
    state.0.iter().map(|sighting| serde_json::from_str(&sighting.term).expect("a term is JSON")).collect()
}

/// Whether exceptions keep a rule that matches everything from an event.
fn excluded(input: &Value) -> Value {
    let list = json!({"list_id": "l", "name": "l", "description": "", "type": "detection", "namespace_type": "single"});
    let mut lines = vec![list.to_string()];
    let mut value_lists = Vec::new();
    for (number, item) in array(&input["items"]).iter().enumerate() {
        let mut item = item.as_object().expect("an item is an object").clone();
        for (field, value) in [
            ("item_id", json!(format!("i{number}"))),
            ("list_id", json!("l")),
            ("name", json!("i")),
            ("type", json!("simple")),
            ("namespace_type", json!("single")),
        ] {
            item.entry(field).or_insert(value);
        }
        for list in array(&item["entries"]).iter().map(|entry| &entry["list"]).filter(|list| list.is_object()) {
            let values: Vec<&str> = array(&list["values"]).iter().filter_map(Value::as_str).collect();
            value_lists.push((list["id"].as_str().expect("a list has an id").to_owned(), values.join("\n")));
        }
        lines.push(Value::Object(item).to_string());
    }
    let nested: Map<String, Value> = array(&input["nested_paths"])
        .iter()
        .filter_map(|path| Some((path.as_str()?.to_owned(), json!({"type": "nested"}))))
        .collect();
    let documents = Documents {
        exceptions: vec![("exceptions.ndjson".to_owned(), lines.join("\n"))],
        value_lists,
        mappings: vec![("mapping.json".to_owned(), json!({"mappings": {"properties": nested}}).to_string())],
        ..Documents::default()
    };
    let lists = json!([{"id": "l", "list_id": "l", "type": "detection", "namespace_type": "single"}]);
    match engine(json!({"exceptions_list": lists}), documents) {
        Ok(mut engine) => {
            let matched =
                evaluate(&mut engine, &input["event"], input["now"].as_str().unwrap_or(NOW), &mut New::default()).0;
            json!({"excluded": matched == 0})
        }
        Err(cause) => json!({"refused": cause}),
    }
}

/// A field of the alert that a rule with these members raises for the event,
/// under the name that the cases have for it.
fn alert_of(input: &Value, mut rule: Value, field: &str, name: &str) -> Value {
    if input["severity"].is_string() {
        rule["severity"] = input["severity"].clone();
    }
    match engine(rule, Documents::default()) {
        Ok(mut engine) => {
            let (_, alert) = evaluate(&mut engine, &input["event"], NOW, &mut New::default());
            json!({ name: alert[field] })
        }
        Err(cause) => json!({"refused": cause}),
    }
}

/// An engine of a rule with these members, or why it does not run. Without a
/// type it is a query rule, which alerts on every event.
fn engine(members: Value, documents: Documents) -> Result<Engine, String> {
    let mut rule = json!({
        "type": "query", "rule_id": "r", "name": "R", "severity": "low", "risk_score": 21, "query": "*",
    });
    for (field, value) in members.as_object().into_iter().flatten() {
        rule[field] = value.clone();
    }
    let documents = Documents { rules: vec![("rule.json".to_owned(), rule.to_string())], ..documents };
    let (engine, reports) = Engine::new(&documents, Settings { clock: Clock::Arrival, ..Settings::default() });
    match reports.rules.into_iter().filter_map(Result::err).chain(reports.unusable).next() {
        Some(refusal) => Err(refusal.error.cause),
        None => Ok(engine),
    }
}

/// How many rules match an event, and the first alert.
fn evaluate(engine: &mut Engine, event: &Value, now: &str, state: &mut New) -> (u64, Value) {
    let now_ms = parse_timestamp(now).expect("now is a time");
    let mut event = event.clone();
    if event["@timestamp"].is_null() {
        event["@timestamp"] = json!(now);
    }
    let answer = |questions: &[Question]| Ok::<_, EvaluateError>(state.answer(questions));
    let evaluation = engine.evaluate_with(event.to_string(), Context::at(now_ms), answer).expect("it is evaluated");
    let alert = evaluation.alerts.first().map(|alert| serde_json::from_str(&alert.document).expect("JSON"));
    (evaluation.matched(), alert.unwrap_or_default())
}

/// Everything is new.
#[derive(Default)]
struct New(Vec<Sighting>);

impl New {
    fn answer(&mut self, questions: &[Question]) -> Vec<Answer> {
        self.0.extend(questions.iter().filter_map(|question| match question {
            Question::Sighting(sighting) => Some(sighting.clone()),
            _ => None,
        }));
        vec![Answer::Sighting(Verdict::Unseen); questions.len()]
    }
}
