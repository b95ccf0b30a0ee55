//! The mapping of a field or an object, as JSON has it.

/// A member that holds a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// `value` of a constant_keyword.
    Value,
    /// `path` of an alias.
    Path,
    Normalizer,
    Analyzer,
    SearchAnalyzer,
    Format,
}

/// The mapping of a field or an object.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// `type`.
    pub(super) kind: Option<String>,
    pub(super) properties: Vec<(String, Node)>,
    /// Multi-fields.
    pub(super) fields: Vec<(String, Node)>,
    pub(super) runtime: Vec<(String, Node)>,
    pub(super) templates: Vec<DynamicTemplate>,
    pub(super) texts: Vec<(Text, String)>,
    /// `dynamic`: may other fields come?
    pub(super) dynamic: Option<bool>,
    pub(super) enabled: Option<bool>,
    pub(super) index: Option<bool>,
    pub(super) doc_values: Option<bool>,
    pub(super) ignore_above: Option<f64>,
    pub(super) scaling_factor: Option<f64>,
    pub(super) has_null_value: bool,
    pub(super) has_script: bool,
    pub(super) has_copy_to: bool,
}

impl Node {
    /// A member that holds a text.
    pub(super) fn text(&self, text: Text) -> Option<&str> {
        self.texts.iter().rfind(|(which, _)| *which == text).map(|(_, value)| value.as_str())
    }

    /// `ignore_above`; one that no value exceeds is none.
    pub(super) fn ignore_above(&self) -> Option<u32> {
        self.ignore_above.filter(|above| (0.0..f64::from(i32::MAX)).contains(above)).map(|above| above as u32)
    }
}

/// A dynamic template.
#[derive(Debug, Default)]
pub(super) struct DynamicTemplate {
    pub(super) name: String,
    pub(super) path_match: Vec<String>,
    /// `match`, on the last part of a path.
    pub(super) name_match: Vec<String>,
    pub(super) match_mapping_type: Vec<String>,
    /// `unmatch` or `path_unmatch`.
    pub(super) has_exceptions: bool,
    pub(super) is_regex: bool,
    pub(super) mapping: Option<Node>,
}
