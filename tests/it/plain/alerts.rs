//! The alerts of the plain modules are those of the component, to the byte.

use anyhow::{Context, Result, ensure};
use firstseen_tests::firstseen::{Firstseen, NOW_MS};
use firstseen_tests::output::id_of;
use firstseen_tests::plain_host::{Host, State, compile, lines};
use serde_json::{Value, json};

use super::{SHAPES, module};
use crate::other_host::{event_files, text_of};

#[test]
fn the_same_alerts() -> Result<()> {
    let modules = [(module(SHAPES[0])?, true), (module(SHAPES[1])?, false)];
    let modules = modules.map(|(wasm, has_simd)| compile(&wasm, has_simd));
    let (mut compared, mut asked) = (0, 0);
    for file in event_files()? {
        let ran = Firstseen::filter()?.args(["--clock", "event", "--only-alerts"]).stdin_file(&file)?.run(b"")?;
        let code = i32::from(ran.count("unjudged")? > 0);
        let documents = ran.expect_code(code)?.split().alerts;
        let expected: Vec<[String; 2]> =
            documents.into_iter().map(|document| Ok([id_of(&document)?, document])).collect::<Result<_>>()?;
        for module in &modules {
            let mut host = Host::new(module.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?)?;
            let reports = host.call("firstseen_configure", &[br#"{"clock":"event"}"#])?;
            ensure!(reports.status == 0 && reports.text.starts_with(r#"{"loaded":{"rule-id":"#), "{reports:?}");
            let mut state = State::default();
            let given = host.evaluate(text_of(&file)?.as_bytes(), &json!({"arrival": NOW_MS}), &mut state)?;
            let alerts = given.iter().filter_map(|line| line.get("alert"));
            let text = |alert: &Value, name| Some(alert.get(name)?.as_str()?.to_owned());
            let alerts: Option<Vec<[String; 2]>> =
                alerts.map(|alert| Some([text(alert, "id")?, text(alert, "document")?])).collect();
            assert_eq!(alerts.context("no text")?, expected, "{}", file.display());
            asked += state.said.len();
        }
        compared += expected.len();
    }
    ensure!(compared > 100 && asked >= 20, "only {compared} alerts were compared, only {asked} questions asked");
    Ok(())
}

#[test]
fn both_shapes_say_the_same_of_what_matches_and_of_themselves() -> Result<()> {
    let batch = b"{\"@timestamp\":1}\nno event\n\n{}\n";
    let mut said = Vec::new();
    for (shape, has_simd) in [(SHAPES[0], true), (SHAPES[1], false)] {
        let mut host = Host::new(&compile(&module(shape)?, has_simd)?)?;
        ensure!(host.number("firstseen_abi", &[])? == 2);
        let description = host.call("firstseen_describe", &[])?;
        host.call("firstseen_configure", &[br#"{"shortcuts":{"prefilter":false}}"#])?;
        let matching = host.call("firstseen_match", &[batch, br#"{"arrival":0}"#])?;
        assert_eq!(
            lines(&matching.text)?,
            [
                json!({"unjudged": {"line": 1, "cause": {"malformed": {"offset": 0, "fault": "not-an-object"}}, "rules": []}}),
                json!({"summary": {"events": 3}}),
            ]
        );
        said.push((description, matching));
    }
    assert_eq!(said[0], said[1]);
    let description: Value = serde_json::from_str(&said[0].0.text)?;
    assert_eq!(description["rule-types"][0]["name"], "new_terms");
    Ok(())
}

#[test]
fn a_batch_is_given_up_by_what_cannot_be_read() -> Result<()> {
    let mut host = Host::new(&compile(&module(SHAPES[0])?, true)?)?;
    let rule = r#"{"type":"query","rule_id":"q","name":"q","risk_score":1,"severity":"low","description":"d","query":"a: *","index":["*"]}"#;
    let configuration = json!({"rules": [{"name": "q", "content": rule}], "clock": "event"}).to_string();
    host.call("firstseen_configure", &[configuration.as_bytes()])?;
    let event = br#"{"@timestamp":0,"a":1}"#;
    for (name, arguments) in [("firstseen_finish", &[16, 4][..]), ("firstseen_begin", &[16, 4, 16, 4])] {
        ensure!(host.call("firstseen_begin", &[event, br#"{"arrival":0}"#])?.status == 1, "it asks nothing");
        let place = host.number(name, arguments)?;
        ensure!(host.reply(place)?.status == 2);
        let reply = host.call("firstseen_finish", &[br#"{"sighting":"unseen"}"#])?;
        ensure!(reply.text == "answers, but nothing was asked", "{name}: {reply:?}");
    }
    Ok(())
}

#[test]
fn what_is_wrong_is_told() -> Result<()> {
    let mut host = Host::new(&compile(&module(SHAPES[0])?, true)?)?;
    let context: &[u8] = br#"{"arrival":0}"#;
    ensure!(host.call("firstseen_begin", &[b"{}", context])?.status == 3);
    ensure!(host.call("firstseen_finish", &[b""])?.status == 3);
    host.call("firstseen_configure", &[b""])?;
    for (name, texts, expected) in [
        ("firstseen_configure", &[&br#"{"rule":[]}"#[..]][..], "the configuration: unknown field `rule`"),
        ("firstseen_configure", &[b"\xff"], "the configuration: byte 0 and what follows is not UTF-8"),
        ("firstseen_begin", &[b"{}", b"{}"], "the context: missing field `arrival`"),
        ("firstseen_begin", &[b"{}\n{\xc3(}", context], "the batch: byte 4 and what follows is not UTF-8"),
        ("firstseen_begin", &[b"{}", br#"{"arrival":0,"ids":["a","b"]}"#], "ids"),
        ("firstseen_finish", &[br#"{"sighting":"unseen"}"#], "answers, but nothing was asked"),
        ("firstseen_finish", &[b"\n{\"sighting\":9}"], "line 2 of the answers is none"),
    ] {
        let reply = host.call(name, texts)?;
        ensure!(reply.status == 2 && reply.text.contains(expected), "{name}: {reply:?}");
    }
    host.call("firstseen_configure", &[br#"{"questions":[]}"#])?;
    ensure!(host.call("firstseen_finish", &[b""])?.status == 3, "no rule runs that asks a question");
    let place = host.number("firstseen_configure", &[16, 4])?;
    let reply = host.reply(place)?;
    ensure!(reply.status == 2 && reply.text.contains("4 bytes at 16 do not lie in one piece"), "{reply:?}");
    Ok(())
}
