//! Sources that go to the module as they are: exceptions, value lists, mappings.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::json::{NotJson, Record, records};
use super::lines::{Lines, Ndjson};
use super::position::{line_and_column, offset_in};
use super::problem::{FileFault, FileProblem, PROBLEMS_MAX};
use super::read::{Format, read};
use super::toml_exceptions;
use crate::configuration::Document;

/// Largest file of exceptions, and largest value list, in bytes: the module
/// takes no more of them together.
const LIST_BYTES_MAX: usize = 64 << 20;

/// Largest mapping in bytes.
const MAPPING_BYTES_MAX: usize = 16 << 20;

/// Documents for the module, and what cannot be used.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LoadedDocuments {
    /// The documents, in the order of their files.
    pub documents: Vec<Document>,
    /// What cannot be used; all else is.
    pub problems: Vec<FileProblem>,
}

/// Reads exception lists and their items, as Kibana exports them: with their
/// rules, or alone; or as detection-rules keeps them, in TOML. The rules of such a file, its connectors and its summary
/// are left out. Line numbers stay what they are in the file.
pub fn load_exceptions<P: AsRef<Path>>(paths: &[P]) -> LoadedDocuments {
    let mut loaded = LoadedDocuments::default();
    for path in paths.iter().map(AsRef::as_ref) {
        match read(path, LIST_BYTES_MAX) {
            Ok(text) => loaded.exceptions(path, &text),
            Err(problem) => loaded.problems.push(problem),
        }
    }
    loaded
}

/// Reads value lists: texts with one value a line. A list's id is the name of
/// its file, as it is for a list that was imported into Kibana.
pub fn load_value_lists<P: AsRef<Path>>(paths: &[P]) -> LoadedDocuments {
    let mut loaded = LoadedDocuments::default();
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in paths.iter().map(AsRef::as_ref) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            loaded.problems.push(FileProblem::new(path, FileFault::Nothing { wanted: "file name to call it by" }));
            continue;
        };
        if let Some(first) = files.get(name) {
            let fault = FileFault::ListIdTaken { list_id: name.to_owned(), first: first.clone() };
            loaded.problems.push(FileProblem::new(path, fault));
            continue;
        }
        match read(path, LIST_BYTES_MAX) {
            Ok(content) => {
                files.insert(name.to_owned(), path.to_owned());
                loaded.documents.push(Document { name: name.to_owned(), content });
            }
            Err(problem) => loaded.problems.push(problem),
        }
    }
    loaded
}

/// Reads mappings: JSON objects such as index templates, or the answers to
/// `GET INDEX/_mapping` and `_field_caps`.
pub fn load_mappings<P: AsRef<Path>>(paths: &[P]) -> LoadedDocuments {
    let mut loaded = LoadedDocuments::default();
    for path in paths.iter().map(AsRef::as_ref) {
        match mapping(path) {
            Ok(document) => loaded.documents.push(document),
            Err(problem) => loaded.problems.push(problem),
        }
    }
    loaded
}

fn mapping(path: &Path) -> Result<Document, FileProblem> {
    let content = read(path, MAPPING_BYTES_MAX)?;
    if let Err(error) = serde_json::from_str::<IgnoredAny>(&content) {
        return Err(not_json(path, &content, NotJson::new(&content, &content, &error)));
    }
    if !content.trim_start().starts_with('{') {
        let cause = "it is not a JSON object".to_owned();
        return Err(FileProblem::new(path, FileFault::NotOne { wanted: "mapping", cause }));
    }
    Ok(Document { name: path.display().to_string(), content })
}

fn not_json(path: &Path, text: &str, error: NotJson) -> FileProblem {
    let (line, column) = line_and_column(text, error.offset);
    FileProblem::at(path, line, Some(column), FileFault::Syntax { format: "JSON", cause: error.cause })
}

impl LoadedDocuments {
    fn exceptions(&mut self, path: &Path, text: &str) {
        let mut reader = ExceptionReader {
            path,
            text,
            lines: Lines::new(text),
            kept: Ndjson::default(),
            problems: Vec::new(),
            in_page: false,
        };
        match Format::of(path, text) {
            Format::Toml => match toml_exceptions::read(path, text) {
                Ok(exceptions) => reader.kept = exceptions,
                Err(problem) => reader.problems.push(problem),
            },
            Format::Json => records(text, &mut |record| reader.take(record)),
        }
        let ExceptionReader { kept, mut problems, .. } = reader;
        match kept.into_text() {
            Some(content) => self.documents.push(Document { name: path.display().to_string(), content }),
            None if problems.is_empty() => {
                problems.push(FileProblem::new(path, FileFault::Nothing { wanted: "exception list" }));
            }
            None => {}
        }
        self.problems.append(&mut problems);
    }
}

struct ExceptionReader<'a, 't> {
    path: &'a Path,
    text: &'t str,
    lines: Lines<'t>,
    kept: Ndjson,
    problems: Vec<FileProblem>,
    /// Whether the records are those of an answer of `_find`.
    in_page: bool,
}

