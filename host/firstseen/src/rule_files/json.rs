//! JSON in the layouts that rules and exceptions come in: one object, an array
//! of them, or one object a line.

use std::fmt;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::position::{json_fault, offset_in};

/// Text that is not JSON.
#[derive(Debug)]
pub(super) struct NotJson {
    /// Where, in bytes.
    pub(super) offset: usize,
    /// Why.
    pub(super) cause: String,
}

impl NotJson {
    /// `error` is about `part` of `text`.
    pub(super) fn new(text: &str, part: &str, error: &serde_json::Error) -> Self {
        let (offset, cause) = json_fault(part, error);
        Self { offset: offset_in(text, part) + offset, cause }
    }
}

/// Takes the records of a text, one after another; stops when told so.
pub(super) type Take<'a, 't> = dyn FnMut(Result<&'t str, NotJson>) -> ControlFlow<()> + 'a;

/// Hands over the records of a text: the values it holds one after another, in
/// place of an array its elements.
///
/// With one object a line, what is wrong with a line costs that line alone. In
/// any other layout it ends the text, for there is no telling where the next
/// record begins. `lines` is what the layout should be; what the text begins
/// with decides.
pub(super) fn records<'t>(text: &'t str, lines: bool, take: &mut Take<'_, 't>) {
    // Either way out: the end, or the wish to stop.
    let _ = match is_ndjson(text, lines) {
        true => lines_of(text).try_for_each(|line| take(Ok(line))),
        false => values(text, take),
    };
}

/// The lines with something in them, white space around them cut off.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty())
}

fn is_ndjson(text: &str, lines: bool) -> bool {
    let first = lines_of(text).next().unwrap_or_default();
    // An array, or an object over several lines.
    if first.starts_with('[') || first == "{" {
        return false;
    }
    // The second one counts too: a fault in the first should not cost the file.
    let is_object = |line: &str| line.starts_with('{') && serde_json::from_str::<&RawValue>(line).is_ok();
    lines || lines_of(text).take(2).any(is_object)
}

fn values<'t>(text: &'t str, take: &mut Take<'_, 't>) -> ControlFlow<()> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    loop {
        let start = stream.byte_offset();
        let rest = text.get(start..).unwrap_or_default().trim_start();
        if rest.starts_with('[') {
            // An array is read element by element, so that those in front of
            // a fault count.
            let mut reader = serde_json::Deserializer::from_str(rest);
            let mut stopped = false;
            let elements = Elements { take: &mut *take, stopped: &mut stopped };
            if let Err(error) = elements.deserialize(&mut reader) {
                if stopped {
                    return ControlFlow::Break(());
                }
                return take(Err(NotJson::new(text, rest, &error)));
            }
        }
        match stream.next() {
            None => return ControlFlow::Continue(()),
            Some(Ok(_)) if rest.starts_with('[') => {}
            Some(Ok(value)) => take(Ok(value.get()))?,
            Some(Err(error)) => return take(Err(NotJson::new(text, text, &error))),
        }
    }
}

/// Hands over the elements of an array without collecting them.
struct Elements<'a, 'b, 't> {
    take: &'a mut Take<'b, 't>,
    stopped: &'a mut bool,
}

impl<'t> DeserializeSeed<'t> for Elements<'_, '_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'t> Visitor<'t> for Elements<'_, '_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&'t RawValue>()? {
            if (self.take)(Ok(element.get())).is_break() {
                *self.stopped = true;
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// What a record of one of Kibana's exports is.
#[derive(Debug)]
pub(super) enum Record<'t> {
    /// A rule.
    Rule(RuleText<'t>),
    /// An exception list, or an item of one.
    Exception,
    /// A connector that rules' actions use.
    Connector,
    /// The last line of an export, which counts the others.
    Summary,
    /// An object of another kind.
    Other,
}

/// A rule in JSON, and some of its members as written.
#[derive(Debug)]
pub(super) struct RuleText<'t> {
    pub(super) text: &'t str,
    pub(super) rule_id: Option<&'t str>,
    pub(super) name: Option<&'t str>,
    pub(super) kind: Option<&'t str>,
    pub(super) query: Option<&'t str>,
}

/// The members that tell records apart, and those of [`RuleText`].
#[derive(Deserialize)]
struct Marks<'t> {
    #[serde(borrow)]
    rule_id: Option<&'t RawValue>,
    #[serde(borrow)]
    name: Option<&'t RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'t RawValue>,
    #[serde(borrow)]
    query: Option<&'t RawValue>,
    #[serde(borrow)]
    attributes: Option<&'t RawValue>,
    list_id: Option<IgnoredAny>,
    item_id: Option<IgnoredAny>,
    exported_count: Option<IgnoredAny>,
    exported_exception_list_count: Option<IgnoredAny>,
}

