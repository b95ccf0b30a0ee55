//! What Elasticsearch and OpenSearch store of what clients send, as
//! `tests/data/stored/` has it. Its README says what the files look like.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data;

/// The value of `process.name` in every document that a case would have stored.
pub const MARKER: &str = "stored-marker";

/// The index that most documents go to.
pub const INDEX: &str = "stored";

/// What indices are made of, unless a case has it otherwise: a template for all
/// of them.
#[must_use]
pub fn template() -> Value {
    serde_json::json!({
        "index_patterns": ["*"],
        "priority": 1,
        "template": {
            "settings": {"number_of_shards": 1, "number_of_replicas": 0, "translog.durability": "async"},
            "mappings": {
                "dynamic": false,
                "properties": {"process": {"properties": {"name": {"type": "keyword"}}}},
            },
        },
    })
}

/// The rule that alerts on every document that is found by [`MARKER`], as Kibana
/// rule JSON.
#[must_use]
pub fn rule() -> Value {
    serde_json::json!({
        "rule_id": "stored", "name": "Stored", "type": "query", "language": "kuery",
        "query": format!("process.name: {MARKER}"), "severity": "low", "risk_score": 21, "max_signals": u32::MAX,
        // The documents have no time of their own.
        "timestamp_override": "event.ingested",
    })
}

/// An area: one file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// What its cases are about.
    pub about: String,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// One request, and what became of it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unlike that of any other case of the area.
    pub name: String,
    /// What cannot be seen in the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The request's method.
    #[serde(default = "post", skip_serializing_if = "is_post")]
    pub method: String,
    /// Its target, as it stands in the request line.
    #[serde(default = "bulk", skip_serializing_if = "is_bulk")]
    pub target: String,
    /// Its headers, but for `Host`, `Connection` and a right `Content-Length`,
    /// which are added.
    #[serde(default = "ndjson", skip_serializing_if = "is_ndjson")]
    pub headers: Vec<String>,
    /// Its body, as it is sent.
    pub body: Bytes,
    /// What [`INDEX`] is made of before, if not of the [`template`] alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Value>,
    /// Documents that are there before, by their ids in [`INDEX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// What Elasticsearch makes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elasticsearch: Option<Outcome>,
    /// What OpenSearch makes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opensearch: Option<Outcome>,
}

/// What an engine makes of a request.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Status of the answer; 0: there was none.
    pub status: u16,
    /// Status of each item, if it is the answer to a bulk request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<u16>,
    /// What a search finds then.
    pub stored: Vec<Stored>,
}

/// A document as it is stored.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Index, or the data stream's backing index.
    pub index: String,
    /// Unless the engine made it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its source; none if the engine itself cannot give it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Whether it is found by `process.name: stored-marker`.
    pub found: bool,
}

/// The source of a document, byte for byte.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Source {
    /// All of it.
    Whole(Bytes),
    /// What is too long to be shown.
    Digest {
        /// How long it is.
        bytes: usize,
        /// SHA-256 in hexadecimal.
        sha256: String,
    },
}

/// Bytes in a form that can be read.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Bytes {
    /// UTF-8.
    Text(String),
    /// One part behind the other.
    Parts(Vec<Part>),
}

/// A part of [`Bytes`].
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Part {
    /// UTF-8.
    Text(String),
    /// Any bytes, in hexadecimal.
    Hex {
        /// Two digits a byte.
        hex: String,
    },
    /// The same many times.
    Repeat {
        /// What.
        repeat: Bytes,
        /// How often.
        times: usize,
    },
}

fn post() -> String {
    "POST".to_owned()
}

fn is_post(method: &str) -> bool {
    method == post()
}

fn bulk() -> String {
    "/_bulk".to_owned()
}

fn is_bulk(target: &str) -> bool {
    target == bulk()
}

fn ndjson() -> Vec<String> {
    vec!["Content-Type: application/x-ndjson".to_owned()]
}

fn is_ndjson(headers: &[String]) -> bool {
    headers == ndjson()
}

/// The files of all areas, in the order of their names.
///
/// # Errors
///
/// When they cannot be listed.
pub fn areas() -> Result<Vec<PathBuf>> {
    let files = fs::read_dir(data("stored"))?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let mut files: Vec<PathBuf> =
        files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "json")).collect();
    files.sort();
    ensure!(!files.is_empty(), "there is no area");
    Ok(files)
}

/// The documents that an engine stores and finds by [`MARKER`], each once: area
/// and name of the case, and the document on one line.
///
/// # Errors
///
/// When a file has another form.
pub fn documents() -> Result<Vec<(String, Vec<u8>)>> {
    let mut documents: Vec<(String, Vec<u8>)> = Vec::new();
    for file in areas()? {
        let area = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // What has other content types is no JSON.
        if area == "headers" {
            continue;
        }
        for case in Area::read(&file)?.cases {
            for document in case.documents()? {
                if documents.iter().all(|(_, known)| *known != document) {
                    documents.push((format!("{area}: {}", case.name), document));
                }
            }
        }
    }
    Ok(documents)
}

