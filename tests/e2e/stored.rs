//! What real engines store of hostile requests: `tests/data/stored/`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::golden;
use firstseen_tests::stored::{
    Area, Bytes, Case, INDEX, MARKER, Outcome, Source, Stored, areas, documents, rule, template,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use ureq::Agent;
use ureq::http::{Request, StatusCode};

use crate::elasticsearch::with_elasticsearch;
use crate::mappings::{ALERTS, kibana_alerts};
use crate::server::Server;

/// What takes longer hangs. It bounds failing tests; none depends on it.
const HANG: Duration = Duration::from_secs(60);

/// Sources that are longer are told by their digests, in bytes.
const SHOWN_BYTES: usize = 1_000;

/// The length of an id that an engine makes up.
const MADE_UP_BYTES: usize = 20;

/// A server, and where its outcomes stand in a case.
type Engine = (&'static str, fn(&mut Case) -> &mut Option<Outcome>);

const ENGINES: [Engine; 2] =
    [("elasticsearch", |case| &mut case.elasticsearch), ("opensearch", |case| &mut case.opensearch)];

#[test]
fn engines_store_what_the_table_says() -> Result<()> {
    let files = areas()?;
    let mut table = files.iter().map(|file| Area::read(file)).collect::<Result<Vec<_>>>()?;
    for engine in ENGINES {
        let (name, _) = engine;
        let Some(server) = Server::start(name, &[])? else { continue };
        let node = Node::new(&server.url);
        let asked = node.ask("PUT", "/_index_template/stored", &template().to_string()).and_then(|_| {
            let cases = files
                .iter()
                .zip(&mut table)
                .flat_map(|(file, area)| area.cases.iter_mut().map(move |case| (file, case)));
            cases.map(|(file, case)| node.outcome(file, engine, case)).sum::<Result<usize>>()
        });
        match asked {
            Ok(count) => {
                println!("{name}: {count} documents stored");
                server.end(Ok(()))?;
            }
            Err(error) => server.end(Err(error))?,
        }
    }
    let mut files = files.iter().zip(&table);
    files.try_for_each(|(file, area)| golden::check_file(file, &area.text()?))
}

#[test]
fn alerts_about_hostile_documents_are_stored_too() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("rule.json");
    fs::write(&path, rule().to_string())?;
    let mut alerts = Vec::new();
    for (name, document) in documents()? {
        // One by one: in whatever form it comes, the same event alerts once.
        let ran = Firstseen::filter()?.args(["--only-alerts", "--rules"]).arg(&path).run(&document)?;
        let own = ran.split().alerts;
        ensure!(!own.is_empty(), "{name} has no alert");
        alerts.extend(own);
    }
    with_elasticsearch(|node| {
        if !kibana_alerts(node)? {
            return Ok(());
        }
        let ids = (0..).map(|id: usize| id.to_string());
        let stored = node.create(ALERTS, ids.zip(alerts.iter().map(String::as_str)))?;
        ensure!(stored.refused.is_empty(), "refused: {:#?}", stored.refused);
        ensure!(stored.created == alerts.len() as u64, "not every alert is there");
        println!("hostile documents: {} alerts stored", alerts.len());
        Ok(())
    })
}

/// A node of either engine.
struct Node {
    url: String,
    agent: Agent,
}

impl Node {
    fn new(url: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(HANG));
        Self { url: url.to_owned(), agent: config.build().into() }
    }

    /// Sends a case's request and writes down what is stored then. Answers how
    /// many documents that is.
    fn outcome(&self, file: &Path, (engine, place): Engine, case: &mut Case) -> Result<usize> {
        let about = || format!("{engine}, {}, {}", file.display(), case.name);
        let outcome = self.became(case).with_context(about)?;
        let count = outcome.stored.len();
        *place(case) = Some(outcome);
        Ok(count)
    }

    fn became(&self, case: &Case) -> Result<Outcome> {
        if let Some(index) = &case.index {
            self.ask("PUT", &format!("/{INDEX}"), &index.to_string())?;
        }
        for (number, document) in case.before.iter().enumerate() {
            self.ask("PUT", &format!("/{INDEX}/_doc/{number}"), document)?;
        }
        let (status, answer) = self.send(&case.request()?)?;
        let outcome = Outcome { status, items: items(&answer), stored: self.stored()? };
        self.clear()?;
        Ok(outcome)
    }

    /// Sends bytes as they are, and answers with the status and the body. Status
    /// 0 stands for no answer.
    fn send(&self, request: &[u8]) -> Result<(u16, Vec<u8>)> {
        let mut connection = TcpStream::connect(self.url.trim_start_matches("http://"))?;
        connection.set_read_timeout(Some(HANG))?;
        // It need not read all of it.
        let _ = connection.write_all(request);
        let mut answer = Vec::new();
        if let Err(error) = connection.read_to_end(&mut answer) {
            // It may well be cut off.
            ensure!(error.kind() == ErrorKind::ConnectionReset, "{error}");
        }
        loop {
            let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok((0, answer)) };
            let body = answer.split_off(end + 4);
            let head = String::from_utf8(answer)?.to_ascii_lowercase();
            let status = head.split(' ').nth(1).with_context(|| head.clone())?.parse()?;
            if head.contains("\r\ntransfer-encoding: chunked") {
                return Ok((status, unchunked(&body)?));
            }
            if status != 100 {
                return Ok((status, body));
            }
            answer = body;
        }
    }

    /// All documents, in an order that stays.
    fn stored(&self) -> Result<Vec<Stored>> {
        self.ask("POST", "/_refresh?expand_wildcards=all", "")?;
        let marked: BTreeSet<_> = self.documents(&json!({"term": {"process.name": MARKER}}))?.into_iter().collect();
        let stored = self.documents(&json!({"match_all": {}}))?.into_iter().map(|(index, id)| {
            let encoded: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let (status, source) = self.answer("GET", &format!("/{index}/_source/{encoded}"), "")?;
            let is_made_up = id.len() == MADE_UP_BYTES && !id.contains(' ');
            let found = marked.contains(&(index.clone(), id.clone()));
            Ok(Stored {
                index,
                id: (!is_made_up).then_some(id),
                source: status.is_success().then(|| shown(&source)),
                found,
            })
        });
        let mut stored = stored.collect::<Result<Vec<_>>>()?;
        stored.sort();
        Ok(stored)
    }

    /// Index and id of all documents that a query finds.
    fn documents(&self, query: &Value) -> Result<Vec<(String, String)>> {
        let search = json!({"size": 1000, "_source": false, "query": query});
        let found = self.ask("POST", "/_search?expand_wildcards=all", &search.to_string())?;
        let hits = found.pointer("/hits/hits").and_then(Value::as_array).context("no hits")?;
        let text = |hit: &Value, member| hit.get(member).and_then(Value::as_str).map(str::to_owned);
        hits.iter().map(|hit| text(hit, "_index").zip(text(hit, "_id")).context("a hit without an id")).collect()
    }

    /// Takes all indices away.
    fn clear(&self) -> Result<()> {
        let all = self.ask("GET", "/_resolve/index/*?expand_wildcards=all", "")?;
        for index in all.get("indices").and_then(Value::as_array).into_iter().flatten() {
            let name = index.get("name").and_then(Value::as_str).context("an index without a name")?;
            self.ask("DELETE", &format!("/{name}"), "")?;
        }
        Ok(())
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<Value> {
        let (status, answer) = self.answer(method, path, body)?;
        let text = String::from_utf8_lossy(&answer);
        ensure!(status.is_success(), "{method} {path}: {status}: {text}");
        serde_json::from_str(&text).with_context(|| format!("{method} {path}: {text}"))
    }

    fn answer(&self, method: &str, path: &str, body: &str) -> Result<(StatusCode, Vec<u8>)> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/json").body(body.to_owned())?;
        let mut answer = self.agent.run(request).with_context(|| format!("{method} {path}"))?;
        Ok((answer.status(), answer.body_mut().with_config().limit(u64::MAX).read_to_vec()?))
    }
}

/// The status of each item of an answer.
fn items(answer: &[u8]) -> Vec<u16> {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let items = answer.get("items").and_then(Value::as_array).into_iter().flatten();
    let statuses = items.filter_map(|item| item.as_object()?.values().next()?.get("status")?.as_u64());
    statuses.filter_map(|status| u16::try_from(status).ok()).collect()
}

/// The source of a document as the table has it.
fn shown(source: &[u8]) -> Source {
    if source.len() <= SHOWN_BYTES {
        return Source::Whole(Bytes::of(source));
    }
    let sha256 = Sha256::digest(source).iter().map(|byte| format!("{byte:02x}")).collect();
    Source::Digest { bytes: source.len(), sha256 }
}

/// A body that was sent in chunks.
fn unchunked(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|bytes| bytes == b"\r\n").context("a chunk without a length")?;
        let (length, chunk) = rest.split_at(end);
        let length = usize::from_str_radix(std::str::from_utf8(length)?, 16)?;
        if length == 0 {
            return Ok(body);
        }
        let chunk = chunk.get(2..).context("no chunk")?;
        body.extend_from_slice(chunk.get(..length).context("half a chunk")?);
        rest = chunk.get(length + 2..).context("a chunk without an end")?;
    }
}
