use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use firstseen_ledger::{
    History, Imported, KnownRule, LedgerError, MemoryLedger, Page, RECORDS_MAX, Record, Since, Span, Upkeep,
};
use tempfile::TempDir;

use super::*;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    (folder, path)
}

fn serve(path: &Path) -> (UpkeepServer, Arc<MemoryLedger>) {
    let ledger: Arc<MemoryLedger> = Arc::default();
    let state = Arc::clone(&ledger);
    let server = UpkeepServer::start(path, move || Ok(Arc::clone(&state) as Arc<dyn Upkeep>)).unwrap();
    (server, ledger)
}

fn client(path: &Path) -> UpkeepClient {
    UpkeepClient::find(path).unwrap().expect("somebody listens")
}

/// What is answered to these bytes.
fn raw(path: &Path, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    // It may be broken off before all is taken.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn history(stretches: &[(i64, i64)], expires_ms: i64) -> History {
    let mut spans: Vec<Span> = stretches.iter().map(|(first, last)| Span { first: *first, last: *last }).collect();
    let latest = spans.pop().unwrap();
    History::from_parts(spans, latest, expires_ms).unwrap()
}

#[test]
fn every_method_gives_what_the_state_gives() {
    let (_folder, path) = folder();
    let (_server, ledger) = serve(&path);
    let client = client(&path);
    let term = "[\"a\\u001f\u{202e}\n\",1.50]".to_owned();
    let seen = history(&[(i64::MIN, -5), (7, i64::MAX)], i64::MAX);
    let records = [
        Record::Rule { rule: "b".to_owned(), since: Since { arrival_ms: 3, first_at_ms: None } },
        Record::Term { rule: "a".to_owned(), term: term.clone(), history: seen.clone(), window_ms: 1 },
        Record::Term { rule: "a".to_owned(), term: "old".to_owned(), history: history(&[(0, 0)], 4), window_ms: 0 },
    ];
    let imported = client.import(&records, 5).unwrap();
    assert_eq!(imported, Imported { new: 1, expired: 1, ..Imported::default() });
    assert_eq!(client.import(&records, 5).unwrap(), Imported { unchanged: 1, expired: 1, ..Imported::default() });

    let rules = [
        KnownRule { key: "a".to_owned(), since: Some(Since { arrival_ms: 5, first_at_ms: Some(i64::MIN) }) },
        KnownRule { key: "b".to_owned(), since: Some(Since { arrival_ms: 3, first_at_ms: None }) },
    ];
    assert_eq!(client.rules(None, 9).unwrap(), Page { items: rules.to_vec(), next: None });
    let [first, second] = rules;
    assert_eq!(client.rules(None, 1).unwrap(), Page { items: vec![first], next: Some("a".to_owned()) });
    assert_eq!(client.rules(Some("a"), usize::MAX).unwrap(), Page { items: vec![second], next: None });
    assert_eq!(client.term("a", &term).unwrap(), Some(seen));
    assert_eq!(client.term("a", "unknown").unwrap(), None);
    assert_eq!(client.size().unwrap(), Upkeep::size(&*ledger).unwrap());
    assert_eq!(client.forget("a", &[term.clone(), term.clone()]).unwrap(), 1);
    assert_eq!(Upkeep::term(&*ledger, "a", &term).unwrap(), None);
}

#[test]
fn errors_keep_their_kind_and_text() {
    let (_folder, path) = folder();
    let (_server, ledger) = serve(&path);
    let client = client(&path);
    let told = Upkeep::terms(&*ledger, "a", None, 1).unwrap_err().to_string();
    assert!(matches!(client.terms("a", None, 1), Err(LedgerError::Unsupported(text)) if text == told));
    assert!(matches!(client.forget_rule("a"), Err(LedgerError::Unsupported(_))));
    let record = Record::Rule { rule: "r".repeat(2_000), since: Since::met(0) };
    assert!(matches!(client.import(&[record], 0), Err(LedgerError::Invalid(text)) if text.contains("2000 bytes")));
    let many = vec!["x".to_owned(); RECORDS_MAX + 1];
    assert!(matches!(client.forget("a", &many), Err(LedgerError::Invalid(text)) if text.contains("10001 terms")));
    let long = vec!["\u{1f}".repeat(1 << 20); 4];
    assert!(matches!(client.forget("a", &long), Err(LedgerError::Invalid(text)) if text.contains("too many")));
}

#[test]
fn without_a_state_the_reason_is_the_answer() {
    let (_folder, path) = folder();
    let _server = UpkeepServer::start(&path, || Err("detection is off".to_owned())).unwrap();
    let error = client(&path).size().unwrap_err();
    assert!(matches!(&error, LedgerError::Unavailable { .. }));
    assert_eq!(error.to_string(), "detection is off");
}

