//! The built-in field table is what its sources give.
//!
//! The sources are three lists of facts that lie beside the corpus: all fields of
//! Elastic Common Schema with their types, and for each field that Elastic's
//! rules use what schemas say of it, one list for KQL and one for EQL. They are
//! not part of the repository; the table made from them is, and so is what was
//! decided over and against them. `BLESS=1` makes the table anew.
//!
//! Of lists that have the same field the first one wins, in this order. Where
//! the list of EQL says something else, or what none of its own sources says,
//! there must be a decision.

mod decisions;

use std::collections::BTreeMap;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use decisions::Decisions;
use firstseen_tests::needs::missing;
use firstseen_tests::repository;
use serde_json::{Map, Value};

const HEADER: &str = "\
# Field types: Elastic Common Schema, and what Elastic's rules ask of Elastic Defend, the integrations and Beats.
# The form is explained in guest/src/mapping/table.rs, the choices in guest/fields/decisions.toml;
# tests/it/field_table.rs writes this file.
";

/// A keyword as nearly all are, `ignore_above` 1024.
const KEYWORD: &str = "";

#[test]
fn the_built_in_table_is_what_its_sources_give() -> Result<()> {
    let Some(sources) = Sources::read()? else { return Ok(()) };
    let actual = table(&sources, &Decisions::read()?)?;
    let path = repository("guest/fields/built_in.txt");
    if env::var_os("BLESS").is_some_and(|bless| bless == "1") {
        return fs::write(&path, actual).with_context(|| path.display().to_string());
    }
    let expected = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let differing = expected.lines().zip(actual.lines()).position(|(left, right)| left != right);
    ensure!(
        expected == actual,
        "{} differs from line {} on; if that is right, BLESS=1 rewrites it",
        path.display(),
        differing.map_or(0, |place| place + 1)
    );
    Ok(())
}

/// What a list says of fields, by their names.
type Facts = Map<String, Value>;

/// The lists.
struct Sources {
    /// All ECS fields.
    ecs: Facts,
    /// Those that KQL rules use.
    kql: Facts,
    /// Those that EQL rules use.
    eql: Facts,
}

impl Sources {
    /// None, with a message, where they are absent.
    fn read() -> Result<Option<Self>> {
        // The facts the table was made of, whatever corpus the other tests read.
        let folder = repository("../shared");
        let [ecs, kql, eql] = ["spec/ecs-types.json", "spec/field-types.json", "corpus/eql-field-types.json"];
        if let Some(absent) = [ecs, kql, eql].into_iter().find(|name| !folder.join(name).exists()) {
            missing(format_args!("there is no list of field types at {}", folder.join(absent).display()))?;
            return Ok(None);
        }
        let read = |name: &str| -> Result<Facts> {
            let path = folder.join(name);
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            serde_json::from_str(&text).with_context(|| path.display().to_string())
        };
        Ok(Some(Self { ecs: read(ecs)?, kql: read(kql)?, eql: read(eql)? }))
    }
}

fn table(Sources { ecs, kql, eql }: &Sources, decisions: &Decisions) -> Result<String> {
    let flattened = || decisions.types.iter().filter(|(_, kind)| *kind == "flattened").map(|(name, _)| name);
    let mut words: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in ecs {
        words.insert(name.clone(), ecs_word(value).with_context(|| name.clone())?);
    }
    for (name, value) in kql {
        let is_decided = decisions.types.contains_key(name);
        let is_known = ecs.contains_key(name) || name.strip_suffix(".*").is_some_and(|object| has_below(ecs, object));
        // Multi-fields go with their parents, leaves with their roots.
        let is_part = name.ends_with(".caseless") || flattened().any(|root| is_below(name, root));
        if !is_decided && !is_known && !is_part {
            words.insert(name.clone(), kql_word(value).with_context(|| name.clone())?);
        }
    }
    for (name, value) in eql.iter().filter(|(name, _)| !decisions.cover(name)) {
        let word = eql_word(value).with_context(|| name.clone())?;
        match words.get(name) {
            Some(known) => {
                let known = known.split('+').next().unwrap_or_default().trim_end();
                ensure!(known == word, "{name}: the lists contradict each other, `{known}` and `{word}`; decide it");
            }
            None => {
                ensure!(is_sourced(value), "{name}: `{word}` is not what its sources say; decide it");
                words.insert(name.clone(), word);
            }
        }
    }
    words.extend(decisions.types.iter().map(|(name, kind)| {
        let word = if kind == "keyword" { KEYWORD } else { kind };
        (name.clone(), word.to_owned())
    }));
    let mut tree = Node::default();
    for (name, word) in &words {
        // An object that has fields shows in their names.
        let below = format!("{name}.");
        let is_parent =
            word == "object" && words.range(below.clone()..).next().is_some_and(|(n, _)| n.starts_with(&below));
        if !is_parent {
            let caseless = if decisions.caseless.contains(name) { " +caseless" } else { "" };
            tree.at(name).word = Some(format!("{word}{caseless}").trim().to_owned());
        }
    }
    for object in &decisions.closed {
        tree.at(object).is_closed = true;
    }
    let mut lines = HEADER.to_owned();
    tree.print(0, &mut lines);
    Ok(lines)
}

