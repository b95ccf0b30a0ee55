//! Dynamic templates, as far as patterns on paths can say them.

use firstseen_query::FieldType;

use super::node::DynamicTemplate;
use super::types;

impl DynamicTemplate {
    /// The patterns that it is, each with its type; none where Firstseen does
    /// as it says without. A pattern without a star is a path.
    pub(super) fn patterns(&self, mut warn: impl FnMut(String)) -> Vec<(String, FieldType)> {
        let mut refuse = |why: &str| {
            warn(format!("the dynamic template `{}` has no effect: {why}", self.name));
            Vec::new()
        };
        let Some(mapping) = &self.mapping else {
            return Vec::new();
        };
        // `{dynamic_type}` is the type that it would be anyway.
        let Some(kind) = mapping.kind.as_deref().filter(|kind| !kind.starts_with('{')) else {
            return Vec::new();
        };
        if kind == "object" {
            return Vec::new();
        }
        let field_type = types::of(kind, mapping, |_| ());
        if !self.is_needed(&field_type) {
            return Vec::new();
        }
        let of_strings = |kind: &String| matches!(kind.as_str(), "string" | "*");
        if !self.match_mapping_type.is_empty() && !self.match_mapping_type.iter().any(of_strings) {
            return refuse("it is for values of one type");
        }
        if self.is_regex {
            return refuse("it has a regular expression");
        }
        if self.has_exceptions {
            return refuse("it has exceptions");
        }
        let mut patterns = Vec::new();
        match (self.path_match.as_slice(), self.name_match.as_slice()) {
            ([], []) => patterns.push("*".to_owned()),
            (paths, []) => patterns.extend_from_slice(paths),
            ([], names) => {
                for name in names {
                    match name.strip_prefix('*') {
                        // The star has any objects before it, too.
                        Some(rest) if !rest.contains('*') => patterns.push(name.clone()),
                        None if !name.contains('*') => patterns.extend([name.clone(), format!("*.{name}")]),
                        _ => return refuse("patterns on names can have one star, at their beginning"),
                    }
                }
            }
            _ => return refuse("it has patterns on both paths and names"),
        }
        patterns.into_iter().map(|pattern| (pattern, field_type.clone())).collect()
    }

    /// Is a value typed otherwise than without it? Texts are keywords anyway; a
    /// pattern would make keywords of numbers, too.
    fn is_needed(&self, field_type: &FieldType) -> bool {
        let only = |kinds: &[&str]| {
            let mut types = self.match_mapping_type.iter();
            !self.match_mapping_type.is_empty() && types.all(|kind| kinds.contains(&kind.as_str()))
        };
        match field_type {
            FieldType::Boolean => !only(&["boolean"]),
            FieldType::Number(_) => !only(&["long", "double"]),
            FieldType::Keyword { lowercase: false, .. } => !only(&["string"]),
            _ => true,
        }
    }
}