#[test]
fn whatever_is_sent_the_next_one_is_answered() {
    let (_folder, path) = folder();
    let (_server, _ledger) = serve(&path);
    let greeting = "{\"firstseen_upkeep\":1}\n";
    for (said, answered) in [
        ("", ""),
        ("\n", "does not understand"),
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "does not understand"),
        ("{\"firstseen_upkeep\":2}\n{\"size\":{}}\n", "speaks version 2"),
        ("{\"firstseen_upkeep\":-1}\n", "does not understand"),
        (greeting, ""),
        (&format!("{greeting}{{\"size\":{{}}}}"), ""),
        (&format!("{greeting}{{\"size\":{{}}}}\n{{\"size\":{{}}}}\n"), "\"size\":{\"terms\":0"),
        (&format!("{greeting}{{\"drop\":{{}}}}\n"), "unknown variant"),
        (&format!("{greeting}{{\"size\":{{\"x\":1}}}}\n"), "unknown field"),
        (&format!("{greeting}{{\"rules\":{{\"after\":null,\"max\":-1}}}}\n"), "does not understand"),
        (&format!("{greeting}{{\"rules\":{{\"after\":null,\"max\":0}}}}\n"), "\"items\":[]"),
        (
            &format!(
                "{greeting}{{\"import\":{{\"now_ms\":0,\"records\":[{{\"term\":{{\"rule\":\"r\",\"term\":\"t\",\
                 \"window_ms\":0,\"history\":{{\"spans_ms\":[[2,1]],\"expires_ms\":0}}}}}}]}}}}\n"
            ),
            "in no order",
        ),
        (&"x".repeat(1000), "more than 256 bytes"),
        (&format!("{greeting}{}", "[".repeat(10_000)), ""),
        (&format!("{greeting}{}\n", "[".repeat(10_000)), "does not understand"),
        (&format!("{greeting}{}", "x".repeat(wire::LINE_BYTES_MAX + 2)), "more than 16777216 bytes"),
    ] {
        let answer = raw(&path, said.as_bytes());
        let shown = &said[..said.len().min(60)];
        assert!(answer.contains(answered) && answer.is_empty() == answered.is_empty(), "{shown}: {answer}");
        assert!(answer.is_empty() || answer.starts_with(greeting), "{shown}: {answer}");
    }
    assert!(raw(&path, b"\xff\xfe\n\n").contains("does not understand"));
    assert!(client(&path).size().is_ok());
}

#[test]
fn what_answers_nonsense_is_not_understood() {
    for (said, cause) in [
        ("", "ended before it had answered"),
        ("{\"firstseen_upkeep\":1}\n{\"size\":", "ended before it had answered"),
        ("SSH-2.0\n", "is not understood"),
        ("{\"firstseen_upkeep\":9}\n{}\n", "speaks version 9"),
        ("{\"firstseen_upkeep\":1}\n{\"forgotten\":{\"terms\":1}}\n", "something else than it was asked"),
        ("{\"firstseen_upkeep\":1}\n{\"terms\":{\"items\":[],\"next\":\"a\"}}\n", "does not go on"),
        (
            "{\"firstseen_upkeep\":1}\n{\"terms\":{\"items\":[{\"text\":\"t\",\"history\":{\"spans_ms\":[],\
             \"expires_ms\":0}}],\"next\":null}}\n",
            "without stretches",
        ),
    ] {
        let (_folder, path) = folder();
        let listener = UnixListener::bind(&path).unwrap();
        let server = thread::spawn(move || {
            // The first is the look whether somebody is there.
            drop(listener.accept().unwrap());
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(said.as_bytes());
        });
        let error = client(&path).terms("r", Some("a"), 1).unwrap_err().to_string();
        assert!(error.contains(cause), "{said}: {error}");
        server.join().unwrap();
    }
}

#[test]
fn a_socket_is_for_its_owner_and_goes_with_its_server() {
    let (folder, path) = folder();
    assert!(UpkeepClient::find(&path).unwrap().is_none());
    let (server, _ledger) = serve(&path);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    assert!(server.is_in_place());
    let client = client(&path);
    drop(server);
    assert!(!path.exists());
    let error = client.size().unwrap_err().to_string();
    assert!(error.contains("ended before it had answered"), "{error}");
    assert!(UpkeepClient::find(&path).unwrap().is_none());
}

#[test]
fn only_a_socket_that_nobody_listens_to_is_replaced() {
    let (folder, path) = folder();
    let (server, _ledger) = serve(&path);
    let start = || UpkeepServer::start(&path, || Err(String::new())).map(drop).unwrap_err();
    assert!(matches!(start(), StartError::Taken(_)));
    assert!(server.is_in_place());
    drop(server);

    // As after a kill: the socket, and one in the making.
    drop(UnixListener::bind(&path).unwrap());
    fs::create_dir(folder.path().join("socket.new")).unwrap();
    drop(UnixListener::bind(folder.path().join("socket.new/s")).unwrap());
    assert!(UpkeepClient::find(&path).unwrap().is_none());
    let (server, _ledger) = serve(&path);
    assert!(client(&path).size().is_ok());

    // One whose name somebody else took leaves it to them.
    fs::remove_file(&path).unwrap();
    assert!(!server.is_in_place());
    fs::write(&path, "notes").unwrap();
    drop(server);
    assert_eq!(fs::read_to_string(&path).unwrap(), "notes");
    assert!(matches!(start(), StartError::NotASocket(_)));
    fs::remove_file(&path).unwrap();
    symlink("elsewhere", &path).unwrap();
    assert!(matches!(start(), StartError::NotASocket(_)));
    fs::remove_file(&path).unwrap();

    let long = folder.path().join("x".repeat(120));
    let error = UpkeepServer::start(&long, || Err(String::new())).map(drop).unwrap_err();
    assert!(matches!(error, StartError::TooLong(_)), "{error}");
    assert!(UpkeepClient::find(&long).unwrap().is_none());
    assert!(matches!(
        UpkeepServer::start(&folder.path().join("no/socket"), || Err(String::new())).map(drop),
        Err(StartError::Io { .. })
    ));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
}

#[test]
fn the_end_does_not_wait_for_who_says_nothing() {
    let (_folder, path) = folder();
    let (server, _ledger) = serve(&path);
    // More than are answered at a time.
    let mut silent: Vec<UnixStream> = (0..8).map(|_| UnixStream::connect(&path).unwrap()).collect();
    drop(server);
    for stream in &mut silent {
        // Broken off: the end, or an error.
        assert!(!matches!(stream.read(&mut [0]), Ok(1..)));
    }
}
