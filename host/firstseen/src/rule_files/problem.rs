//! What of a source cannot be used, and why.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Most problems that are named of one file.
pub(super) const PROBLEMS_MAX: usize = 20;

/// Something in a source that cannot be used. Everything beside it is.
///
/// Its text is one line with the place, the cause and, where there is one, the
/// way out: `rules/a.toml:12:7: not TOML: …; …`. The text of an underlying
/// error is in it, so there is no [`source`](std::error::Error::source) to print
/// beside it.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileProblem {
    /// The file or folder, as it was given or reached from what was given.
    pub path: PathBuf,
    /// Line in the file, from 1, where it is known.
    pub line: Option<usize>,
    /// Column in that line, in characters from 1, where it is known.
    pub column: Option<usize>,
    /// What is wrong there.
    pub fault: FileFault,
}

/// What is wrong with a part of a source.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileFault {
    /// The operating system refused.
    Io(io::Error),
    /// The file is not text in UTF-8.
    NotUtf8,
    /// The file is larger than is taken.
    FileTooLarge {
        /// The limit in bytes.
        bytes_max: usize,
    },
    /// Together with those before it the file is more than is taken; neither
    /// it nor the files after it are read.
    TotalTooLarge {
        /// The limit in bytes.
        bytes_max: usize,
    },
    /// One rule is larger than is taken.
    RuleTooLarge {
        /// The limit in bytes.
        bytes_max: usize,
    },
    /// There are more files; the rest is not read.
    TooManyFiles {
        /// The limit.
        max: usize,
    },
    /// There are more rules; the rest is left out.
    TooManyRules {
        /// The limit.
        max: usize,
    },
    /// There are more problems; the rest of the file is not read.
    TooManyProblems {
        /// The limit.
        max: usize,
    },
    /// Folders lie deeper within each other than is looked.
    TooDeep {
        /// The limit.
        max: usize,
    },
    /// A folder without rule files.
    NoFiles,
    /// A file without what it was given for.
    Nothing {
        /// What it should hold, for example `rule`.
        wanted: &'static str,
    },
    /// The text is not in the format that the file's name or beginning says.
    Syntax {
        /// `TOML` or `JSON`.
        format: &'static str,
        /// Why not.
        cause: String,
    },
    /// Something else stands where a rule, an exception or a mapping should.
    NotOne {
        /// What should stand there, for example `rule`.
        wanted: &'static str,
        /// What stands there.
        cause: String,
    },
    /// There is more where the file comes from.
    Incomplete {
        /// What says so.
        cause: String,
    },
    /// A field of a rule is missing or wrong.
    Field {
        /// Its name.
        field: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// Another rule has the same `rule_id` and came first.
    RuleIdTaken {
        /// The id.
        rule_id: String,
        /// Where the other one stands.
        first: String,
    },
    /// Another value list has the same file name, which is its id.
    ListIdTaken {
        /// The id.
        list_id: String,
        /// The other list's file.
        first: PathBuf,
    },
}

impl FileProblem {
    pub(super) fn new(path: &Path, fault: FileFault) -> Self {
        Self { path: path.to_owned(), line: None, column: None, fault }
    }

    /// At a line, and a column if it says anything.
    pub(super) fn at(path: &Path, line: usize, column: Option<usize>, fault: FileFault) -> Self {
        Self { path: path.to_owned(), line: Some(line), column, fault }
    }

    /// The way out, for the faults that have one.
    pub fn hint(&self) -> Option<&'static str> {
        self.fault.hint()
    }
}

