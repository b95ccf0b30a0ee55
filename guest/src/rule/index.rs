//! A rule's index patterns.

/// The `index` patterns of a rule, as Elasticsearch resolves them: `*` stands
/// for any run of characters, a leading `-` excludes, and a remote prefix
/// (`cluster:`) is ignored, since an event in flight is in no cluster yet.
#[derive(Clone, Debug)]
pub struct IndexPatterns {
    /// In the rule's order: an exclusion takes away what came before it.
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug)]
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

    /// Whether an index or data stream of this name is among them; a backing
    /// index is where its data stream is. No patterns: any is.
    pub fn contain(&self, index: &str) -> bool {
        let stream = data_stream_of(index);
        let matched = |within: bool, pattern: &Pattern| match [Some(index), stream]
            .into_iter()
            .flatten()
            .any(|name| glob_matches(&pattern.glob, name))
        {
            true => !pattern.excludes,
            false => within,
        };
        self.patterns.is_empty() || self.patterns.iter().fold(false, matched)
    }
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

/// Matches `*` as any run of characters, everything else literally. The
/// pieces between stars are found leftmost first, so the work is bounded by
/// the product of the lengths.
fn glob_matches(glob: &str, name: &str) -> bool {
    let Some((head, rest)) = glob.split_once('*') else { return glob == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    for piece in middle.split('*') {
        match name.find(piece) {
            Some(at) => name = name.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    name.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        let cases = [
            ("logs-endpoint.events.*", "logs-endpoint.events.process-default", true),
            ("logs-endpoint.events.*", "logs-endpoint.alerts-default", false),
            ("logs-*-default", "logs-x-default", true),
            ("logs-*-default", "logs-default", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "ac", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
        ];
        for (glob, name, expected) in cases {
            assert_eq!(glob_matches(glob, name), expected, "{glob} {name}");
        }
    }

    #[test]
    fn a_backing_index_is_in_its_data_stream() {
        let index = ".ds-logs-endpoint.events.process-default-2026.11.20-000001";
        assert_eq!(data_stream_of(index), Some("logs-endpoint.events.process-default"));
        for other in
            [".ds-logs-x-default", ".ds-a-2026.11-000001", "logs-a-2026.11.20-000001", ".ds-a-2026.11.2x-1", ""]
        {
            assert_eq!(data_stream_of(other), None, "{other}");
        }
        let patterns = |pattern: &str| IndexPatterns::new(&[pattern.to_owned()]);
        assert!(patterns("logs-endpoint.events.*").contain(index));
        assert!(patterns(".ds-logs-*").contain(index));
        assert!(!patterns("logs-endpoint.alerts-*").contain(index));
    }

    #[test]
    fn exclusions_and_remotes() {
        let patterns = |list: &[&str]| IndexPatterns::new(&list.iter().map(|p| p.to_string()).collect::<Vec<_>>());
        assert!(patterns(&[]).contain("anything"));
        assert!(patterns(&["logs-*", "-logs-b"]).contain("logs-a"));
        assert!(!patterns(&["logs-*", "-logs-b"]).contain("logs-b"));
        assert!(patterns(&["*:logs-*"]).contain("logs-a"));
        assert!(!patterns(&["-logs-b"]).contain("logs-a"));
    }
}