/// How the table says the type of an ECS field, its multi-fields after it.
fn ecs_word(value: &Value) -> Result<String> {
    let kind = value.as_str().or_else(|| value["type"].as_str()).context("no type")?;
    // ECS turns `doc_values` off together with `index`.
    let word = if value["index"] == false {
        "unindexed".to_owned()
    } else if let Some(factor) = value["scaling_factor"].as_u64() {
        format!("{kind}:{factor}")
    } else if let Some(above) = value["ignore_above"].as_u64() {
        format!("{kind}:{above}")
    } else if kind == "keyword" {
        KEYWORD.to_owned()
    } else {
        kind.to_owned()
    };
    let text = value["fields"].get("text").map_or("", |_| " +text");
    Ok(format!("{word}{text}").trim().to_owned())
}

/// How the table says the type of a field that KQL rules use: that of the most
/// trusted source.
fn kql_word(value: &Value) -> Result<String> {
    let types = value["types"].as_array().context("no types")?;
    let rank = |one: &&Value| {
        let source = one["source"].as_str().unwrap_or_default();
        let ranks = ["ecs", "endpoint", "integrations"];
        ranks.iter().position(|rank| source.starts_with(rank)).unwrap_or(ranks.len())
    };
    let kind = types.iter().min_by_key(rank).and_then(|one| one["type"].as_str()).context("no type")?;
    Ok(match kind {
        "keyword (ignore_above 8191) + .text" => "keyword:8191 +text".to_owned(),
        kind if kind == "keyword" || kind.starts_with("keyword (") || kind == "array" => KEYWORD.to_owned(),
        "boolean" | "flattened" | "long" | "nested" | "text" => kind.to_owned(),
        _ => anyhow::bail!("the type `{kind}` needs a decision"),
    })
}

/// How the table says the type of a field that EQL rules use, without multi-fields.
fn eql_word(value: &Value) -> Result<String> {
    let kind = value["type"].as_str().context("no type")?;
    Ok(match value["ignore_above"].as_u64() {
        Some(1024) if kind == "keyword" => KEYWORD.to_owned(),
        Some(above) => format!("{kind}:{above}"),
        None => kind.to_owned(),
    })
}

/// Whether all sources of a field give it the type that its list does.
fn is_sourced(value: &Value) -> bool {
    let mut types = value["sources"].as_array().into_iter().flatten().map(|source| &source["type"]);
    value.pointer("/sources/0").is_some_and(Value::is_object) && types.all(|kind| *kind == value["type"])
}

fn is_below(name: &str, object: &str) -> bool {
    name.strip_prefix(object).is_some_and(|rest| rest.starts_with('.'))
}

fn has_below(fields: &Facts, object: &str) -> bool {
    fields.keys().any(|name| is_below(name, object))
}

/// A part of a path, and what is below it.
#[derive(Default)]
struct Node {
    word: Option<String>,
    is_closed: bool,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn at(&mut self, path: &str) -> &mut Self {
        path.split('.').fold(self, |node, part| node.children.entry(part.to_owned()).or_default())
    }

    fn print(&self, level: usize, lines: &mut String) {
        for (part, mut node) in &self.children {
            let mut name = part.clone();
            // An object with one member takes no line of its own.
            while let (None, false, 1, Some((part, only))) =
                (&node.word, node.is_closed, node.children.len(), node.children.first_key_value())
            {
                name = format!("{name}.{part}");
                node = only;
            }
            let rest = match &node.word {
                Some(word) if word.is_empty() => String::new(),
                Some(word) => format!(" {word}"),
                None if node.is_closed => ". closed".to_owned(),
                None => ".".to_owned(),
            };
            *lines += &format!("{:level$}{name}{rest}\n", "");
            node.print(level + 1, lines);
        }
    }
}
