//! A file of settings.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Command;
use toml::de::{DeTable, DeValue};

use super::option::Key;

/// Longest file.
const BYTES_MAX: u64 = 1 << 20;

/// What a file says.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// The values by the ids of the flags; a switch that is off has none.
    pub(super) values: BTreeMap<String, Vec<String>>,
}

/// Something in a file that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    path: PathBuf,
    /// From 1; none where the whole file is meant.
    line: Option<usize>,
    cause: String,
}

impl File {
    /// Reads a file. All that is wrong with it is said at once.
    pub(crate) fn read(path: &Path, command: &Command) -> Result<Self, Vec<Problem>> {
        let whole = |cause: String| vec![Problem { path: path.to_owned(), line: None, cause }];
        let length = fs::metadata(path).map_err(|error| whole(error.to_string()))?.len();
        if length > BYTES_MAX {
            return Err(whole(format!("it has {length} bytes, and {BYTES_MAX} are allowed")));
        }
        let text = fs::read_to_string(path).map_err(|error| whole(error.to_string()))?;
        let problem = |at: Option<Range<usize>>, cause: String| Problem {
            path: path.to_owned(),
            line: at.map(|at| line_of(&text, at.start)),
            cause,
        };
        let table = match DeTable::parse(&text) {
            Ok(table) => table.into_inner(),
            Err(error) => return Err(vec![problem(error.span(), error.message().to_owned())]),
        };
        let keys = Key::all(command);
        let (mut file, mut problems) = (Self::default(), Vec::new());
        for (name, value) in &table {
            let Some(key) = keys.iter().find(|key| key.name() == name.get_ref().as_ref()) else {
                problems.push(problem(Some(name.span()), unknown(name.get_ref(), &keys)));
                continue;
            };
            match values(key, value.get_ref()) {
                Ok(values) => {
                    let faults = values.iter().filter_map(|value| key.fault(command, value));
                    problems
                        .extend(faults.map(|cause| problem(Some(value.span()), format!("{}: {cause}", key.name()))));
                    file.values.insert(key.id().to_owned(), values);
                }
                Err(cause) => problems.push(problem(Some(value.span()), format!("{}: {cause}", key.name()))),
            }
        }
        // As they stand in the file.
        problems.sort_by_key(|problem| problem.line);
        if problems.is_empty() { Ok(file) } else { Err(problems) }
    }
}

/// The values of a key, as they are written on the command line.
fn values(key: &Key, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    match (value, key.is_switch(), key.is_list()) {
        (DeValue::Boolean(is_on), true, _) => Ok(is_on.then(String::new).into_iter().collect()),
        (_, true, _) => Err("write true or false".to_owned()),
        (DeValue::Array(values), _, true) => values.iter().map(|value| scalar(value.get_ref())).collect(),
        (DeValue::Array(_), _, false) => Err("write one value".to_owned()),
        (value, ..) => Ok(vec![scalar(value)?]),
    }
}

fn scalar(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.clone().into_owned()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Float(number) => Ok(number.to_string()),
        DeValue::Boolean(_) => Err("it is no switch: write a text".to_owned()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => Err("write a text".to_owned()),
    }
}

/// What to say of a key that is none.
fn unknown(name: &str, keys: &[Key]) -> String {
    let near = keys.iter().map(|key| (strsim::osa_distance(name, &key.name()), key.name())).min();
    match near {
        Some((distance, near)) if distance <= 3 => format!("there is no key {name}; is {near} meant?"),
        _ => format!("there is no key {name}; `firstseen config example` has all of them"),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, cause } = self;
        match line {
            Some(line) => write!(f, "{}:{line}: {cause}", path.display()),
            None => write!(f, "{}: {cause}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::option::command;

    fn read(text: &str) -> Result<BTreeMap<String, Vec<String>>, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("firstseen.toml");
        fs::write(&path, text).unwrap();
        let named = |problem: &Problem| format!("{}: {}", problem.line.unwrap_or_default(), problem.cause);
        let file = File::read(&path, &command()).map(|file| file.values);
        file.map_err(|problems| problems.iter().map(named).collect())
    }

    #[test]
    fn values_are_those_of_the_flags() {
        let values = read(
            "upstream = [\"http://a:9200\", \"http://b:9200\"]\nmax_body = \"1MiB\"\njobs = 3\nallow_plain = true\n\
             require_state = false\nrules = \"rules\"\n",
        );
        let values = values.unwrap();
        assert_eq!(values["upstream"], ["http://a:9200", "http://b:9200"]);
        assert_eq!(
            (values["jobs"].as_slice(), values["rules"].as_slice()),
            (&["3".to_owned()][..], &["rules".to_owned()][..])
        );
        assert_eq!((values["allow_plain"].len(), values["require_state"].len()), (1, 0));
    }

    #[test]
    fn all_that_is_wrong_is_said_with_its_line() {
        let problems = read("listen = \"here\"\n\nlissten = 1\nallow_plain = \"yes\"\n[limits]\n").unwrap_err();
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems[0].starts_with("1: listen: "), "{problems:?}");
        assert_eq!(problems[1], "3: there is no key lissten; is listen meant?");
        assert_eq!(problems[2], "4: allow_plain: write true or false");
        assert!(problems[3].starts_with("5: there is no key limits"), "{problems:?}");
        assert!(read("listen = ").unwrap_err()[0].starts_with("1: "));
    }
}
