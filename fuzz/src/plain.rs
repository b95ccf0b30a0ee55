//! The plain module: any calls in any order have a reply that a host can read, and any record
//! comes back.

use firstseen_plain::{Module, Records, Reply, Status};
use serde_json::Value;

/// What stands between calls, and between the texts of a call.
const BETWEEN: [&str; 2] = ["\n====\n", "\n--\n"];

/// The calls of a text: a letter for the name, then its texts.
///
/// # Panics
///
/// When a reply is none.
pub fn check(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else {
        // Whatever it is, it is told.
        let mut module = Module::default();
        assert_eq!(module.configure(data).status, Status::Invalid);
        check_record(&mut Records::new(data), data, 0);
        check_record(&mut Records::new(b""), data, 0);
        return;
    };
    let mut module = Module::default();
    let mut records = Records::new(b"");
    let mut is_asking = false;
    for call in text.split(BETWEEN[0]).take(20) {
        let mut texts = call.split(BETWEEN[1]);
        let name = texts.next().unwrap_or_default();
        let mut next = || texts.next().unwrap_or_default().as_bytes();
        let reply = match name {
            "k" => {
                records = Records::new(next());
                continue;
            }
            "r" => {
                let record = next();
                let arrival_ms = core::str::from_utf8(next()).unwrap_or_default().parse().unwrap_or_default();
                check_record(&mut records, record, arrival_ms);
                continue;
            }
            "c" => module.configure(next()),
            "b" => module.begin(next(), next()),
            "f" => module.finish(next()),
            "m" => module.match_events(next(), next()),
            _ => module.describe(),
        };
        check_reply(&reply);
        // Answers without questions are none.
        assert!(name != "f" || is_asking || matches!(reply.status, Status::Invalid | Status::NotConfigured));
        match name {
            "b" | "f" => is_asking = reply.status == Status::Ask,
            "c" if reply.status == Status::Done => is_asking = false,
            _ => {}
        }
    }
}

fn check_reply(reply: &Reply) {
    let text = core::str::from_utf8(&reply.bytes).expect("it is a text");
    match reply.status {
        Status::Invalid | Status::NotConfigured => assert!(!text.is_empty()),
        Status::Done | Status::Ask => {
            assert!(text.is_empty() || text.ends_with('\n'));
            for line in text.lines() {
                assert!(serde_json::from_str::<Value>(line).expect("it is JSON").is_object());
            }
        }
    }
}

/// A record comes back as it was, or with something said in it and nothing else changed.
fn check_record(records: &mut Records, record: &[u8], arrival_ms: i64) {
    let Some(answer) = records.judge(record, arrival_ms) else { return };
    let value = |bytes: &[u8]| serde_json::from_str::<Value>(&String::from_utf8_lossy(bytes));
    let is_own = |key: &str| key == "firstseen" || key.starts_with("firstseen.");
    let end = record.iter().rposition(|byte| *byte == b'}').expect("it is an object");
    // What serde_json does not take nests deeply, or has a number or half a pair that it cannot hold.
    let Ok(Value::Object(mut given)) = value(&answer) else { return };
    assert!(given.remove("firstseen").expect("something is said").is_object());
    let mut expected = value(&record[..=end]).expect("what came out is JSON");
    let expected = expected.as_object_mut().expect("it is an object");
    match expected.keys().any(|key| is_own(key)) {
        true => expected.retain(|key, _| !is_own(key)),
        false => assert!(answer.starts_with(&record[..end])),
    }
    assert_eq!(&given, &*expected);
}
