//! JSON in the layouts that rules and exceptions come in: objects, one a line or
//! over several, an array of them, or an answer of one of Kibana's `_find`.

use std::fmt;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::position::{json_fault, offset_in};
use super::problem::FileFault;

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

/// Hands over the records of a text: the values it holds one after another, on
/// one line or over several, in place of an array its elements.
///
/// What is wrong with a value costs the text up to the next line that begins with
/// an object, and is for whoever reads it. Within an array it ends the text, for
/// there is no telling where the next element begins.
pub(super) fn records<'t>(text: &'t str, take: &mut Take<'_, 't>) {
    // Either way out: the end, or the wish to stop.
    let _ = values(text, take);
}

fn values<'t>(text: &'t str, take: &mut Take<'_, 't>) -> ControlFlow<()> {
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let length = match rest.starts_with('[') {
            true => array(text, rest, take)?,
            false => {
                let value = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>().next();
                let record = match value {
                    Some(Ok(value)) if is_end(rest.get(value.get().len()..).unwrap_or_default()) => value.get(),
                    _ => faulty(rest),
                };
                take(Ok(record.trim_end()))?;
                record.len()
            }
        };
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    ControlFlow::Continue(())
}

/// Whether a value may end in front of this: at the end of its line, or where
/// another one begins.
fn is_end(rest: &str) -> bool {
    matches!(rest.trim_start_matches([' ', '\t', '\r']).chars().next(), None | Some('\n' | '{' | '['))
}

/// Text that begins with something wrong: its line, or what of an object stands in
/// front of the next one that begins a line.
fn faulty(text: &str) -> &str {
    let end = match text.starts_with('{') {
        true => text.find("\n{"),
        false => text.find('\n'),
    };
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

/// Hands over the elements of the array that `rest` begins with, one by one, so that
/// those in front of a fault count; answers how long it is.
fn array<'t>(text: &'t str, rest: &'t str, take: &mut Take<'_, 't>) -> ControlFlow<(), usize> {
    let mut reader = serde_json::Deserializer::from_str(rest);
    let mut stopped = false;
    let elements = Elements { take: &mut *take, stopped: &mut stopped };
    match elements.deserialize(&mut reader) {
        Ok(()) => {}
        Err(_) if stopped => return ControlFlow::Break(()),
        Err(error) => {
            take(Err(NotJson::new(text, rest, &error)))?;
            return ControlFlow::Break(());
        }
    }
    let after = reader.into_iter::<&RawValue>().byte_offset();
    ControlFlow::Continue(after)
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
    Summary(Missing),
    /// An answer of `_find`.
    Page(Page<'t>),
    /// An object of another kind, with its `type` if it has one.
    Other(Option<&'t str>),
}

/// What an export should have had and has not: counts by what they count.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Missing(Vec<(&'static str, u64)>);

/// What an answer of `_find` holds.
#[derive(Debug, Deserialize)]
pub(super) struct Page<'t> {
    /// The objects that were found, those of one page.
    #[serde(borrow)]
    pub(super) data: Vec<&'t RawValue>,
    /// How many there are on all pages.
    pub(super) total: u64,
}

/// The counts of an export that say what it lacks. Connectors are not used.
#[derive(Deserialize)]
struct Counts {
    missing_rules_count: Option<u64>,
    missing_exception_lists_count: Option<u64>,
    missing_exception_list_item_count: Option<u64>,
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
    data: Option<IgnoredAny>,
    total: Option<IgnoredAny>,
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
            _ if marks.exported_count.is_some() || marks.exported_exception_list_count.is_some() => {
                Self::Summary(serde_json::from_str::<Counts>(text)?.missing())
            }
            _ if marks.data.is_some() && marks.total.is_some() => Self::Page(serde_json::from_str(text)?),
            // A rule all but for its id, which is then named as missing.
            None if marks.name.is_some() && marks.kind.is_some() => Self::Rule(marks.rule(text)),
            _ => Self::Other(kind),
        })
    }
}

