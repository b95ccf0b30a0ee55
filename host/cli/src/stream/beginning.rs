//! How a stream begins, and what that says: input that is no NDJSON would
//! otherwise look like a quiet day.

use std::fmt;

use serde_json::{Map, Value};

use super::compressed::{GZIP, ZSTD};

/// What may stand in front of the text of a file, and is no part of it.
pub(crate) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Most bytes that are looked at.
const BYTES_MAX: usize = 64 << 10;

/// Most lines that are looked at.
const LINES_MAX: usize = 10;

/// Takes the beginning of a stream until it is clear what the stream is.
#[derive(Debug, Default)]
pub(crate) struct Beginning {
    bytes: Vec<u8>,
    is_known: bool,
}

/// What a stream seems to be, if not events one a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Impression {
    Compressed { format: &'static str, way_out: &'static str },
    Utf16,
    Binary,
    Array,
    OverLines,
    Hits,
    SearchAnswer,
    Records,
    Bulk,
    Xml,
    Csv,
    Syslog,
    Text,
}

/// Beginnings that say what a file is.
const MAGIC: [(&[u8], Impression); 8] = [
    (GZIP, Impression::Compressed { format: "gzip", way_out: "give it as a file, or pipe it through `zcat`" }),
    (ZSTD, Impression::Compressed { format: "zstd", way_out: "give it as a file, or pipe it through `zstdcat`" }),
    (b"\xfd7zXZ\0", Impression::Compressed { format: "xz", way_out: "pipe it through `xzcat`" }),
    (b"BZh", Impression::Compressed { format: "bzip2", way_out: "pipe it through `bzcat`" }),
    (b"\x04\x22\x4d\x18", Impression::Compressed { format: "lz4", way_out: "pipe it through `lz4cat`" }),
    (b"PK\x03\x04", Impression::Compressed { format: "a zip archive", way_out: "pipe it through `unzip -p`" }),
    (b"\xff\xfe", Impression::Utf16),
    (b"\xfe\xff", Impression::Utf16),
];

/// The months of a syslog line.
const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

impl Beginning {
    /// Takes what comes next of the stream; answers, once, if it seems to be
    /// something else than events.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Option<Impression> {
        if self.is_known {
            return None;
        }
        let room = BYTES_MAX - self.bytes.len().min(BYTES_MAX);
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.look(false)
    }

    /// The same at the end of the stream.
    pub(crate) fn end(&mut self) -> Option<Impression> {
        if self.is_known { None } else { self.look(true) }
    }

    fn look(&mut self, is_whole: bool) -> Option<Impression> {
        let seen = match MAGIC.iter().find(|(magic, _)| self.bytes.starts_with(magic)) {
            Some((_, impression)) => Seen::Other(*impression),
            None => lines(&self.bytes, is_whole),
        };
        self.is_known = seen != Seen::TooLittle;
        if self.is_known {
            self.bytes = Vec::new();
        }
        match seen {
            Seen::Other(impression) => Some(impression),
            Seen::TooLittle | Seen::Events => None,
        }
    }
}

/// What some lines are.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    TooLittle,
    Events,
    Other(Impression),
}

fn lines(bytes: &[u8], is_whole: bool) -> Seen {
    let is_cut = bytes.len() >= BYTES_MAX;
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).collect();
    let unfinished = if is_whole { None } else { lines.pop() };
    lines.retain(|line| !line.is_empty());
    lines.truncate(LINES_MAX);
    for line in &lines {
        // One event is enough: what is wrong with other lines is said of them.
        if let Ok(object) = serde_json::from_slice::<Map<String, Value>>(line) {
            return wrapped(&object).map_or(Seen::Events, Seen::Other);
        }
    }
    if !is_whole && !is_cut && lines.len() < LINES_MAX {
        return Seen::TooLittle;
    }
    match (lines.as_slice(), unfinished) {
        // A long line may well be an event.
        ([], Some(unfinished)) if unfinished.starts_with(b"{") => Seen::Events,
        ([], None | Some(b"")) => Seen::Events,
        ([], Some(unfinished)) => Seen::Other(other(&[unfinished])),
        (lines, _) => Seen::Other(other(lines)),
    }
}

