//! Rules, exceptions, value lists and mappings from files.
//!
//! A [`Detector`](crate::Detector) takes rules as Kibana rule JSON. This module
//! makes that of what people keep: checkouts of elastic/detection-rules, Kibana's
//! exports, rules in JSON. It knows files and their layouts, not what a rule
//! means: whether a rule runs is for the detection module to say.
//!
//! ```no_run
//! use firstseen::rule_files::load_rules;
//! use firstseen::{Detector, Module};
//!
//! let loaded = load_rules(&["rules", "own.ndjson"]);
//! for problem in &loaded.problems {
//!     eprintln!("{problem}");
//! }
//! let detector = Detector::builder(Module::built_in()?)
//!     .rules(loaded.rules.iter().map(|rule| rule.document()))
//!     .exceptions(loaded.exceptions)
//!     .build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What cannot be used never stops the rest: it is a [`FileProblem`] with its
//! place, its cause and a way out, and everything beside it is loaded.
//!
//! # Rule files
//!
//! | file | holds |
//! |---|---|
//! | `.toml` | one rule of detection-rules, see below; or its exception lists |
//! | `.ndjson` | an export of Kibana's: rules, exception lists and items, connectors, a summary |
//! | `.json` | a rule, an array of rules, an answer of `_find`, or any of the above; also a rule out of Elastic's package |
//! | any other, given by name | told by its beginning |
//!
//! A folder is searched for the first three, in sorted order and with links
//! followed; hidden files and folders are left out.
//!
//! A rule of detection-rules becomes what detection-rules exports for Kibana, but
//! for what does not follow from its file: `version`, `required_fields` and
//! `related_integrations`. It is on whatever its `enabled` says, which is what a
//! new Kibana begins with, unless its `maturity` is `deprecated`.
//!
//! Of two rules with one `rule_id` the first is used: the second would share its
//! history, and be silent about what the first has seen.
//!
//! # Limits
//!
//! | what | limit |
//! |---|---|
//! | a rule, and so a TOML file | 1 MiB |
//! | all rule files | 64 MiB, 100,000 files, 20,000 rules |
//! | folders within each other | 32 |
//! | nesting in TOML | 80 levels |
//! | problems that are named of a file | 20 |
//! | a file of exceptions, a value list | 64 MiB |
//! | a mapping | 16 MiB |
//!
//! The detection module has limits of its own.

mod detection_rules;
mod documents;
mod guide;
mod head;
mod json;
mod lines;
mod parallel;
mod position;
mod problem;
mod read;
mod rule;
mod rule_file;
mod toml_exceptions;
mod walk;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

pub use documents::{LoadedDocuments, load_exceptions, load_mappings, load_value_lists};
pub use problem::{FileFault, FileProblem};
pub use rule::{FileRule, Place};
pub use walk::is_rule_file;

use crate::configuration::Document;
use rule_file::RuleFile;
use walk::Walk;

/// All rule files together, and so each of them, in bytes. An export of all of
/// Elastic's rules has about 18 MiB.
const TOTAL_BYTES_MAX: usize = 64 << 20;

/// About how much is read before it is counted, in bytes.
const BYTES_AT_ONCE: usize = 16 << 20;

/// Most rules.
const RULES_MAX: usize = 20_000;

/// Rules, and what came with them.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LoadedRules {
    /// The files that were found, in the order in which they are read.
    pub files: Vec<PathBuf>,
    /// The rules, in the order of their files; no two have one `rule_id`.
    pub rules: Vec<FileRule>,
    /// Exception lists and items that were exported together with rules.
    pub exceptions: Vec<Document>,
    /// How many action connectors there were; nothing is done with them.
    pub connectors: usize,
    /// What cannot be used; all else is.
    pub problems: Vec<FileProblem>,
}

/// Says whether rules of a type run.
pub type Runs<'a> = dyn Fn(&str) -> bool + Sync + 'a;

/// Reads rules from files and from folders with all that is below them.
pub fn load_rules<P: AsRef<Path>>(paths: &[P]) -> LoadedRules {
    load_rules_to_run(RulePaths::find(paths), &|_| true)
}

/// Files that may hold rules.
#[derive(Debug)]
pub struct RulePaths {
    files: Vec<PathBuf>,
    /// Their lengths in bytes, where they have one.
    lengths: Vec<Option<usize>>,
    problems: Vec<FileProblem>,
}

