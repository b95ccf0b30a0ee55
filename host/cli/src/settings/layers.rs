//! Flags over the environment over a file.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::file::{File, Problem};
use super::option::{Key, command};

/// What the command is told, by everybody who says something.
pub(crate) struct Layers {
    keys: Vec<Key>,
    file: File,
    /// Arguments behind `serve`.
    arguments: Vec<OsString>,
    /// What of them could be read: the rest is an error later.
    given: ArgMatches,
}

/// What a key is in the end, and who says so.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Effective {
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
    /// Whether it is given or not, and has no value.
    pub(crate) is_switch: bool,
    pub(crate) is_list: bool,
    pub(crate) source: &'static str,
}

impl Layers {
    /// Reads the file, if one is named among the arguments behind `serve`.
    ///
    /// # Errors
    ///
    /// All that is wrong with it.
    pub(crate) fn read(arguments: Vec<OsString>) -> Result<Self, Vec<Problem>> {
        let command = command();
        let all = std::iter::once(OsString::from("serve")).chain(arguments.iter().cloned());
        let given = command.clone().ignore_errors(true).get_matches_from(all);
        let path = given.try_get_one::<PathBuf>("config").ok().flatten();
        let file = path.map(|path| File::read(path, &command)).transpose()?.unwrap_or_default();
        Ok(Self { keys: Key::all(&command), file, arguments, given })
    }

    /// The same of a file alone, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Layers::read`].
    pub(crate) fn of_file(path: Option<&Path>) -> Result<Self, Vec<Problem>> {
        Self::read(path.map(|path| ["--config".into(), path.into()]).into_iter().flatten().collect())
    }

    /// The arguments that say all of it.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut all = Vec::new();
        for key in &self.keys {
            let (_, values) = self.beneath_flags(key);
            all.extend(values.iter().map(|value| key.as_argument(value)));
        }
        all.extend(self.arguments.iter().cloned());
        all
    }

    /// What each key is in the end.
    pub(crate) fn effective(&self) -> Vec<Effective> {
        let effective = |key: &Key| {
            let flags = self.given.get_raw(key.id()).filter(|_| self.is_flag(key));
            let (source, values) = match flags {
                Some(values) => ("flag", values.map(|value| value.to_string_lossy().into_owned()).collect()),
                None => self.beneath_flags(key),
            };
            let (source, values) = match source {
                "default" => (source, key.default().into_iter().collect()),
                _ => (source, values),
            };
            let (is_switch, is_list) = (key.is_switch(), key.is_list());
            Effective { name: key.name(), values, is_switch, is_list, source }
        };
        self.keys.iter().map(effective).collect()
    }

    /// What the environment says of a key that is no flag, else the file.
    fn beneath_flags(&self, key: &Key) -> (&'static str, Vec<String>) {
        if self.is_flag(key) {
            return ("flag", Vec::new());
        }
        if let Some(value) = std::env::var_os(key.variable()).filter(|value| !value.is_empty()) {
            return ("environment", of_variable(key, &value));
        }
        match self.file.values.get(key.id()) {
            Some(values) => ("file", values.clone()),
            None => ("default", Vec::new()),
        }
    }

    fn is_flag(&self, key: &Key) -> bool {
        self.given.value_source(key.id()) == Some(ValueSource::CommandLine)
    }
}

/// The values of a variable; a list has commas between them.
fn of_variable(key: &Key, value: &OsStr) -> Vec<String> {
    let value = value.to_string_lossy();
    match (key.is_switch(), key.is_list()) {
        (true, _) => (!matches!(&*value, "0" | "false")).then(String::new).into_iter().collect(),
        (_, true) => value.split(',').map(|value| value.trim().to_owned()).collect(),
        _ => vec![value.into_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn flags_win_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("firstseen.toml");
        fs::write(&path, "upstream = [\"http://a:1\"]\nlearn = \"1d\"\nrequire_state = true\n").unwrap();
        let given =
            [&["--learn", "2d", "--config"].map(OsString::from)[..], &[path.into(), "--state=s".into()]].concat();
        let layers = Layers::read(given).unwrap();
        let arguments: Vec<String> =
            layers.arguments().iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
        assert_eq!(arguments[..4], ["--upstream=http://a:1", "--require-state", "--learn", "2d"]);
        let effective = layers.effective();
        let of = |name: &str| effective.iter().find(|key| key.name == name).map(|key| (key.source, key.values.clone()));
        assert_eq!(of("learn"), Some(("flag", vec!["2d".to_owned()])));
        assert_eq!(of("upstream"), Some(("file", vec!["http://a:1".to_owned()])));
        assert_eq!(of("listen"), Some(("default", vec!["127.0.0.1:9280".to_owned()])));
    }
}
