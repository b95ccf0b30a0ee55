//! The form of the built-in table.
//!
//! A tree, a space of indentation a level. `name.` opens an object, `name` is a
//! field, each below what it is indented under; `a.b` spares a level. After the
//! name stands the type as mappings have it, unless it is a `keyword` with
//! `ignore_above` 1024. `keyword:64` and `scaled_float:1000` have a parameter,
//! `unindexed` no query can match. `+text` and `+caseless` are multi-fields. A
//! `*` in a name makes it a pattern, `closed` says that an object has no other
//! fields. Lines that begin with `#` say something to the reader.

use firstseen_query::{FieldType, NumberType};

use super::types::{self, ELASTIC_KEYWORD};

/// The table. `tests/it/field_table.rs`
/// writes it.
pub(super) const TABLE: &str = include_str!("../../fields/built_in.txt");

/// What a line says.
#[derive(Debug, PartialEq)]
pub(super) enum Row<'a> {
    /// A field and its type.
    Field(&'a str, FieldType),
    /// A multi-field, its parent, its type.
    Multi(&'a str, &'a str, FieldType),
    /// A pattern on paths, the type of what matches.
    Template(&'a str, FieldType),
    /// An object without other fields.
    Closed(&'a str),
}

/// Reads a table row by row.
pub(super) fn read(table: &str, mut sink: impl FnMut(Row<'_>)) {
    let mut path = String::with_capacity(256);
    // Up to where the path stays the same, for each level.
    let mut levels: Vec<usize> = Vec::with_capacity(16);
    let mut rest = table;
    while !rest.is_empty() {
        let line;
        (line, rest) = cut(rest, b'\n');
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let level = line.bytes().take_while(|&byte| byte == b' ').count();
        let (name, words) = cut(line.get(level..).unwrap_or_default(), b' ');
        levels.truncate(level);
        path.truncate(levels.last().copied().unwrap_or(0));
        if !path.is_empty() && !path.ends_with('.') {
            path.push('.');
        }
        path.push_str(name);
        levels.push(path.len());
        if let Some(object) = path.strip_suffix('.') {
            if words == "closed" {
                sink(Row::Closed(object));
            }
            continue;
        }
        let (word, mut multis) = if words.starts_with('+') { ("", words) } else { cut(words, b' ') };
        let field_type = if word.is_empty() { ELASTIC_KEYWORD } else { field_type(word) };
        let is_pattern = path.bytes().any(|byte| byte == b'*');
        sink(if is_pattern { Row::Template(&path, field_type) } else { Row::Field(&path, field_type) });
        let parent = path.len();
        while !multis.is_empty() {
            let multi;
            (multi, multis) = cut(multis, b' ');
            let multi = multi.trim_start_matches('+');
            path.push('.');
            path.push_str(multi);
            let field_type = match multi {
                "caseless" => FieldType::Keyword { ignore_above: Some(1024), lowercase: true },
                _ => FieldType::Text,
            };
            sink(Row::Multi(&path, path.get(..parent).unwrap_or_default(), field_type));
            path.truncate(parent);
        }
    }
}

/// What stands before a byte, and what after it. The texts are too short for a
/// search to pay.
fn cut(text: &str, at: u8) -> (&str, &str) {
    let place = text.bytes().position(|byte| byte == at).unwrap_or(text.len());
    (text.get(..place).unwrap_or_default(), text.get(place + 1..).unwrap_or_default())
}

fn field_type(word: &str) -> FieldType {
    match cut(word, b':') {
        ("scaled_float", factor) if !factor.is_empty() => {
            FieldType::Number(NumberType::ScaledFloat { scaling_factor: factor.parse().unwrap_or(1.0) })
        }
        ("keyword", length) if !length.is_empty() => {
            FieldType::Keyword { ignore_above: length.parse().ok(), lowercase: false }
        }
        ("unindexed", _) => FieldType::NotIndexed,
        _ => types::plain(word).unwrap_or(FieldType::Opaque),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows() {
        let table = "# about\n@timestamp date\nagent.\n id\n build.original keyword:9 +text +caseless\nx. closed\n \
                     s nested\n  size long\n u scaled_float:1000\ny.*.z\nurl.full wildcard\ne unindexed\nw.\n *.\n  v ip\n";
        let mut rows = Vec::new();
        read(table, |row| rows.push(format!("{row:?}")));
        let keyword = |ignore_above| FieldType::Keyword { ignore_above, lowercase: false };
        let caseless = FieldType::Keyword { ignore_above: Some(1024), lowercase: true };
        let scaled_float = FieldType::Number(NumberType::ScaledFloat { scaling_factor: 1000.0 });
        let original = "agent.build.original";
        let expected = [
            Row::Field("@timestamp", FieldType::Date),
            Row::Field("agent.id", keyword(Some(1024))),
            Row::Field(original, keyword(Some(9))),
            Row::Multi("agent.build.original.text", original, FieldType::Text),
            Row::Multi("agent.build.original.caseless", original, caseless),
            Row::Closed("x"),
            Row::Field("x.s", FieldType::Nested),
            Row::Field("x.s.size", FieldType::Number(NumberType::Long)),
            Row::Field("x.u", scaled_float),
            Row::Template("y.*.z", keyword(Some(1024))),
            Row::Field("url.full", keyword(None)),
            Row::Field("e", FieldType::NotIndexed),
            Row::Template("w.*.v", FieldType::Ip),
        ];
        assert_eq!(rows, expected.map(|row| format!("{row:?}")));
    }

    #[test]
    fn all_of_the_built_in_table_is_understood() {
        let known = ["unindexed", "closed", "+text", "+caseless"];
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            assert!(!line.contains('\t') && !line.ends_with(' '), "{line:?}");
            for word in line.trim_start().split(' ').skip(1) {
                let parameter = word.split_once(':').map(|(name, parameter)| (name, parameter.parse::<u32>().is_ok()));
                let plain = known.contains(&word) || types::plain(word).is_some();
                assert!(plain || matches!(parameter, Some(("keyword" | "scaled_float", true))), "{line:?}");
            }
        }
    }
}