impl Counts {
    fn missing(self) -> Missing {
        let counts = [
            ("rules", self.missing_rules_count),
            ("exception lists", self.missing_exception_lists_count),
            ("exception list items", self.missing_exception_list_item_count),
        ];
        Missing(
            counts
                .into_iter()
                .filter_map(|(what, count)| Some((what, count?)))
                .filter(|(_, count)| *count > 0)
                .collect(),
        )
    }
}

impl Missing {
    /// The same without rules.
    pub(super) fn of_exceptions(mut self) -> Self {
        self.0.retain(|(what, _)| *what != "rules");
        self
    }

    /// What is wrong with the export, if it lacks anything.
    pub(super) fn fault(self) -> Option<FileFault> {
        let counts: Vec<String> = self.0.iter().map(|(what, count)| format!("{what}: {count}")).collect();
        (!counts.is_empty()).then(|| FileFault::Incomplete {
            cause: format!("the export says that it lacks some ({})", counts.join(", ")),
        })
    }
}

impl Page<'_> {
    /// What is wrong with the answer, if it is not all that there is.
    pub(super) fn fault(&self) -> Option<FileFault> {
        let found = self.data.len() as u64;
        (found < self.total).then(|| FileFault::Incomplete {
            cause: format!("an answer of _find with {found} of {} objects", self.total),
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

    fn taken(text: &str) -> Vec<Result<String, usize>> {
        let mut taken = Vec::new();
        records(text, &mut |record| {
            taken.push(record.map(str::to_owned).map_err(|error| error.offset));
            ControlFlow::Continue(())
        });
        taken
    }

    #[test]
    fn objects_arrays_and_lines() {
        let ok = |texts: &[&str]| texts.iter().map(|text| Ok((*text).to_owned())).collect::<Vec<_>>();
        let cases = [
            ("", ok(&[])),
            (" \n", ok(&[])),
            ("{\"a\":1}", ok(&["{\"a\":1}"])),
            ("{\n \"a\": 1\n}\n", ok(&["{\n \"a\": 1\n}"])),
            ("{}\n\n {\"b\":2} \r\n", ok(&["{}", "{\"b\":2}"])),
            ("{\"a\":1}{\"b\":2} {}\n{}", ok(&["{\"a\":1}", "{\"b\":2}", "{}", "{}"])),
            ("{}\n{\"a\":\n [1]}\n{}", ok(&["{}", "{\"a\":\n [1]}", "{}"])),
            ("[{}, 1]", ok(&["{}", "1"])),
            ("[]", ok(&[])),
            ("[\n{}\n]\n", ok(&["{}"])),
            ("[{}]\n[[1]] {}", ok(&["{}", "[1]", "{}"])),
            ("{\n}\n{\n}\n", ok(&["{\n}", "{\n}"])),
            // A fault is for whoever reads it, and costs no more than it must.
            ("{}\nx\ny z\n{}", ok(&["{}", "x", "y z", "{}"])),
            ("{\"a\nb\n{}", ok(&["{\"a\nb", "{}"])),
            ("{\"a\":1} x\n{}", ok(&["{\"a\":1} x", "{}"])),
            ("{\"a\":\n{\"b\":1}\n{\"c\"", ok(&["{\"a\":", "{\"b\":1}", "{\"c\""])),
            ("{\n \"a\": nul\n}\n{}", ok(&["{\n \"a\": nul\n}", "{}"])),
            ("[{\"a\":1},{\"b\"]", vec![Ok("{\"a\":1}".to_owned()), Err(13)]),
        ];
        for (text, expected) in cases {
            assert_eq!(taken(text), expected, "{text}");
        }
    }

    #[test]
    fn reading_stops_when_told() {
        for text in ["{}\n{}\n{}", "[{},{},{}]", "{\n}{}{}"] {
            let mut count = 0;
            records(text, &mut |_| {
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
            (r#"{"exported_count":3,"missing_rules":[]}"#, "Summary(Missing([]))"),
            (r#"{"exported_exception_list_count":1}"#, "Summary(Missing([]))"),
            (r#"{"exported_count":3,"missing_rules_count":2}"#, "Summary(Missing([(\"rules\", 2)]))"),
            (r#"{"version":"1.0"}"#, "Other(None)"),
            (r#"{"id":"a","type":"dashboard","attributes":{}}"#, "Other(Some(\"\\\"dashboard\\\"\"))"),
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
