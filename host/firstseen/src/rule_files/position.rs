//! From byte offsets to lines and columns.

/// Line and column of a byte offset, both from 1, the column in characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..text.floor_char_boundary(offset)).unwrap_or_default();
    let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before.get(start..).unwrap_or_default().chars().count() + 1)
}

/// Where a part of a text begins in it, in bytes.
pub(super) fn offset_in(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// Where serde_json found a text to be wrong, in bytes, and why.
pub(super) fn json_fault(text: &str, error: &serde_json::Error) -> (usize, String) {
    let (line, column) = (error.line(), error.column());
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    // Column 0 is the newline before.
    let offset = (lines.map(str::len).sum::<usize>() + column).saturating_sub(1);
    // The place goes into the problem, not into its text.
    let cause = error.to_string();
    let cause = cause.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&cause);
    (offset.min(text.len()), cause.to_owned())
}

/// How a string is written in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// As it is.
    Verbatim,
    /// With TOML's escapes.
    Toml,
    /// With JSON's escapes.
    Json,
}

/// Where and how a rule's query stands in its file, so that an offset in it
/// can be shown to the person who wrote it.
#[derive(Clone, Debug)]
pub(super) struct QueryText {
    /// Line of its first byte, from 1.
    line: usize,
    /// Column of its first byte, from 1, in characters.
    column: usize,
    quoting: Quoting,
    /// As written between the quotes.
    raw: Box<str>,
}

impl QueryText {
    /// Of a query that was written as `literal`, quotes included, in a TOML file.
    pub(super) fn toml(text: &str, literal: &str) -> Option<Self> {
        let (inner, quoting) = if let Some(rest) = literal.strip_prefix("'''") {
            (rest.strip_suffix("'''")?, Quoting::Verbatim)
        } else if let Some(rest) = literal.strip_prefix("\"\"\"") {
            (rest.strip_suffix("\"\"\"")?, Quoting::Toml)
        } else if let Some(rest) = literal.strip_prefix('\'') {
            (rest.strip_suffix('\'')?, Quoting::Verbatim)
        } else {
            (literal.strip_prefix('"')?.strip_suffix('"')?, Quoting::Toml)
        };
        // The first newline of a multi-line string is not part of it. A string
        // of one line has none.
        let inner = inner.strip_prefix('\n').unwrap_or(inner);
        let (line, column) = line_and_column(text, offset_in(text, inner));
        Some(Self { line, column, quoting, raw: inner.into() })
    }

    /// Of a query that was written as `literal`, quotes included, in a JSON text;
    /// `position` is that of its quote.
    pub(super) fn json(position: (usize, usize), literal: &str) -> Option<Self> {
        let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
        Some(Self { line: position.0, column: position.1 + 1, quoting: Quoting::Json, raw: inner.into() })
    }

    /// Line and column of a byte offset in the query. The column is missing if
    /// it cannot be told.
    pub(super) fn locate(&self, offset: usize) -> (usize, Option<usize>) {
        let Some(raw_offset) = raw_offset(&self.raw, self.quoting, offset) else {
            return (self.line, None);
        };
        match line_and_column(&self.raw, raw_offset) {
            (1, column) => (self.line, Some(self.column + column - 1)),
            (line, column) => (self.line + line - 1, Some(column)),
        }
    }
}

/// Where in a string as written its byte at `offset` comes from.
fn raw_offset(raw: &str, quoting: Quoting, offset: usize) -> Option<usize> {
    if quoting == Quoting::Verbatim {
        return (offset <= raw.len()).then_some(offset);
    }
    let (mut rest, mut decoded) = (raw, 0);
    while decoded <= offset {
        let plain = memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
        if offset < decoded + plain || plain == rest.len() {
            return (offset <= decoded + plain).then_some(raw.len() - rest.len() + offset - decoded);
        }
        rest = rest.get(plain..)?;
        decoded += plain;
        let (written, meant) = escape(rest, quoting)?;
        if offset < decoded + meant {
            return Some(raw.len() - rest.len());
        }
        rest = rest.get(written..)?;
        decoded += meant;
    }
    None
}

