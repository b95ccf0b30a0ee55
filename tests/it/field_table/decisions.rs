//! What was decided on fields, out of `guest/fields/decisions.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, anyhow, ensure};
use firstseen_tests::repository;
use toml::de::{DeTable, DeValue};

/// Decisions on fields and objects.
#[derive(Default)]
pub(crate) struct Decisions {
    /// By field, its type as mappings have it. Patterns are among the names.
    pub(crate) types: BTreeMap<String, String>,
    /// Objects that have no other fields.
    pub(crate) closed: Vec<String>,
    /// Fields with a multi-field `.caseless`.
    pub(crate) caseless: BTreeSet<String>,
}

impl Decisions {
    /// Reads the file. Each decision says why, and none is taken twice.
    pub(crate) fn read() -> Result<Self> {
        let path = repository("guest/fields/decisions.toml");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// Whether a field is decided, by its name or by a pattern.
    pub(crate) fn cover(&self, name: &str) -> bool {
        let patterns = self.types.keys().filter_map(|pattern| pattern.strip_suffix('*'));
        self.types.contains_key(name) || patterns.into_iter().any(|object| name.starts_with(object))
    }

    fn parse(text: &str) -> Result<Self> {
        let document = DeTable::parse(text).map_err(|error| anyhow!("{error}"))?;
        let mut decisions = Self::default();
        for (kind, group) in document.get_ref() {
            for decision in elements(group.get_ref())? {
                let decision = decision.as_table().context("a decision is a table")?;
                let member = |name: &str| decision.get(name).map(|value| value.get_ref());
                let why = member("why").and_then(DeValue::as_str).unwrap_or_default();
                ensure!(!why.trim().is_empty(), "a decision of the kind `{}` does not say why", kind.get_ref());
                let list = |name: &str| elements(member(name).with_context(|| format!("no `{name}`: {why}"))?);
                match kind.get_ref().as_ref() {
                    "type" => {
                        for pair in list("fields")? {
                            let [name, word] = <[String; 2]>::try_from(texts(pair)?)
                                .map_err(|_| anyhow!("a field is a name and a type: {why}"))?;
                            let twice = decisions.types.insert(name.clone(), word);
                            ensure!(twice.is_none(), "{name} is decided twice");
                        }
                    }
                    "closed" => decisions.closed.extend(texts(member("objects").context("no `objects`")?)?),
                    "caseless" => {
                        for object in texts(member("objects").context("no `objects`")?)? {
                            let fields = texts(member("fields").context("no `fields`")?)?;
                            decisions.caseless.extend(fields.iter().map(|field| format!("{object}.{field}")));
                        }
                    }
                    other => return Err(anyhow!("`{other}` is no kind of decision")),
                }
            }
        }
        Ok(decisions)
    }
}

fn elements<'d>(value: &'d DeValue<'d>) -> Result<impl Iterator<Item = &'d DeValue<'d>>> {
    Ok(value.as_array().context("an array is needed")?.iter().map(|element| element.get_ref()))
}

fn texts(value: &DeValue<'_>) -> Result<Vec<String>> {
    elements(value)?.map(|text| Ok(text.as_str().context("a text is needed")?.to_owned())).collect()
}

#[test]
fn every_decision_is_read_and_says_why() -> Result<()> {
    let decisions = Decisions::read()?;
    ensure!(decisions.types.len() > 20 && !decisions.closed.is_empty() && !decisions.caseless.is_empty());
    let field = r#"fields = [["a", "long"]]"#;
    for (wrong, cause) in [
        (format!("[[type]]\n{field}"), "does not say why"),
        (format!("[[type]]\nwhy = ' '\n{field}"), "does not say why"),
        (format!("[[type]]\nwhy = 'x'\n{field}\n[[type]]\nwhy = 'y'\n{field}"), "a is decided twice"),
        ("[[type]]\nwhy = 'x'".to_owned(), "no `fields`"),
        ("[[type]]\nwhy = 'x'\nfields = [['a']]".to_owned(), "a name and a type"),
        (format!("[[kind]]\nwhy = 'x'\n{field}"), "no kind of decision"),
    ] {
        let error = Decisions::parse(&wrong).err().map(|error| format!("{error:#}")).unwrap_or_default();
        ensure!(error.contains(cause), "{wrong}: {error}");
    }
    Ok(())
}
