//! The plain module: any calls in any order have a reply that a host can read.

use firstseen_plain::{Module, Reply, Status};
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
        return;
    };
    let mut module = Module::default();
    let mut is_asking = false;
    for call in text.split(BETWEEN[0]).take(20) {
        let mut texts = call.split(BETWEEN[1]);
        let name = texts.next().unwrap_or_default();
        let mut next = || texts.next().unwrap_or_default().as_bytes();
        let reply = match name {
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