/// What an object seems to be that has events within.
fn wrapped(object: &Map<String, Value>) -> Option<Impression> {
    let is_object = |name: &str| object.get(name).is_some_and(Value::is_object);
    let is_action = || ["create", "index", "update", "delete"].into_iter().any(is_object);
    if object.contains_key("@timestamp") {
        return None;
    }
    if is_object("_source") && object.contains_key("_index") {
        Some(Impression::Hits)
    } else if object.get("hits").and_then(|hits| hits.get("hits")).is_some_and(Value::is_array) {
        Some(Impression::SearchAnswer)
    } else if object.len() == 1 && object.get("Records").is_some_and(Value::is_array) {
        Some(Impression::Records)
    } else if object.len() == 1 && is_action() {
        Some(Impression::Bulk)
    } else {
        None
    }
}

/// What lines seem to be of which none is an object; there is at least one.
fn other(lines: &[&[u8]]) -> Impression {
    let [first, rest @ ..] = lines else { return Impression::Text };
    let second = rest.first().copied().unwrap_or_default();
    let columns = |line: &[u8], separator: u8| line.iter().filter(|&&byte| byte == separator).count();
    let is_table = |separator: &u8| {
        let count = columns(first, *separator);
        count >= 2 && (rest.is_empty() || columns(second, *separator) == count)
    };
    if lines.iter().any(|line| line.contains(&0)) || std::str::from_utf8(first).is_err() {
        Impression::Binary
    } else if first.starts_with(b"[") && (first.len() == 1 || b"[{\"]".contains(&at(first, 1))) {
        Impression::Array
    } else if first.starts_with(b"{") && !rest.is_empty() && !second.starts_with(b"{") {
        Impression::OverLines
    } else if first.starts_with(b"<?xml") || first.starts_with(b"<Event") {
        Impression::Xml
    } else if first.starts_with(b"<") && at(first, 1).is_ascii_digit()
        || MONTHS.iter().any(|month| first.starts_with(month))
    {
        Impression::Syslog
    } else if [b',', b';', b'\t'].iter().any(is_table) {
        Impression::Csv
    } else {
        Impression::Text
    }
}

fn at(line: &[u8], place: usize) -> u8 {
    line.get(place).copied().unwrap_or_default()
}

impl fmt::Display for Impression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, way_out) = match self {
            Self::Compressed { format, way_out } => (*format, *way_out),
            Self::Utf16 => ("text in UTF-16", "pipe it through `iconv -f UTF-16 -t UTF-8`"),
            Self::Binary => ("a binary file", "give it as NDJSON"),
            Self::Array => ("a JSON array", "`jq -c '.[]'` makes a line of each of its elements"),
            Self::OverLines => ("JSON over several lines", "`jq -c .` makes a line of each object"),
            Self::Hits => ("hits of a search, with the events within", "`jq -c ._source` takes them out"),
            Self::SearchAnswer => ("the answer of a search", "`jq -c '.hits.hits[]._source'` takes the events out"),
            Self::Records => ("one object with records within", "`jq -c '.Records[]'` takes them out"),
            Self::Bulk => ("a bulk request", "leave out the lines that are no events"),
            Self::Xml => ("XML", "have it shipped as ECS in JSON"),
            Self::Csv => ("CSV", "have it shipped as ECS in JSON"),
            Self::Syslog => ("syslog", "have it shipped as ECS in JSON"),
            Self::Text => ("text", "have it shipped as ECS in JSON"),
        };
        write!(f, "it looks like {what}, not like events, one JSON object a line; {way_out}")
    }
}
