//! What is baked into a module: its configuration, and how records are judged.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::words::Configuration;

/// How records are judged; what is left out is as it usually is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Settings {
    /// How long what is unseen is only recorded.
    pub(super) learn_ms: u64,
    pub(super) line_bytes_max: usize,
    pub(super) line_work_max: u64,
    /// The index or data stream that records are bound for.
    pub(super) index: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { learn_ms: 0, line_bytes_max: 1 << 20, line_work_max: 5_000_000, index: None }
    }
}

/// The two lines of a baked text: the configuration, which `firstseen_configure` takes too, and
/// the settings of records. Lines that are not there are as usual.
pub(super) fn read(baked: &[u8]) -> Result<(Configuration, Settings), String> {
    let baked = core::str::from_utf8(baked).map_err(|error| error.to_string())?;
    let mut lines = baked.lines();
    let configuration = line(lines.next())?.unwrap_or_default();
    let settings = line(lines.next())?.unwrap_or_default();
    match lines.next() {
        None => Ok((configuration, settings)),
        Some(_) => Err("it has a third line".to_owned()),
    }
}

/// The configuration of a baked text; nothing, which is the usual one, if there is none.
#[must_use]
pub fn configuration_of(baked: &[u8]) -> &[u8] {
    baked.split(|&byte| byte == b'\n').next().unwrap_or_default()
}

fn line<T: DeserializeOwned>(line: Option<&str>) -> Result<Option<T>, String> {
    line.map(|json| serde_json::from_str(json).map_err(|error| error.to_string())).transpose()
}
