//! A rule's index patterns.

use firstseen_query::{Clause, Condition, Like, Part};

/// The `index` patterns of a rule, as Elasticsearch resolves them: `*` stands
/// for any run of characters, a leading `-` excludes, and a remote prefix
/// (`cluster:`) is ignored, since an event in flight is in no cluster yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexPatterns {
    /// In the rule's order: an exclusion takes away what came before it.
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pattern {
    excludes: bool,
    glob: String,
}

impl IndexPatterns {
    /// Takes patterns as a rule writes them.
    pub fn new(patterns: &[String]) -> Self {
        let parse = |pattern: &String| {
            let (excludes, glob) = match pattern.strip_prefix('-') {
                Some(glob) => (true, glob),
                None => (false, pattern.as_str()),
            };
            let local = glob.rsplit_once(':').map_or(glob, |(_cluster, name)| name);
            Pattern { excludes, glob: local.to_owned() }
        };
        Self { patterns: patterns.iter().map(parse).collect() }
    }

    /// What the [names](names_of) of an index or data stream meet, in a field of the name
    /// [`Self::FIELD`], if it is among them. No patterns: any is.
    #[must_use]
    pub fn clause(&self) -> Clause {
        if self.patterns.is_empty() {
            return Clause::All;
        }
        let matched = |within: Clause, Pattern { excludes, glob }: &Pattern| {
            let like = Clause::field(Self::FIELD, Condition::Like(stars_of(glob)));
            match excludes {
                true => Clause::And(vec![within, Clause::Not(Box::new(like))]),
                false => Clause::Or(vec![within, like]),
            }
        };
        self.patterns.iter().fold(Clause::Or(Vec::new()), matched)
    }

    /// What the clause calls the name of an index.
    pub const FIELD: &str = "_index";
}

/// The names of an index or data stream: a backing index is where its data stream is.
pub fn names_of(index: &str) -> impl Iterator<Item = &str> {
    std::iter::once(index).chain(data_stream_of(index))
}

/// A pattern in which only stars mean anything.
fn stars_of(glob: &str) -> Like {
    let mut parts = Vec::new();
    for (place, text) in glob.split('*').enumerate() {
        if place > 0 {
            parts.push(Part::Any);
        }
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
    }
    Like { parts, ignore_case: false, splits: false }
}

/// The data stream of a backing index, `.ds-<stream>-<yyyy.MM.dd>-<generation>`:
/// what documents call their `_index`, while patterns name the stream.
fn data_stream_of(index: &str) -> Option<&str> {
    let (name, generation) = index.strip_prefix(".ds-")?.rsplit_once('-')?;
    let (stream, date) = name.rsplit_once('-')?;
    let is_date = date.len() == 10 && date.split('.').map(str::len).eq([4, 2, 2]);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (is_date && date.split('.').all(digits) && digits(generation)).then_some(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backing_index_is_in_its_data_stream() {
        let index = ".ds-logs-endpoint.events.process-default-2026.11.20-000001";
        assert_eq!(data_stream_of(index), Some("logs-endpoint.events.process-default"));
        for other in
            [".ds-logs-x-default", ".ds-a-2026.11-000001", "logs-a-2026.11.20-000001", ".ds-a-2026.11.2x-1", ""]
        {
            assert_eq!(data_stream_of(other), None, "{other}");
        }
        assert_eq!(names_of(index).collect::<Vec<_>>(), [index, "logs-endpoint.events.process-default"]);
    }

    #[test]
    fn only_stars_mean_anything() {
        let parts = |glob: &str| stars_of(glob).parts;
        assert_eq!(parts("a?*"), [Part::Text("a?".to_owned()), Part::Any]);
        assert_eq!(parts(r"*\"), [Part::Any, Part::Text(r"\".to_owned())]);
        assert_eq!(parts(""), []);
    }
}