/// Length of the escape that a text begins with, as written and as meant.
fn escape(text: &str, quoting: Quoting) -> Option<(usize, usize)> {
    let unicode = |start: usize, digits: usize| {
        u32::from_str_radix(text.get(start..start + digits)?, 16).ok().map(|code| (start + digits, code))
    };
    let character = |found: Option<(usize, u32)>| {
        let (written, code) = found?;
        Some((written, char::from_u32(code)?.len_utf8()))
    };
    match (text.as_bytes().get(1)?, quoting) {
        // The two halves of a surrogate pair; all such characters take 4 bytes.
        (b'u', Quoting::Json) if matches!(unicode(2, 4)?.1, 0xd800..=0xdbff) => Some((12, 4)),
        (b'u', _) => character(unicode(2, 4)),
        (b'U', Quoting::Toml) => character(unicode(2, 8)),
        (b'x', Quoting::Toml) => character(unicode(2, 2)),
        // A backslash before a newline swallows all white space that follows.
        (b' ' | b'\t' | b'\n', Quoting::Toml) => {
            let after = text.get(1..)?.trim_start_matches([' ', '\t', '\n']);
            Some((text.len() - after.len(), 0))
        }
        (b'/' | b'"' | b'\\' | b'b' | b'e' | b'f' | b'n' | b'r' | b't', _) => Some((2, 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let cases = [(0, (1, 1)), (1, (1, 2)), (3, (1, 3)), (4, (2, 1)), (6, (2, 3)), (99, (2, 3))];
        for (offset, expected) in cases {
            assert_eq!(line_and_column("aé\nbc", offset), expected, "{offset}");
        }
    }

    #[test]
    fn every_character_of_a_query_is_found_where_it_is_written() {
        let cases = [
            ("query = '''\nhost:a and\n  b:\"\\c\"\n'''", "host:a and\n  b:\"\\c\"\n"),
            ("query = '''a:b'''", "a:b"),
            ("query = 'a:\"é\" b'", "a:\"é\" b"),
            ("query = \"a:\\\"é\\\" b\"", "a:\"é\" b"),
            (
                "query = \"\"\"\na:\"C:\\\\\\\\x\" and \\u00e9 \\U0001F600\\tz \\\n   q:r\ns\"\"\"",
                "a:\"C:\\\\x\" and é 😀\tz q:r\ns",
            ),
            ("{\"query\": \"a:\\\"x\\\\y\\\" \\ud83d\\ude00 \\u00e9\\nz\"}", "a:\"x\\y\" 😀 é\nz"),
        ];
        for (text, query) in cases {
            let (start, json) = if text.starts_with('{') { (10, true) } else { (8, false) };
            let literal = if json { &text[start..text.len() - 1] } else { &text[start..] };
            let read: String = if json {
                serde_json::from_str(literal).unwrap()
            } else {
                toml::de::DeTable::parse(text).unwrap().get_ref()["query"].get_ref().as_str().unwrap().to_owned()
            };
            assert_eq!(read, query, "{text}");
            let place = if json { QueryText::json((1, start + 1), literal) } else { QueryText::toml(text, literal) };
            let place = place.unwrap();
            for (offset, character) in query.char_indices() {
                let (line, column) = place.locate(offset);
                let written = text.lines().nth(line - 1).unwrap().chars().nth(column.unwrap() - 1);
                // Where a character is escaped, the escape begins.
                assert!(
                    written == Some(character) || written == Some('\\') || (character == '\n' && written.is_none()),
                    "{text}: {offset}: {written:?}"
                );
            }
            assert!(place.locate(query.len()).1.is_some(), "{text}: the end");
            assert!(place.locate(query.len() + 1).1.is_none(), "{text}: past the end");
        }
    }

    #[test]
    fn columns_are_right_in_the_first_line_and_in_others() {
        let text = "[rule]\nquery = '''a\nbc'''\n";
        let place = QueryText::toml(text, &text[15..25]).unwrap();
        assert_eq!(place.locate(0), (2, Some(12)));
        assert_eq!(place.locate(3), (3, Some(2)));
    }

    #[test]
    fn json_faults_name_the_byte() {
        let text = "{\n \"a\": nul}";
        let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
        let (offset, cause) = json_fault(text, &error);
        assert_eq!(line_and_column(text, offset).0, 2);
        assert_eq!(cause, "expected ident");
    }
}