impl Area {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it has another form.
    pub fn read(file: &Path) -> Result<Self> {
        let area: Self =
            serde_json::from_str(&fs::read_to_string(file)?).with_context(|| file.display().to_string())?;
        let mut names: Vec<&str> = area.cases.iter().map(|case| case.name.as_str()).collect();
        names.sort_unstable();
        if let Some(name) = names.windows(2).find_map(|pair| (pair.first() == pair.last()).then(|| pair.first())) {
            bail!("{}: a name is there twice: {name:?}", file.display());
        }
        Ok(area)
    }

    /// The file's text: a case a line.
    ///
    /// # Errors
    ///
    /// None of such a form.
    pub fn text(&self) -> Result<String> {
        let cases = self.cases.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        Ok(format!("{{\"about\": {},\n\"cases\": [\n{}\n]}}\n", serde_json::to_string(&self.about)?, cases.join(",\n")))
    }
}

impl Case {
    /// The whole request.
    ///
    /// # Errors
    ///
    /// When its body has another form.
    pub fn request(&self) -> Result<Vec<u8>> {
        let body = self.body.bytes()?;
        let mut head = format!("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", self.method, self.target);
        let is_framing = |header: &String| {
            let name = header.split(':').next().unwrap_or_default();
            name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("transfer-encoding")
        };
        if !self.headers.iter().any(is_framing) {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        for header in &self.headers {
            head.push_str(&format!("{header}\r\n"));
        }
        let mut request = format!("{head}\r\n").into_bytes();
        request.extend_from_slice(&body);
        Ok(request)
    }

    fn documents(&self) -> Result<Vec<Vec<u8>>> {
        let outcomes = self.elasticsearch.iter().chain(&self.opensearch);
        let found = outcomes.flat_map(|outcome| &outcome.stored).filter(|stored| stored.found);
        found
            .map(|stored| {
                let document = match &stored.source {
                    Some(Source::Whole(source)) => source.bytes()?,
                    _ if self.target != bulk() => self.body.bytes()?,
                    // The one behind the action.
                    _ => self.body.bytes()?.split(|&byte| byte == b'\n').nth(1).context("no source")?.to_vec(),
                };
                // Either ends a line comment.
                Ok(document.into_iter().map(|byte| if byte == b'\n' { b'\r' } else { byte }).collect())
            })
            .collect()
    }
}

impl Bytes {
    /// The bytes themselves.
    ///
    /// # Errors
    ///
    /// When something is not hexadecimal.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Parts(parts) => Ok(parts.iter().map(Part::bytes).collect::<Result<Vec<_>>>()?.concat()),
        }
    }

    /// The form of bytes. What is not seen when printed is in hexadecimal.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                let is_seen = !matches!(c, '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{2028}' | '\u{2029}');
                match (parts.last_mut(), is_seen) {
                    (Some(Part::Text(text)), true) => text.push(c),
                    (_, true) => parts.push(Part::Text(c.to_string())),
                    (_, false) => push_hex(&mut parts, c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            push_hex(&mut parts, chunk.invalid());
        }
        match parts.as_mut_slice() {
            [] => Self::Text(String::new()),
            [Part::Text(text)] => Self::Text(std::mem::take(text)),
            _ => Self::Parts(parts),
        }
    }
}

fn push_hex(parts: &mut Vec<Part>, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match parts.last_mut() {
        Some(Part::Hex { hex }) => hex.push_str(&digits),
        _ => parts.push(Part::Hex { hex: digits }),
    }
}

impl Part {
    fn bytes(&self) -> Result<Vec<u8>> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Hex { hex } => {
                let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
                ensure!(rest.is_empty(), "half a byte: {hex}");
                pairs.iter().map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?)).collect()
            }
            Self::Repeat { repeat, times } => Ok(repeat.bytes()?.repeat(*times)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_what_they_were() -> Result<()> {
        for bytes in
            [b"".as_slice(), b"abc\r\n", b"a\xffb", b"\xef\xbb\xbf{}", b"\xed\xa0\x80\xc1\xa1", "é\u{85}".as_bytes()]
        {
            assert_eq!(Bytes::of(bytes).bytes()?, bytes);
        }
        let parts: Bytes =
            serde_json::from_str(r#"["a", {"hex": "00fF"}, {"repeat": ["x", {"hex": "80"}], "times": 2}]"#)?;
        assert_eq!(parts.bytes()?, b"a\x00\xffx\x80x\x80");
        Ok(())
    }

    #[test]
    fn every_area_is_written_as_it_is_read() -> Result<()> {
        for file in areas()? {
            assert_eq!(Area::read(&file)?.text()?, fs::read_to_string(&file)?, "{}", file.display());
        }
        Ok(())
    }
}
