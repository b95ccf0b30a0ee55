//! The value of `--alerts`.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use firstseen_serve::{AlertTarget, ElasticsearchTarget};

use super::beside;

/// The alias of the alerts where nobody names another target.
const ALIAS: &str = "firstseen-alerts-default";

/// What follows the state's name in that of the file of refused alerts.
const REFUSED: &str = ".refused.ndjson";

/// Where alerts go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AlertPlace {
    /// The cluster, with a target of the operator's own.
    Elasticsearch(Option<String>),
    File(PathBuf),
    Stdout,
}

/// Reads the value.
pub(super) fn place(text: &str) -> Result<AlertPlace> {
    ensure!(!text.is_empty(), "write elasticsearch, elasticsearch:TARGET, a file, or -");
    Ok(match (text, text.strip_prefix("elasticsearch:")) {
        ("-", _) => AlertPlace::Stdout,
        ("elasticsearch", _) => AlertPlace::Elasticsearch(None),
        (_, Some("")) => anyhow::bail!("write a target behind elasticsearch:"),
        (_, Some(target)) => AlertPlace::Elasticsearch(Some(target.to_owned())),
        (path, None) => AlertPlace::File(path.into()),
    })
}

impl AlertPlace {
    /// The same for a proxy. Only an alias that nobody named is made.
    pub(super) fn target(&self, state: Option<&Path>, dead_letters: Option<&Path>) -> AlertTarget {
        let dead_letters = match (dead_letters, state) {
            (Some(path), _) => path.to_owned(),
            (None, Some(state)) => beside(state, REFUSED),
            (None, None) => PathBuf::from(format!("firstseen{REFUSED}")),
        };
        match self {
            Self::Elasticsearch(target) => AlertTarget::Elasticsearch(ElasticsearchTarget {
                name: target.clone().unwrap_or_else(|| ALIAS.to_owned()),
                installs: target.is_none(),
                dead_letters,
            }),
            Self::File(path) => AlertTarget::File(path.clone()),
            Self::Stdout => AlertTarget::Stdout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        assert_eq!(place("-").unwrap(), AlertPlace::Stdout);
        assert_eq!(place("elasticsearch").unwrap(), AlertPlace::Elasticsearch(None));
        assert_eq!(place("elasticsearch:a").unwrap(), AlertPlace::Elasticsearch(Some("a".to_owned())));
        assert_eq!(place("a/elasticsearch").unwrap(), AlertPlace::File("a/elasticsearch".into()));
        assert!(place("").is_err() && place("elasticsearch:").is_err());
    }
}
