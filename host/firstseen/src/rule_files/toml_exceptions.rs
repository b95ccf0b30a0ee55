//! Exception lists as the repository elastic/detection-rules keeps them: TOML with a
//! table `exceptions` for each list, which has its `container` and its `items`.

use std::path::Path;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::detection_rules::{Wrong, object};
use super::lines::{Lines, Ndjson};
use super::position::line_and_column;
use super::problem::{FileFault, FileProblem};

/// Whether a TOML file seems to be one of exception lists.
pub(super) fn are_in(text: &str) -> bool {
    // Most rules do not have the word at all, and a guide may quote it.
    memchr::memmem::find(text.as_bytes(), b"[[exceptions").is_some()
        && DeTable::parse(text).is_ok_and(|root| {
            let root = root.get_ref();
            root.contains_key("exceptions") && !root.contains_key("rule")
        })
}

/// The lists and items of a file as Kibana exports them, each in the line that it
/// has, or behind it.
pub(super) fn read(path: &Path, text: &str) -> Result<Ndjson, FileProblem> {
    records(text).map_err(|wrong| match wrong.span {
        Some(span) => {
            let (line, column) = line_and_column(text, span.start);
            FileProblem::at(path, line, Some(column), wrong.fault)
        }
        None => FileProblem::new(path, wrong.fault),
    })
}

type Table<'t> = Spanned<DeValue<'t>>;

fn records(text: &str) -> Result<Ndjson, Wrong> {
    let not_one = |cause: &str| FileFault::NotOne { wanted: "exception", cause: cause.to_owned() };
    let mut root = DeTable::parse(text)
        .map_err(|error| Wrong {
            span: error.span(),
            fault: FileFault::Syntax { format: "TOML", cause: error.message().to_owned() },
        })?
        .into_inner();
    let lists = root.remove("exceptions").map(Spanned::into_inner);
    let Some(DeValue::Array(lists)) = lists else {
        return Err(Wrong { span: None, fault: not_one("there are no [[exceptions]]") });
    };
    let (mut ndjson, mut lines) = (Ndjson::default(), Lines::new(text));
    let mut put = |table: Table<'_>| -> Result<(), Wrong> {
        let span = table.span();
        let DeValue::Table(table) = table.into_inner() else {
            return Err(Wrong { span: Some(span), fault: not_one("it is no table") });
        };
        let mut object = object(table, true)?;
        rename_lists(&mut object);
        ndjson.put(lines.position(span.start).0, &Value::Object(object).to_string());
        Ok(())
    };
    for list in lists {
        let span = list.span();
        let DeValue::Table(mut list) = list.into_inner() else {
            return Err(Wrong { span: Some(span), fault: not_one("it is no table") });
        };
        let container = list.remove("container");
        put(container
            .ok_or_else(|| Wrong { span: Some(span), fault: not_one("there is no [exceptions.container]") })?)?;
        if let Some(items) = list.remove("items") {
            let span = items.span();
            let DeValue::Array(items) = items.into_inner() else {
                return Err(Wrong { span: Some(span), fault: not_one("`items` is no array") });
            };
            items.into_iter().try_for_each(&mut put)?;
        }
        if let Some((name, _)) = list.into_iter().next() {
            let fault = not_one("a list has a `container` and `items`, and nothing else");
            return Err(Wrong { span: Some(name.span()), fault });
        }
    }
    Ok(ndjson)
}

/// An entry's `list` is called `list_vals` there.
fn rename_lists(item: &mut Map<String, Value>) {
    let entries = item.get_mut("entries").and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(list) = entry.remove("list_vals") {
            entry.entry("list").or_insert(list);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_its_items() {
        let text = "[metadata]\nlist_name = \"L\"\n\n[[exceptions]]\n\n[exceptions.container]\nlist_id = \"l\"\n\n\
                    [[exceptions.items]]\nlist_id = \"l\"\nname = \" i \"\n\n[[exceptions.items.entries]]\nfield = \"a\"\n\
                    type = \"list\"\n[exceptions.items.entries.list_vals]\nid = \"v\"\ntype = \"ip\"\n";
        let expected = "\n\n\n\n\n{\"list_id\":\"l\"}\n\n\n{\"entries\":[{\"field\":\"a\",\"type\":\"list\",\"list\":\
                        {\"id\":\"v\",\"type\":\"ip\"}}],\"list_id\":\"l\",\"name\":\" i \"}\n";
        assert!(are_in(text));
        assert_eq!(read(Path::new("a.toml"), text).unwrap().into_text().unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("[rule]", "a.toml: no exception: there are no [[exceptions]]; "),
            ("[[exceptions]]\n[exceptions.containers]", "a.toml:1:1: no exception: there is no [exceptions.container]"),
            ("[[exceptions]]\ncontainer = 1", "a.toml:2:13: no exception: it is no table"),
            ("[[exceptions]]\nitems = 1\n[exceptions.container]", "a.toml:2:9: no exception: `items` is no array"),
            ("[[exceptions]]\n[exceptions.container]\n[[exceptions.item]]", "a.toml:3:14: no exception: a list has "),
            ("[[exceptions]]\nx = ", "a.toml:2:"),
        ];
        for (text, expected) in cases {
            let problem = read(Path::new("a.toml"), text).map(|_| ()).unwrap_err().to_string();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }
}