impl<'t> ExceptionReader<'_, 't> {
    /// Takes a record; stops when there is too much that is wrong.
    fn take(&mut self, record: Result<&'t str, NotJson>) -> ControlFlow<()> {
        match record.and_then(|record| Ok((record, kind(self.text, record)?))) {
            Ok((record, Some(Record::Exception))) => {
                let line = self.line(record);
                self.kept.put(line, record);
            }
            Ok((_, Some(Record::Rule(_) | Record::Connector))) => {}
            Ok((record, Some(Record::Summary(missing)))) => self.problem(record, missing.of_exceptions().fault()),
            Ok((record, Some(Record::Page(page)))) if !self.in_page => {
                self.problem(record, page.fault());
                self.in_page = true;
                page.data.iter().try_for_each(|object| self.take(Ok(object.get())))?;
                self.in_page = false;
            }
            Ok((record, Some(Record::Page(_) | Record::Other(_)) | None)) => {
                let cause = "neither a list nor an item".to_owned();
                self.problem(record, Some(FileFault::NotOne { wanted: "exception", cause }));
            }
            Err(error) => self.problems.push(not_json(self.path, self.text, error)),
        }
        if self.problems.len() >= PROBLEMS_MAX {
            let fault = FileFault::TooManyProblems { max: PROBLEMS_MAX };
            self.problems.push(FileProblem::new(self.path, fault));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn line(&mut self, record: &'t str) -> usize {
        self.lines.position(offset_in(self.text, record)).0
    }

    fn problem(&mut self, record: &'t str, fault: Option<FileFault>) {
        if let Some(fault) = fault {
            let line = self.line(record);
            self.problems.push(FileProblem::at(self.path, line, None, fault));
        }
    }
}

/// What a record is; none if it is no object.
fn kind<'t>(text: &str, record: &'t str) -> Result<Option<Record<'t>>, NotJson> {
    let not_json = |error: serde_json::Error| NotJson::new(text, record, &error);
    if !record.starts_with('{') {
        return serde_json::from_str::<IgnoredAny>(record).map(|_| None).map_err(not_json);
    }
    Record::of(record).map(Some).map_err(not_json)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(files: &[(&str, &str)]) -> (tempfile::TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let paths = files.iter().map(|(name, content)| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            path
        });
        let paths = paths.collect();
        (folder, paths)
    }

    fn texts(loaded: &LoadedDocuments, folder: &tempfile::TempDir) -> (Vec<String>, Vec<String>) {
        let below = format!("{}/", folder.path().display());
        let text = |text: String| text.replace(&below, "");
        (
            loaded.documents.iter().map(|document| text(format!("{}={}", document.name, document.content))).collect(),
            loaded.problems.iter().map(|problem| text(problem.to_string())).collect(),
        )
    }

    #[test]
    fn exceptions_keep_their_lines() {
        let list = r#"{"list_id":"l","type":"detection"}"#;
        let item = r#"{"item_id":"i","list_id":"l","entries":[]}"#;
        let summary = r#"{"exported_exception_list_count":1}"#;
        let cases = [
            (format!("{list}\n{item}\n{summary}\n"), format!("{list}\n{item}\n"), ""),
            (
                format!("{{\"rule_id\":\"r\"}}\n\n{list}\nnope\n{item}"),
                format!("\n\n{list}\n\n{item}\n"),
                "a.ndjson:4:2: not JSON: expected ident",
            ),
            (
                format!("1\n{list}\n{{}}"),
                format!("\n{list}\n"),
                "a.ndjson:1: no exception: neither a list nor an item; export the exception lists from Kibana|\
                 a.ndjson:3: no exception: neither a list nor an item; export the exception lists from Kibana",
            ),
            (format!("[\n{list},\n{item}]"), format!("\n{list}\n{item}\n"), ""),
            (String::new(), String::new(), "a.ndjson: no exception list in it"),
            (summary.to_owned(), String::new(), "a.ndjson: no exception list in it"),
        ];
        for (content, expected, problems) in cases {
            let (folder, paths) = write(&[("a.ndjson", &content)]);
            let (documents, found) = texts(&load_exceptions(&paths), &folder);
            let expected = if expected.is_empty() { vec![] } else { vec![format!("a.ndjson={expected}")] };
            assert_eq!(documents, expected, "{content}");
            assert_eq!(found.join("|"), problems, "{content}");
        }
    }

    #[test]
    fn hostile_exceptions_end() {
        let (_folder, paths) = write(&[("a.ndjson", &"x\n".repeat(1_000_000)), ("b.json", &"[".repeat(1_000_000))]);
        assert_eq!(load_exceptions(&paths).problems.len(), PROBLEMS_MAX + 2);
    }

    #[test]
    fn a_value_list_is_called_by_its_file_name() {
        let (folder, mut paths) = write(&[("hosts.txt", "\u{feff}a\nb\n"), ("x/hosts.txt", "c"), ("none", "")]);
        paths.push(folder.path().join("gone.txt"));
        let (documents, problems) = texts(&load_value_lists(&paths), &folder);
        assert_eq!(documents, ["hosts.txt=a\nb\n", "none="]);
        assert_eq!(problems.len(), 2);
        assert_eq!(
            problems[0],
            "x/hosts.txt: the value list hosts.txt is also hosts.txt, and only that one is used; \
             rename one, as the exceptions name it"
        );
    }

    #[test]
    fn mappings_are_json_objects() {
        let cases = [
            (" {\"properties\": {}}", None),
            ("{\n\"a\": }", Some("m.json:2:6: not JSON: expected value")),
            ("[]", Some("m.json: no mapping: it is not a JSON object")),
            ("", Some("m.json:1:1: not JSON: EOF while parsing a value")),
        ];
        for (content, problem) in cases {
            let (folder, paths) = write(&[("m.json", content)]);
            let (documents, problems) = texts(&load_mappings(&paths), &folder);
            assert_eq!(problems.first().map(String::as_str), problem, "{content}");
            assert_eq!(documents.len(), usize::from(problem.is_none()), "{content}");
        }
    }
}
