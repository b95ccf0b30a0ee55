//! From mappings to fields.

use firstseen_query::FieldType;

use super::fields::Fields;
use super::node::{Node, Text};
use super::types;
use super::warnings::Warnings;

/// Longest name of a field in bytes.
const MAX_NAME: usize = 1024;

/// Reads the mappings of a document, which are those of one or several indices
/// or templates. Where they say different things of a field, the last one wins.
pub(super) fn read_all(mappings: &[Node], fields: &mut Fields, warnings: &mut Warnings) -> Result<(), String> {
    for mapping in mappings {
        let mut reader = PropertiesReader { fields: Fields::default(), warnings };
        reader.object("", mapping)?;
        let of_one = reader.fields;
        merge(fields, of_one, warnings);
    }
    // The root is closed only if all say so: what one index does not map another one does.
    let closed = |mapping: &Node| mapping.dynamic == Some(false) || mapping.enabled == Some(false);
    if mappings.iter().any(closed) && !mappings.iter().all(closed) {
        fields.dynamic.insert(String::new(), true);
        warnings.add("some of its mappings are closed to other fields, others are not; it is taken as open".to_owned());
    }
    Ok(())
}

fn merge(fields: &mut Fields, others: Fields, warnings: &mut Warnings) {
    for (name, entry) in others.entries {
        let kind = entry.field_type.name();
        let other = fields.replace(name.clone(), entry);
        if let Some(other) = other.map(|other| other.field_type.name()).filter(|&other| differ(other, kind)) {
            warnings.add(format!("{name}: {other} and {kind} in different mappings; it is taken as {kind}"));
        }
    }
    fields.dynamic.extend(others.dynamic);
    fields.aliases.extend(others.aliases);
    for template in others.templates {
        if !fields.templates.contains(&template) {
            fields.templates.push(template);
        }
    }
}

/// Do types differ so that it matters to their values?
fn differ(one: &str, other: &str) -> bool {
    let family = |kind| if kind == "constant_keyword" { "keyword" } else { kind };
    family(one) != family(other)
}

struct PropertiesReader<'w> {
    fields: Fields,
    warnings: &'w mut Warnings,
}

impl PropertiesReader<'_> {
    /// What is below an object; `""` is the root.
    fn object(&mut self, path: &str, node: &Node) -> Result<(), String> {
        if node.enabled == Some(false) {
            self.fields.dynamic.insert(path.to_owned(), false);
            return Ok(());
        }
        if let Some(dynamic) = node.dynamic {
            self.fields.dynamic.insert(path.to_owned(), dynamic);
        }
        for template in &node.templates {
            for (pattern, field_type) in template.patterns(|warning| self.warnings.add(warning)) {
                check_name(&pattern)?;
                if pattern.contains('*') {
                    self.fields.templates.push((pattern, field_type));
                } else if !self.fields.entries.contains_key(&pattern) {
                    self.fields.insert(&pattern, field_type, None);
                }
            }
        }
        for (name, member) in &node.properties {
            self.member(&join(path, name)?, member)?;
        }
        for (name, member) in &node.runtime {
            self.runtime(&join(path, name)?, member);
        }
        Ok(())
    }

    fn member(&mut self, name: &str, node: &Node) -> Result<(), String> {
        match node.kind.as_deref().unwrap_or("object") {
            kind @ ("object" | "nested" | "passthrough") => {
                if kind == "passthrough" {
                    self.warn(name, "the names of its fields are known with this prefix only");
                }
                let field_type = if kind == "nested" { FieldType::Nested } else { FieldType::Object };
                self.fields.insert(name, field_type, None);
                self.object(name, node)?;
            }
            "alias" => match node.text(Text::Path) {
                Some(target) => {
                    self.fields.aliases.insert(name.to_owned(), target.to_owned());
                }
                None => self.warn(name, "an alias without `path`; it is left out"),
            },
            kind => {
                let field_type = types::of(kind, node, |warning| self.warn(name, &warning));
                self.fields.insert(name, field_type, None);
                for (multi, node) in &node.fields {
                    let multi = join(name, multi)?;
                    let kind = node.kind.as_deref().unwrap_or("keyword");
                    let field_type = types::of(kind, node, |warning| self.warn(&multi, &warning));
                    self.fields.insert(&multi, field_type, Some(name));
                }
            }
        }
        Ok(())
    }

    /// A field of `runtime`. Without a script it has the values of the event.
    fn runtime(&mut self, name: &str, node: &Node) {
        let kind = node.kind.as_deref().unwrap_or("keyword");
        let field_type = if node.has_script || matches!(kind, "composite" | "lookup") {
            self.warn(name, "a runtime field is computed, which is not supported; no query matches it");
            FieldType::NotIndexed
        } else {
            types::of(kind, node, |warning| self.warn(name, &warning))
        };
        self.fields.insert(name, field_type, None);
    }

    fn warn(&mut self, name: &str, warning: &str) {
        self.warnings.add(format!("{name}: {warning}"));
    }
}

fn join(path: &str, name: &str) -> Result<String, String> {
    check_name(name)?;
    let joined = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    check_name(&joined).map(|()| joined)
}

/// Is a name one that a field can have?
pub(super) fn check_name(name: &str) -> Result<(), String> {
    if name.len() > MAX_NAME {
        let start: String = name.chars().take(60).collect();
        return Err(format!("the name of a field is longer than {MAX_NAME} bytes: `{start}…`"));
    }
    match name.split('.').all(|part| !part.is_empty()) {
        true => Ok(()),
        false => Err(format!("the name of a field has an empty part: `{name}`")),
    }
}