impl FileFault {
    /// The way out, if there is one to name.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Io(error) => match error.kind() {
                io::ErrorKind::NotFound => Some("check the path"),
                io::ErrorKind::PermissionDenied => Some("this user must be able to read it"),
                _ => None,
            },
            Self::NotUtf8 => Some("save it as UTF-8"),
            Self::FileTooLarge { .. } => Some("split it, or give the part you need"),
            Self::TotalTooLarge { .. } | Self::TooManyFiles { .. } | Self::TooManyRules { .. } => {
                Some("give the folders or files that hold the rules you run")
            }
            Self::RuleTooLarge { .. } => Some("shorten its query or guide"),
            Self::TooManyProblems { .. } => Some("mend the first ones"),
            Self::TooDeep { .. } => Some("give the inner folder"),
            Self::NoFiles => Some("rules are files ending in .toml, .json or .ndjson, in it or in folders below"),
            Self::Nothing { .. } => None,
            Self::Syntax { .. } => None,
            Self::NotOne { wanted, .. } => match *wanted {
                "rule" => Some("a rule is detection-rules TOML or Kibana rule JSON"),
                "exception" => Some("export the exception lists from Kibana"),
                _ => None,
            },
            Self::Incomplete { .. } => Some("export all of it again, or ask for all pages; what is there is used"),
            Self::Field { field, .. } => match *field {
                "rule_id" => {
                    Some("give it one, a UUID for example, and keep it: what the rule learns is kept under it")
                }
                _ => None,
            },
            Self::RuleIdTaken { .. } => Some("leave one of them out, or give one an id of its own"),
            Self::ListIdTaken { .. } => Some("rename one, as the exceptions name it"),
        }
    }
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        write!(f, ": {}", self.fault)?;
        match self.hint() {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::NotUtf8 => f.write_str("not UTF-8"),
            Self::FileTooLarge { bytes_max } => write!(f, "larger than {}", Size(*bytes_max)),
            Self::TotalTooLarge { bytes_max } => {
                write!(f, "here {} of text are exceeded, and no further file is read", Size(*bytes_max))
            }
            Self::RuleTooLarge { bytes_max } => write!(f, "a rule larger than {}", Size(*bytes_max)),
            Self::TooManyFiles { max } => write!(f, "more than {max} files"),
            Self::TooManyRules { max } => write!(f, "more than {max} rules"),
            Self::TooManyProblems { max } => write!(f, "more than {max} problems in this file, not read further"),
            Self::TooDeep { max } => write!(f, "more than {max} folders deep"),
            Self::NoFiles => f.write_str("no rule file in this folder"),
            Self::Nothing { wanted } => write!(f, "no {wanted} in it"),
            Self::Syntax { format, cause } => write!(f, "not {format}: {cause}"),
            Self::NotOne { wanted, cause } => write!(f, "no {wanted}: {cause}"),
            Self::Incomplete { cause } => write!(f, "not all that should be there: {cause}"),
            Self::Field { field, cause } => write!(f, "{field}: {cause}"),
            // Ids come from files that anyone may have written.
            Self::RuleIdTaken { rule_id, first } => {
                write!(
                    f,
                    "rule_id {} is that of the rule in {first}, and only that one is used",
                    rule_id.escape_debug()
                )
            }
            Self::ListIdTaken { list_id, first } => {
                let list_id = list_id.escape_debug();
                write!(f, "the value list {list_id} is also {}, and only that one is used", first.display())
            }
        }
    }
}

// Without a source: a chain would print its text a second time.
impl std::error::Error for FileProblem {}

/// A limit, which is a whole number of KiB or MiB.
struct Size(usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= 1 << 20 => write!(f, "{} MiB", bytes >> 20),
            bytes => write!(f, "{} KiB", bytes >> 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_place_cause_and_way_out() {
        let path = Path::new("rules/a.toml");
        let gone = FileFault::Io(io::Error::from(io::ErrorKind::NotFound));
        let cases = [
            (FileProblem::new(path, gone), "rules/a.toml: cannot be read: entity not found; check the path"),
            (
                FileProblem::at(path, 3, Some(7), FileFault::Syntax { format: "TOML", cause: "odd".to_owned() }),
                "rules/a.toml:3:7: not TOML: odd",
            ),
            (
                FileProblem::new(path, FileFault::FileTooLarge { bytes_max: 16 << 20 }),
                "rules/a.toml: larger than 16 MiB; split it, or give the part you need",
            ),
            (
                FileProblem::at(
                    path,
                    2,
                    None,
                    FileFault::RuleIdTaken { rule_id: "a\u{1b}".to_owned(), first: "b.toml".to_owned() },
                ),
                "rules/a.toml:2: rule_id a\\u{1b} is that of the rule in b.toml, and only that one is used; \
                 leave one of them out, or give one an id of its own",
            ),
        ];
        for (problem, expected) in cases {
            assert_eq!(problem.to_string(), expected);
        }
    }
}
