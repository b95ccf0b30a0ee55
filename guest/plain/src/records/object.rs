//! A record as bytes: a member can be put in, and all others stay as they are.

use core::ops::Range;

use firstseen_guest::event::{Fault, check};

/// The name of the module's own member.
const NAME: &str = "firstseen";

/// A record that is a JSON object, cut up between its members.
#[derive(Debug)]
pub(super) struct Object<'r> {
    record: &'r [u8],
    /// Behind the bracket that opens it, up to the one that closes it.
    inside: Range<usize>,
    /// What stands between the commas in there: a member each.
    members: Vec<Range<usize>>,
}

impl<'r> Object<'r> {
    /// Reads a record; none if nothing can be put in, for it is no JSON object. Comments, which
    /// some engines take, are no JSON.
    pub(super) fn read(record: &'r [u8]) -> Option<Self> {
        // What is not UTF-8 can stand in strings only.
        match check(&String::from_utf8_lossy(record)) {
            Ok(()) => {}
            // It was read, and may be right.
            Err(malformed) if malformed.fault == Fault::TooDeep => {}
            Err(_) => return None,
        }
        let open = record.iter().position(|byte| !byte.is_ascii_whitespace())?;
        if record.get(open) != Some(&b'{') {
            return None;
        }
        let mut members = Vec::new();
        let (mut at, mut start, mut depth) = (open + 1, open + 1, 0_usize);
        let close = loop {
            match record.get(at)? {
                b'"' => at = string_end(record, at)?,
                b'/' => return None,
                b'{' | b'[' => depth += 1,
                b',' if depth == 0 => {
                    members.push(start..at);
                    start = at + 1;
                }
                b'}' if depth == 0 => break at,
                b'}' | b']' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            at += 1;
        };
        members.push(start..close);
        let rest = record.get(close + 1..)?;
        let inside = open + 1..close;
        rest.iter().all(u8::is_ascii_whitespace).then_some(Self { record, inside, members })
    }

    /// Its members that could be taken for the module's own, as texts.
    pub(super) fn forged(&self) -> Vec<String> {
        let forged = self.members.iter().filter_map(|range| self.record.get(range.clone()).filter(|it| is_own(it)));
        forged.map(|member| String::from_utf8_lossy(member.trim_ascii()).into_owned()).collect()
    }

    /// The record with a member of the module's own, which is JSON, behind all others and in
    /// place of those that could be taken for it. Nothing if there is no memory for it.
    pub(super) fn with(&self, own: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(self.record.len() + NAME.len() + own.len() + 8).ok()?;
        bytes.extend_from_slice(self.record.get(..self.inside.start)?);
        let mut is_first = true;
        for range in &self.members {
            let member = self.record.get(range.clone())?;
            if is_own(member) {
                continue;
            }
            if !is_first {
                bytes.push(b',');
            }
            bytes.extend_from_slice(member);
            is_first = is_first && member.iter().all(u8::is_ascii_whitespace);
        }
        if !is_first {
            bytes.push(b',');
        }
        for part in [&b"\""[..], NAME.as_bytes(), b"\":", own] {
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(self.record.get(self.inside.end..)?);
        Some(bytes)
    }
}

/// Whether a record has a member that could be taken for the module's own: a quick look, for every
/// record.
pub(super) fn is_forged(record: &[u8]) -> bool {
    let may_be = [NAME.as_bytes(), b"\\u"].iter().any(|part| memchr::memmem::find(record, part).is_some());
    may_be && has_key(record, is_own_key)
}

/// Whether an object has a member of this name, in any spelling: a look at what stands before
/// it, and no check.
pub(super) fn has_member(record: &[u8], name: &str) -> bool {
    has_key(record, |key| is_key(key, |key| key == name))
}

fn has_key(record: &[u8], is_it: impl Fn(&[u8]) -> bool) -> bool {
    let (mut at, mut depth, mut is_key) = (0, 0_usize, false);
    while let Some(byte) = record.get(at) {
        match byte {
            b'"' => {
                let Some(end) = string_end(record, at) else { return false };
                if depth == 1 && is_key && record.get(at..=end).is_some_and(&is_it) {
                    return true;
                }
                is_key = false;
                at = end;
            }
            b'{' | b'[' => {
                depth += 1;
                is_key = true;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => is_key = true,
            _ => {}
        }
        at += 1;
    }
    false
}

/// Whether a member could be taken for the module's own.
fn is_own(member: &[u8]) -> bool {
    let member = member.trim_ascii();
    string_end(member, 0).and_then(|end| member.get(..=end)).is_some_and(is_own_key)
}

/// Whether a key could be: by its name in any spelling, or by one that Elasticsearch would take
/// apart at its dots.
fn is_own_key(key: &[u8]) -> bool {
    is_key(key, |key| key.strip_prefix(NAME).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// Whether a key, in its quotes, is one of some kind.
fn is_key(key: &[u8], is_it: impl Fn(&str) -> bool) -> bool {
    if key.contains(&b'\\') {
        return serde_json::from_slice::<String>(key).is_ok_and(|key| is_it(&key));
    }
    let text = key.get(1..key.len().saturating_sub(1)).and_then(|key| core::str::from_utf8(key).ok());
    text.is_some_and(is_it)
}

/// Where the quote is that ends a string which begins at a place.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn with(record: &str) -> Option<String> {
        let object = Object::read(record.as_bytes())?;
        Some(String::from_utf8(object.with(b"1").unwrap()).unwrap())
    }

    #[test]
    fn a_member_is_put_in() {
        for (record, expected) in [
            ("{}", r#"{"firstseen":1}"#),
            ("{ }", r#"{ "firstseen":1}"#),
            (r#"{"a":1}"#, r#"{"a":1,"firstseen":1}"#),
            (" {\"a\" : [1,{\"b\":\"}\"}] }\r\n", " {\"a\" : [1,{\"b\":\"}\"}] ,\"firstseen\":1}\r\n"),
            (r#"{"a":"\\","b":"\"}"}"#, r#"{"a":"\\","b":"\"}","firstseen":1}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":1,"a":2,"firstseen":1}"#),
            (r#"{"a":{"firstseen":2}}"#, r#"{"a":{"firstseen":2},"firstseen":1}"#),
            (r#"{"firstseen_":2,"a":"firstseen"}"#, r#"{"firstseen_":2,"a":"firstseen","firstseen":1}"#),
        ] {
            assert_eq!(with(record).as_deref(), Some(expected));
        }
    }

    #[test]
    fn nothing_is_put_into_what_is_no_object() {
        for record in [
            "",
            " ",
            "[]",
            "1",
            "{",
            "{\"a\":1",
            "{}{}",
            "{} x",
            "{/**/}",
            "\u{feff}{}",
            "{\"a\":tru}",
            "{]}",
            "{\"a\\",
        ] {
            assert!(with(record).is_none(), "{record}");
        }
    }

    #[test]
    fn what_could_be_taken_for_it_is_taken_out() {
        for (record, expected, forged) in [
            (r#"{"firstseen":{"alerts":[]}}"#, r#"{"firstseen":1}"#, 1),
            (r#"{"firstseen":2,"a":1}"#, r#"{"a":1,"firstseen":1}"#, 1),
            (r#"{"a":1, "firstseen" : 2 , "b":1}"#, r#"{"a":1, "b":1,"firstseen":1}"#, 1),
            (r#"{"\u0066irstseen":2,"a":1,"firstsee\u006E":3}"#, r#"{"a":1,"firstseen":1}"#, 2),
            (r#"{"firstseen.alerts":[2],"firstseens":1}"#, r#"{"firstseens":1,"firstseen":1}"#, 1),
        ] {
            assert!(is_forged(record.as_bytes()));
            assert_eq!(with(record).as_deref(), Some(expected));
            assert_eq!(Object::read(record.as_bytes()).unwrap().forged().len(), forged, "{record}");
        }
        assert_eq!(Object::read(br#"{"a":1, "firstseen" : [2] }"#).unwrap().forged(), [r#""firstseen" : [2]"#]);
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        let object = Object::read(b"{\"a\":\"\xff\",\"firstseen\":\"\xfe\"}").unwrap();
        assert_eq!(object.with(b"{}").unwrap(), b"{\"a\":\"\xff\",\"firstseen\":{}}");
        assert_eq!(object.forged(), ["\"firstseen\":\"\u{fffd}\""]);
    }

    #[test]
    fn depth_does_not_matter() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(with(&deep), Some(deep.strip_suffix('}').unwrap().to_owned() + r#","firstseen":1}"#));
    }

    #[test]
    fn members_are_found_by_name() {
        for (record, expected) in [
            (r#"{"t":1}"#, true),
            (r#" { "a" : {"t":1} , "\u0074" : 1}"#, true),
            (r#"{"a":[1,"x"],"t":[]}"#, true),
            (r#"{"a":"t"}"#, false),
            (r#"{"a":{"t":1},"b":["t","t"],"c":"\"t\":1"}"#, false),
            ("{\"t", false),
            ("[]", false),
            ("", false),
        ] {
            assert_eq!(has_member(record.as_bytes(), "t"), expected, "{record}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("(firstseen(\\.a)?|.{0,4})", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn all_other_members_stay(members in prop::collection::vec(("(firstseen(\\.a)?|.{0,4})", value()), 0..6)) {
            let record = Value::Object(members.into_iter().collect());
            let mut expected: Map<String, Value> = record.as_object().unwrap().clone();
            expected.retain(|key, _| key != "firstseen" && !key.starts_with("firstseen."));
            expected.insert("firstseen".to_owned(), json!(1));
            for text in [record.to_string(), format!("{record:#}")] {
                let given: Value = serde_json::from_str(&with(&text).unwrap()).unwrap();
                prop_assert_eq!(given, Value::Object(expected.clone()));
            }
        }

        #[test]
        fn any_bytes_have_an_answer(record in prop::collection::vec(prop_oneof![Just(b'"'), Just(b'{'), Just(b'}'), Just(b','), Just(b'\\'), any::<u8>()], 0..40)) {
            if let Some(object) = Object::read(&record) {
                prop_assert!(object.with(b"1").is_some());
            }
        }
    }
}
