//! Regular expressions, as automata.
//!
//! A pattern becomes a tree ([lucene], [java]), the tree an automaton ([build]) with one way for each
//! text ([determinize]), and that is laid over texts ([matcher]). So a text costs a step for each of
//! its characters, whatever the pattern. What a pattern costs is bounded ([budget]).

mod automaton;
mod budget;
mod build;
mod chars;
mod determinize;
mod error;
mod fold;
mod java;
mod lucene;
mod matcher;
mod required;
mod steps;
#[cfg(test)]
mod tests;
mod tree;

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::hash::{Hash, Hasher};

pub use budget::RegexBudget;
pub use error::{RegexError, RegexErrorKind};

use crate::limit::MAX_QUERY_BYTES;

use self::automaton::Automaton;
use self::build::Builder;
use self::fold::is_plain;
use self::matcher::Matcher;
use self::required::required;
use self::tree::Tree;

/// A regular expression, ready to be laid over texts. It is anchored at both ends.
///
/// Two are equal if they were made of the same pattern in the same way. A clone costs nothing.
#[derive(Clone)]
pub struct Regex {
    source: Source,
    made: Arc<Made>,
}

/// What it was made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Source {
    pattern: Arc<str>,
    dialect: Dialect,
    ignore_case: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Dialect {
    Lucene,
    Java,
}

/// What is known of a pattern.
struct Made {
    matcher: Matcher,
    is_empty: bool,
    /// These of the pattern as if case mattered.
    word: Option<String>,
    is_total: bool,
    required: String,
}

impl Regex {
    /// As Elasticsearch's `regexp` query reads it: with every optional operator of Lucene's `RegExp`.
    ///
    /// `ignore_case`: single characters match all their variants in Unicode's simple case folding,
    /// so `k` the Kelvin sign too; the ends of ranges do not. That is `case_insensitive` of
    /// Elasticsearch 9.
    ///
    /// # Errors
    ///
    /// What Lucene refuses, patterns that are longer than [`MAX_QUERY_BYTES`] or deeper than
    /// [`MAX_DEPTH`](crate::MAX_DEPTH), and those whose automaton is too large or too much work to
    /// make: the effort of determinizing it is counted as in Lucene, with Elasticsearch's default for
    /// `max_determinized_states`. Elasticsearch also refuses what is longer than the index setting
    /// `max_regex_length`, of 1,000 UTF-16 units by default; that is not looked at here.
    pub fn lucene(pattern: &str, ignore_case: bool) -> Result<Self, RegexError> {
        Self::new(pattern, Dialect::Lucene, ignore_case, &mut 0)
    }

    /// As Java's `Pattern` reads it, and `matches` asks: the whole text must match.
    ///
    /// `ignore_case`: that of ASCII letters makes no difference, in ranges too. That is
    /// `CASE_INSENSITIVE` alone.
    ///
    /// # Errors
    ///
    /// What Java refuses; what is not regular, and what is not modelled
    /// ([`Unsupported`](RegexErrorKind::Unsupported)); and the limits of [`lucene`](Self::lucene),
    /// which Java does not have.
    pub fn java(pattern: &str, ignore_case: bool) -> Result<Self, RegexError> {
        Self::new(pattern, Dialect::Java, ignore_case, &mut 0)
    }

    /// Adds to `work` how many states and transitions were looked at.
    fn new(pattern: &str, dialect: Dialect, ignore_case: bool, work: &mut u64) -> Result<Self, RegexError> {
        if pattern.len() > MAX_QUERY_BYTES {
            return Err(RegexErrorKind::TooLong.at(MAX_QUERY_BYTES));
        }
        let exact = dialect.parse(pattern, false)?;
        let automaton = dialect.automaton(&exact, work)?;
        let keeps = dialect.kept_in_required(ignore_case);
        let mut required = required(&exact, keeps);
        if ignore_case {
            required.make_ascii_lowercase();
        }
        let word = automaton.word().and_then(|word| word.into_iter().map(char::from_u32).collect());
        let is_total = automaton.is_total();
        let folded = match ignore_case {
            true => dialect.automaton(&dialect.parse(pattern, true)?, work)?,
            false => automaton,
        };
        let matcher = Matcher::new(&folded);
        let made = Made { matcher, is_empty: folded.is_empty(), word, is_total, required };
        let source = Source { pattern: pattern.into(), dialect, ignore_case };
        Ok(Self { source, made: Arc::new(made) })
    }

    /// Does the whole text match? Takes a step for each of its characters.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.made.matcher.matches(text)
    }

    /// The only text that matches, if there is no other. It is looked for as if case mattered: EQL
    /// makes an equality of such a pattern, and that ignores case in its own way.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        self.made.word.as_deref()
    }

    /// Does every text match? That too is asked as if case mattered: EQL asks for such a pattern
    /// whether there is a value.
    #[must_use]
    pub fn is_total(&self) -> bool {
        self.made.is_total
    }

    /// Does no text match?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.made.is_empty
    }

    /// A text that each match contains; the longest that is found, perhaps empty. If
    /// [case is ignored](Self::ignores_case), its ASCII letters are small, and a match has them in
    /// either case.
    #[must_use]
    pub fn required(&self) -> &str {
        &self.made.required
    }

    /// Whether case makes no difference; of ranges it does, see [`lucene`](Self::lucene).
    #[must_use]
    pub const fn ignores_case(&self) -> bool {
        self.source.ignore_case
    }

    /// The text that it was made of.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.source.pattern
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let texts = self.source.pattern.len() + self.made.required.len() + self.word().map_or(0, str::len);
        size_of::<Made>() + self.made.matcher.bytes() + texts
    }

    /// About how much a byte of a text costs at most, where looking one up in a map costs 1.
    #[must_use]
    pub fn weight(&self) -> u64 {
        if self.made.matcher.searches() { 16 } else { 4 }
    }
}

impl Dialect {
    fn parse(self, pattern: &str, ignore_case: bool) -> Result<Tree, RegexError> {
        match self {
            Self::Lucene => lucene::parse(pattern, ignore_case),
            Self::Java => java::parse(pattern, ignore_case),
        }
    }

    /// Which characters a text that each match contains may have: where case is ignored, those that
    /// ignoring the case of ASCII finds in all their variants.
    fn kept_in_required(self, ignore_case: bool) -> fn(char) -> bool {
        match self {
            Self::Lucene if ignore_case => is_plain,
            _ => |_| true,
        }
    }

    /// Adds to `work` what was looked at.
    fn automaton(self, tree: &Tree, work: &mut u64) -> Result<Automaton, RegexError> {
        let mut builder = Builder::new(self == Self::Lucene);
        let automaton = builder.deterministic(tree);
        *work += builder.spent() as u64;
        automaton.map_err(|_| RegexErrorKind::TooComplex.at(0))
    }
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Source { pattern, dialect, ignore_case } = &self.source;
        f.debug_struct("Regex")
            .field("pattern", pattern)
            .field("dialect", dialect)
            .field("ignore_case", ignore_case)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Regex {}

impl Hash for Regex {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.source.hash(state);
    }
}