impl RulePaths {
    /// Looks for them, without opening any.
    pub fn find<P: AsRef<Path>>(paths: &[P]) -> Self {
        let mut walk = Walk::default();
        paths.iter().for_each(|path| walk.add(path.as_ref()));
        let length = |path: &PathBuf| {
            let metadata = fs::metadata(path).ok().filter(|metadata| metadata.is_file())?;
            usize::try_from(metadata.len()).ok()
        };
        Self { lengths: walk.files.iter().map(length).collect(), files: walk.files, problems: walk.problems }
    }
}

/// Reads rules from these files; of a rule of detection-rules whose type does
/// not run only what it is known by: its JSON has `rule_id`, `name` and `type`.
/// Two of three of Elastic's rules are of this kind.
pub fn load_rules_to_run(paths: RulePaths, runs: &Runs<'_>) -> LoadedRules {
    let mut loading = Loading::default();
    loading.loaded.problems = paths.problems;
    let (mut files, mut lengths) = (paths.files.as_slice(), paths.lengths.as_slice());
    loop {
        let count = count_at_once(lengths);
        let (Some((some, files_left)), Some((_, lengths_left))) =
            (files.split_at_checked(count), lengths.split_at_checked(count))
        else {
            break;
        };
        let contents = parallel::map(some, |path| {
            let text = read::read(path, TOTAL_BYTES_MAX)?;
            Ok((text.len(), RuleFile::read(path, &text, RULES_MAX, runs)))
        });
        if some.iter().zip(contents).try_for_each(|(path, content)| loading.merge(path, content)).is_break() {
            break;
        }
        (files, lengths) = (files_left, lengths_left);
    }
    loading.loaded.files = paths.files;
    loading.loaded
}

/// How many files are read at once: as many as have `BYTES_AT_ONCE` together,
/// but one that may have any length by itself.
fn count_at_once(lengths: &[Option<usize>]) -> usize {
    let mut room = Some(BYTES_AT_ONCE);
    let fits = |length: &&Option<usize>| {
        room = room.zip(**length).and_then(|(room, length)| room.checked_sub(length));
        room.is_some()
    };
    lengths.iter().take_while(fits).count().max(1)
}

/// What was loaded so far. Files are read some at a time, so that the limits
/// hold for what is in memory too.
#[derive(Default)]
struct Loading {
    loaded: LoadedRules,
    /// Bytes of text.
    bytes: usize,
    /// Rules that were found, duplicates counted.
    rules: usize,
    /// The ids, with the number of the rule that has them.
    ids: HashMap<String, usize>,
}

impl Loading {
    /// Adds what a file of so many bytes holds.
    fn merge(&mut self, path: &Path, content: Result<(usize, RuleFile), FileProblem>) -> ControlFlow<()> {
        let (bytes, file) = match content {
            Ok(content) => content,
            Err(problem) => {
                self.loaded.problems.push(problem);
                return ControlFlow::Continue(());
            }
        };
        self.bytes += bytes;
        if self.bytes > TOTAL_BYTES_MAX {
            self.problem(path, None, FileFault::TotalTooLarge { bytes_max: TOTAL_BYTES_MAX });
            return ControlFlow::Break(());
        }
        self.loaded.problems.extend(file.problems);
        self.loaded.connectors += file.connectors;
        if let Some(content) = file.exceptions.into_text() {
            self.loaded.exceptions.push(Document { name: path.display().to_string(), content });
        }
        for rule in file.rules {
            self.rules += 1;
            if self.rules > RULES_MAX {
                self.problem(path, Some(rule.line), FileFault::TooManyRules { max: RULES_MAX });
                return ControlFlow::Break(());
            }
            match self.ids.entry(rule.rule_id.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(self.loaded.rules.len());
                    self.loaded.rules.push(rule);
                }
                Entry::Occupied(entry) => {
                    let first = self.loaded.rules.get(*entry.get());
                    let first = first.map(|first| first.place(None, None).to_string()).unwrap_or_default();
                    let fault = FileFault::RuleIdTaken { rule_id: rule.rule_id.clone(), first };
                    self.problem(path, Some(rule.line), fault);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn problem(&mut self, path: &Path, line: Option<usize>, fault: FileFault) {
        self.loaded.problems.push(FileProblem { path: path.to_owned(), line, column: None, fault });
    }
}

#[cfg(test)]
mod tests;
