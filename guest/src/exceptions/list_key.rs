//! What identifies an exception list.

use serde_json::{Map, Value};

use crate::document::Members;

/// What identifies a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ListKey {
    pub(super) namespace: Namespace,
    pub(super) list_id: String,
}

/// `namespace_type`: a list of one Kibana space, or of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Namespace {
    Single,
    Agnostic,
}

impl Namespace {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Agnostic => "agnostic",
        }
    }
}

impl ListKey {
    /// Of an object that has `list_id` and, unless it is `single`,
    /// `namespace_type`.
    pub(super) fn of(object: &Map<String, Value>) -> Result<Self, String> {
        let members = Members::of(object);
        let namespace = match members.text("namespace_type") {
            Ok(None | Some("single")) => Namespace::Single,
            Ok(Some("agnostic")) => Namespace::Agnostic,
            _ => return Err("`namespace_type` is neither `single` nor `agnostic`".to_owned()),
        };
        match members.text("list_id") {
            Ok(Some(list_id)) if !list_id.is_empty() => Ok(Self { namespace, list_id: list_id.to_owned() }),
            _ => Err("`list_id` is missing or not a text".to_owned()),
        }
    }
}
