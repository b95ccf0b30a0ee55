//! Which index a rule's patterns take.
//!
//! As the module takes them: `*` stands for any run of characters, a leading
//! `-` takes away what came before it, the remote prefix of `cluster:name` does
//! not count, and a backing index is where its data stream is.

use crate::glob::glob;

/// Whether an index or data stream of this name is among the patterns.
pub(super) fn takes<'a>(patterns: impl IntoIterator<Item = &'a str>, index: &str) -> bool {
    let stream = data_stream_of(index);
    patterns.into_iter().fold(false, |taken, pattern| {
        let (excludes, pattern) = match pattern.strip_prefix('-') {
            Some(pattern) => (true, pattern),
            None => (false, pattern),
        };
        let local = pattern.rsplit_once(':').map_or(pattern, |(_cluster, local)| local);
        let matches = glob(local, index) || stream.is_some_and(|stream| glob(local, stream));
        if matches { !excludes } else { taken }
    })
}

/// The data stream of the backing index `.ds-<stream>-<yyyy.MM.dd>-<generation>`.
fn data_stream_of(index: &str) -> Option<&str> {
    let (name, generation) = index.strip_prefix(".ds-")?.rsplit_once('-')?;
    let (stream, date) = name.rsplit_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = date.split('.').map(str::len).eq([4, 2, 2]) && date.split('.').all(digits);
    (is_date && digits(generation)).then_some(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_taken_as_the_module_takes_them() {
        let backing = ".ds-logs-endpoint.events.process-default-2026.11.20-000001";
        let cases: [(&[&str], &str, bool); 22] = [
            (&["logs-endpoint.events.*"], "logs-endpoint.events.process-default", true),
            (&["logs-endpoint.events.*"], "logs-endpoint.alerts-default", false),
            (&["logs-*-default"], "logs-x-default", true),
            (&["logs-*-default"], "logs-default", false),
            (&["a*b*c"], "a-b-b-c", true),
            (&["a*b*c"], "ac", false),
            (&["a**c"], "abc", true),
            (&["*"], "", true),
            (&["a*a"], "a", false),
            (&["exact"], "exact", true),
            (&["exact"], "exactly", false),
            (&["logs-*", "-logs-b"], "logs-a", true),
            (&["logs-*", "-logs-b"], "logs-b", false),
            (&["-logs-b", "logs-*"], "logs-b", true),
            (&["*:logs-*"], "logs-a", true),
            (&["eu:logs-*", "-eu:logs-b"], "logs-b", false),
            (&["-logs-b"], "logs-a", false),
            (&["logs-endpoint.events.*"], backing, true),
            (&[".ds-logs-*"], backing, true),
            (&["logs-endpoint.alerts-*"], backing, false),
            (&["logs-*"], ".ds-logs-x-2026.11.2x-1", false),
            (&[], "logs-a", false),
        ];
        for (patterns, index, expected) in cases {
            assert_eq!(takes(patterns.iter().copied(), index), expected, "{patterns:?} {index}");
        }
    }
}
