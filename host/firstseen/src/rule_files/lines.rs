//! Lines of files, counted and kept.

/// Finds lines and columns of offsets that only grow, so that a file is counted
/// through once, whatever is asked for.
pub(super) struct Lines<'t> {
    text: &'t str,
    offset: usize,
    line: usize,
    column: usize,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, offset: 0, line: 1, column: 1 }
    }

    /// Line and column of an offset, both from 1, the column in characters.
    pub(super) fn position(&mut self, offset: usize) -> (usize, usize) {
        let between = self.text.get(self.offset..offset).unwrap_or_default();
        let newlines = memchr::memchr_iter(b'\n', between.as_bytes()).count();
        let last = between.rsplit('\n').next().unwrap_or_default().chars().count();
        self.column = if newlines == 0 { self.column + last } else { last + 1 };
        self.line += newlines;
        self.offset += between.len();
        (self.line, self.column)
    }
}

/// NDJSON whose records stand in the lines they have in their file, so that
/// what is said about a line is true of the file.
#[derive(Default)]
pub(super) struct Ndjson {
    text: String,
    lines: usize,
}

impl Ndjson {
    /// Appends a JSON text in the given line, from 1, or in the next free one.
    pub(super) fn put(&mut self, line: usize, record: &str) {
        let blank = line.saturating_sub(self.lines + 1);
        self.text.extend(std::iter::repeat_n('\n', blank));
        for part in record.split_inclusive(['\n', '\r']) {
            // A line break in JSON is white space: in its texts it is escaped.
            match part.strip_suffix(['\n', '\r']) {
                Some(part) => self.text.extend([part, " "]),
                None => self.text.push_str(part),
            }
        }
        self.text.push('\n');
        self.lines += blank + 1;
    }

    /// The text; none if it has no record.
    pub(super) fn into_text(self) -> Option<String> {
        (self.lines > 0).then_some(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_counted_on() {
        let mut lines = Lines::new("aé\nb\n\nc");
        let expected = [(1, 1), (1, 2), (1, 2), (1, 3), (2, 1), (4, 2), (4, 2)];
        assert_eq!([0, 1, 1, 3, 4, 8, 99].map(|offset| lines.position(offset)), expected);
    }

    #[test]
    fn records_keep_their_lines() {
        let mut ndjson = Ndjson::default();
        for (line, record) in [(2, "{}"), (2, "[\n1\r\n]"), (5, "{\"a\":1}")] {
            ndjson.put(line, record);
        }
        assert_eq!(ndjson.into_text().unwrap(), "\n{}\n[ 1  ]\n\n{\"a\":1}\n");
        assert_eq!(Ndjson::default().into_text(), None);
    }
}