impl<'t> Record<'t> {
    /// Tells what an object is.
    pub(super) fn of(text: &'t str) -> Result<Self, serde_json::Error> {
        let marks: Marks<'t> = serde_json::from_str(text)?;
        let kind = marks.kind.map(RawValue::get);
        Ok(match marks.attributes {
            // A saved object around it, as in Elastic's package of its rules.
            Some(rule) if kind == Some("\"security-rule\"") && rule.get().starts_with('{') => {
                Self::Rule(serde_json::from_str::<Marks<'t>>(rule.get())?.rule(rule.get()))
            }
            Some(_) if kind == Some("\"action\"") => Self::Connector,
            _ if marks.rule_id.is_some() => Self::Rule(marks.rule(text)),
            _ if marks.list_id.is_some() || marks.item_id.is_some() => Self::Exception,
            _ if marks.exported_count.is_some() || marks.exported_exception_list_count.is_some() => Self::Summary,
            // A rule all but for its id, which is then named as missing.
            None if marks.name.is_some() && marks.kind.is_some() => Self::Rule(marks.rule(text)),
            _ => Self::Other,
        })
    }
}

impl<'t> Marks<'t> {
    fn rule(self, text: &'t str) -> RuleText<'t> {
        let get = |member: Option<&'t RawValue>| member.map(RawValue::get);
        let (rule_id, name, kind) = (get(self.rule_id), get(self.name), get(self.kind));
        RuleText { text, rule_id, name, kind, query: get(self.query) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str, lines: bool) -> Vec<Result<String, usize>> {
        let mut taken = Vec::new();
        records(text, lines, &mut |record| {
            taken.push(record.map(str::to_owned).map_err(|error| error.offset));
            ControlFlow::Continue(())
        });
        taken
    }

    #[test]
    fn one_array_or_lines() {
        let ok = |texts: &[&str]| texts.iter().map(|text| Ok((*text).to_owned())).collect::<Vec<_>>();
        let cases = [
            ("", ok(&[])),
            (" \n", ok(&[])),
            ("{\"a\":1}", ok(&["{\"a\":1}"])),
            ("{\n \"a\": 1\n}\n", ok(&["{\n \"a\": 1\n}"])),
            ("{}\n\n {\"b\":2} \r\n", ok(&["{}", "{\"b\":2}"])),
            ("[{}, 1]", ok(&["{}", "1"])),
            ("[]", ok(&[])),
            ("[\n{}\n]\n", ok(&["{}"])),
            ("{\n}\n{\n}\n", ok(&["{\n}", "{\n}"])),
            // A fault in a line is for whoever reads the line.
            ("{}\nx\n{}", ok(&["{}", "x", "{}"])),
            ("{\"a\nb\n{}", vec![Err(2)]),
            ("x\n{}", ok(&["x", "{}"])),
            ("[{\"a\":1},{\"b\"]", vec![Ok("{\"a\":1}".to_owned()), Err(13)]),
            ("{\n \"a\": nul\n}", vec![Err(11)]),
        ];
        for (text, expected) in cases {
            assert_eq!(taken(text, false), expected, "{text}");
        }
        assert_eq!(taken("x\ny\n{}", true), ok(&["x", "y", "{}"]));
        assert_eq!(taken("{\n}", true), ok(&["{\n}"]));
    }

    #[test]
    fn reading_stops_when_told() {
        for text in ["{}\n{}\n{}", "[{},{},{}]", "{\n}{}{}"] {
            let mut count = 0;
            records(text, false, &mut |_| {
                count += 1;
                if count == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            assert_eq!(count, 2, "{text}");
        }
    }

    #[test]
    fn records_are_told_apart() {
        let cases = [
            (r#"{"rule_id":"a","query":"b:c"}"#, "rule a"),
            (r#"{"name":"a","type":"query"}"#, "rule without id"),
            (r#"{"id":"x","type":"security-rule","attributes":{"rule_id":"a"}}"#, "rule a"),
            (r#"{"list_id":"a","type":"detection","name":"b"}"#, "Exception"),
            (r#"{"list_id":"a","item_id":"b","entries":[],"name":"c","type":"simple"}"#, "Exception"),
            (r#"{"id":"a","type":"action","attributes":{"name":"b"}}"#, "Connector"),
            (r#"{"exported_count":3,"missing_rules":[]}"#, "Summary"),
            (r#"{"exported_exception_list_count":1}"#, "Summary"),
            (r#"{"version":"1.0"}"#, "Other"),
        ];
        for (text, expected) in cases {
            let found = match Record::of(text).unwrap() {
                Record::Rule(RuleText { rule_id: Some(rule_id), .. }) => format!("rule {}", rule_id.replace('"', "")),
                Record::Rule(_) => "rule without id".to_owned(),
                other => format!("{other:?}"),
            };
            assert_eq!(found, expected, "{text}");
        }
        assert!(Record::of(r#"{"rule_id":"a","rule_id":"b"}"#).is_err());
    }
}
