//! The built-in field table is what its sources give.
//!
//! The sources are two lists of facts that lie beside the corpus: all fields of
//! Elastic Common Schema with their types, and for each field that Elastic's
//! KQL rules use what schemas say of it. They are not part of the repository;
//! the table made from them is. `BLESS=1` makes it anew.

use std::collections::BTreeMap;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use firstseen_tests::needs::missing;
use firstseen_tests::repository;
use serde_json::{Map, Value};

const HEADER: &str = "\
# Field types: Elastic Common Schema, and what Elastic's rules ask of Elastic Defend, the integrations and Beats.
# The form is explained in guest/src/mapping/table.rs, the choices in tests/it/field_table.rs, which writes this file.
";

/// A keyword as nearly all are, `ignore_above` 1024.
const KEYWORD: &str = "";

/// Objects that integrations map as `flattened`: what is below them is no field.
const FLATTENED: [&str; 3] = [
    "aws.cloudtrail.flattened.request_parameters",
    "aws.cloudtrail.flattened.response_elements",
    "okta.debug_context.debug_data.flattened",
];

/// Objects that the integration maps with `dynamic: false`.
const CLOSED: [&str; 1] = ["kubernetes.audit.requestObject"];

/// Objects whose integration makes a keyword of whatever comes below.
const KEYWORDS_BELOW: [&str; 2] = ["o365.audit.ModifiedProperties", "o365.audit.Parameters"];

/// Types that differ from what the most trusted source says, and why.
const DECIDED: [(&str, &str, &str); 28] = [
    // The integration maps these as text. Rules compare them as whole values, with paths and wildcards across slashes,
    // which no token of a text can match: under text they would be dead, and detection-rules' own schema, against
    // which they are tested, has keywords. A mapping file with the integration's mapping wins over this.
    ("kubernetes.audit.annotations.authorization_k8s_io/decision", KEYWORD, "text in the integration"),
    ("kubernetes.audit.requestObject.spec.containers.image", KEYWORD, "text in the integration"),
    ("kubernetes.audit.requestObject.spec.volumes.hostPath.path", KEYWORD, "text in the integration"),
    ("kubernetes.audit.user.groups", KEYWORD, "text in the integration"),
    ("kubernetes.audit.impersonatedUser.groups", KEYWORD, "as kubernetes.audit.user.groups"),
    // Not mapped at all there, below an object with `dynamic: false`. A rule rests on it alone.
    ("kubernetes.audit.requestObject.roleRef.name", KEYWORD, "the rule could not match otherwise"),
    // Both sources are of the same rank. A rule looks for paths with wildcards.
    ("request", KEYWORD, "text in Packetbeat, where it is the whole request"),
    // ECS does not index it, so that a search on it fails. A rule looks through it, and in a stream it is at hand.
    ("event.original", "wildcard", "unindexed in ECS"),
    // No source has been read for these; the integrations' own field lists say so.
    ("beacon_stats.beaconing_score", "long", "a number from 0 to 3"),
    ("beacon_stats.is_beaconing", "boolean", "a flag"),
    ("google_workspace.login.is_suspicious", "boolean", "a flag"),
    ("ml_is_dga.malicious_prediction", "long", "0 or 1"),
    ("ml_is_dga.malicious_probability", "float", "compared as a number"),
    ("network_traffic.icmp.request.type", "long", "as icmp.request.type of Packetbeat"),
    ("network_traffic.memcached.request.noreply", "boolean", "a flag"),
    ("network_traffic.memcached.response.status_code", "long", "a number"),
    ("network_traffic.nfs.rpc.cred.uid", "long", "as rpc.cred.uid of Packetbeat"),
    ("powershell.file.script_block_entropy_bits", "float", "compared as a number"),
    ("powershell.file.script_block_length", "long", "compared as a number"),
    ("powershell.file.script_block_surprisal_stdev", "float", "compared as a number"),
    // Elastic Defend's fields of target processes, the parents of `.caseless` ones.
    ("Target.process.command_line", "wildcard", "Elastic Defend"),
    ("Target.process.executable", KEYWORD, "Elastic Defend"),
    ("Target.process.name", KEYWORD, "Elastic Defend"),
    ("Target.process.parent.command_line", "wildcard", "Elastic Defend"),
    ("Target.process.parent.executable", KEYWORD, "Elastic Defend"),
    ("Target.process.parent.name", KEYWORD, "Elastic Defend"),
    ("Target.process.parent.working_directory", KEYWORD, "Elastic Defend"),
    ("Target.process.working_directory", KEYWORD, "Elastic Defend"),
];

/// Fields that have a multi-field `.caseless` in Elastic Defend's indices.
fn is_caseless(name: &str) -> bool {
    const OF_PROCESSES: [&str; 4] = ["command_line", "executable", "name", "working_directory"];
    const PROCESSES: [&str; 8] = [
        "Target.process",
        "Target.process.parent",
        "process",
        "process.entry_leader",
        "process.group_leader",
        "process.parent",
        "process.previous",
        "process.session_leader",
    ];
    const FILES: [&str; 3] = ["file", "threat.enrichments.indicator.file", "threat.indicator.file"];
    name.rsplit_once('.').is_some_and(|(object, field)| match field {
        "path" | "target_path" => FILES.contains(&object),
        "full" => object == "host.os",
        "name" if object == "host.os" => true,
        _ => OF_PROCESSES.contains(&field) && PROCESSES.contains(&object),
    })
}

#[test]
fn the_built_in_table_is_what_its_sources_give() -> Result<()> {
    let Some((ecs, used)) = sources()? else {
        return Ok(());
    };
    let actual = table(&ecs, &used)?;
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

/// All ECS fields, and those that rules use. None, with a message, where they
/// are absent.
fn sources() -> Result<Option<(Facts, Facts)>> {
    // The facts the table was made of, whatever corpus the other tests read.
    let folder = repository("../shared/spec");
    let read = |name: &str| -> Result<Map<String, Value>> {
        let path = folder.join(name);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())
    };
    if !["ecs-types.json", "field-types.json"].iter().all(|name| folder.join(name).exists()) {
        missing(format_args!("there are no lists of field types at {}", folder.display()))?;
        return Ok(None);
    }
    Ok(Some((read("ecs-types.json")?, read("field-types.json")?)))
}

fn table(ecs: &Map<String, Value>, used: &Map<String, Value>) -> Result<String> {
    let mut words: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in ecs {
        words.insert(name.clone(), ecs_word(value).with_context(|| name.clone())?);
    }
    for (name, value) in used {
        let is_decided = DECIDED.iter().any(|(decided, ..)| decided == name);
        let is_known = ecs.contains_key(name) || name.strip_suffix(".*").is_some_and(|object| has_below(ecs, object));
        // Multi-fields go with their parents, leaves with their roots.
        let is_part = name.ends_with(".caseless") || FLATTENED.iter().any(|root| is_below(name, root));
        if !is_decided && !is_known && !is_part {
            words.insert(name.clone(), used_word(value).with_context(|| name.clone())?);
        }
    }
    words.extend(DECIDED.iter().map(|(name, word, _)| ((*name).to_owned(), (*word).to_owned())));
    words.extend(FLATTENED.map(|root| (root.to_owned(), "flattened".to_owned())));
    words.extend(KEYWORDS_BELOW.map(|object| (format!("{object}.*"), KEYWORD.to_owned())));
    let mut tree = Node::default();
    for (name, word) in &words {
        // An object that has fields shows in their names.
        let below = format!("{name}.");
        let is_parent =
            word == "object" && words.range(below.clone()..).next().is_some_and(|(n, _)| n.starts_with(&below));
        if !is_parent {
            let caseless = if is_caseless(name) { " +caseless" } else { "" };
            tree.at(name).word = Some(format!("{word}{caseless}").trim().to_owned());
        }
    }
    for object in CLOSED {
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

/// How the table says the type of a field that rules use: that of the most
/// trusted source.
fn used_word(value: &Value) -> Result<String> {
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

fn is_below(name: &str, object: &str) -> bool {
    name.strip_prefix(object).is_some_and(|rest| rest.starts_with('.'))
}

fn has_below(fields: &Map<String, Value>, object: &str) -> bool {
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
