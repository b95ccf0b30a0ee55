//! The fields of several sources, one over the other.

use std::collections::{BTreeMap, BTreeSet};

use firstseen_query::{FieldType, Mapping};

use super::table::{self, Row, TABLE};

/// Fields, gathered from the built-in table and from mapping files.
///
/// ```
/// use firstseen_guest::mapping::Fields;
/// use firstseen_query::{FieldType, Resolved};
///
/// let mut fields = Fields::built_in();
/// let warnings = fields.read(r#"{"properties": {"process": {"properties": {"name": {"type": "text"}}}}}"#)?;
/// assert!(warnings.is_empty());
/// let mapping = fields.mapping();
/// let Resolved::Field(field) = mapping.resolve("process.name") else { panic!("it is a field") };
/// assert_eq!(field.field_type, FieldType::Text);
/// # Ok::<(), firstseen_guest::document::DocumentError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// By name. Objects are among them, so that what comes over them can tell
    /// them from values.
    pub(super) entries: BTreeMap<String, Entry>,
    /// What objects say of fields that are not mapped; `""` is the root.
    pub(super) dynamic: BTreeMap<String, bool>,
    /// Patterns on paths that are not mapped, the first that matches wins.
    pub(super) templates: Vec<(String, FieldType)>,
    /// Names of aliases and of their targets, which may be in another source.
    pub(super) aliases: BTreeMap<String, String>,
    /// Those that are constant in each index, but not the same in all.
    varying: BTreeSet<String>,
}

/// A field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) field_type: FieldType,
    /// Where its values are, if not at its name.
    pub(super) path: Option<String>,
}

impl Entry {
    /// Can there be fields below it that are no multi-fields?
    fn is_object(&self) -> bool {
        matches!(self.field_type, FieldType::Object | FieldType::Nested)
    }
}

impl Fields {
    /// The module's own table.
    #[must_use]
    pub fn built_in() -> Self {
        let mut fields = Self::default();
        table::read(TABLE, |row| match row {
            Row::Field(name, field_type) => fields.insert(name, field_type, None),
            Row::Multi(name, parent, field_type) => fields.insert(name, field_type, Some(parent)),
            Row::Template(pattern, field_type) => fields.templates.push((pattern.to_owned(), field_type)),
            Row::Closed(object) => {
                fields.dynamic.insert(object.to_owned(), false);
            }
        });
        fields
    }

    /// The mapping that they make.
    #[must_use]
    pub fn mapping(&self) -> Mapping {
        let mut mapping = Mapping::default();
        // Objects show in the names of their fields.
        let is_shown = |name: &str| self.below(name).next().is_some();
        let fields =
            self.entries.iter().filter(|(name, entry)| entry.field_type != FieldType::Object || !is_shown(name));
        mapping.extend(fields.map(|(name, entry)| (name.clone(), entry.field_type.clone(), entry.path.clone())));
        for (object, dynamic) in &self.dynamic {
            mapping.set_dynamic(object, *dynamic);
        }
        for (pattern, field_type) in &self.templates {
            mapping.insert_template(pattern, field_type.clone());
        }
        mapping
    }

    pub(super) fn insert(&mut self, name: &str, field_type: FieldType, path: Option<&str>) {
        self.entries.insert(name.to_owned(), Entry { field_type, path: path.map(str::to_owned) });
    }

    /// Puts an entry into the place of another, which it gives back. What is
    /// constant in one index and other in the next one is an ordinary keyword:
    /// events say which it is.
    pub(super) fn replace(&mut self, name: String, mut entry: Entry) -> Option<Entry> {
        if let FieldType::ConstantKeyword(value) = &entry.field_type {
            let other = self.entries.get(&name).map(|entry| &entry.field_type);
            if matches!(other, Some(FieldType::ConstantKeyword(other)) if other != value) {
                self.varying.insert(name.clone());
            }
            if self.varying.contains(&name) {
                entry.field_type = FieldType::KEYWORD;
            }
        }
        self.entries.insert(name, entry)
    }

    /// Lays others over these.
    pub(super) fn put(&mut self, above: Self, mut warn: impl FnMut(String)) {
        let closed = above.dynamic.iter().filter(|(_, dynamic)| !**dynamic);
        for (object, _) in closed {
            self.remove_below(object);
        }
        for (name, entry) in &above.entries {
            let replaced = self.entries.get(name);
            if !entry.is_object() || replaced.is_some_and(|replaced| !replaced.is_object()) {
                self.remove_below(name);
            }
            if entry.path.is_none() {
                self.clear_the_way(name, &above);
            }
        }
        for name in above.aliases.keys() {
            self.remove_below(name);
            self.clear_the_way(name, &above);
        }
        self.varying.extend(above.varying);
        for (name, entry) in above.entries {
            self.replace(name, entry);
        }
        self.dynamic.extend(above.dynamic);
        self.templates.splice(0..0, above.templates);
        for (alias, target) in above.aliases {
            match self.entries.get(&target) {
                Some(entry) if !entry.is_object() => {
                    let path = entry.path.clone().unwrap_or(target);
                    self.entries.insert(alias, Entry { field_type: entry.field_type.clone(), path: Some(path) });
                }
                _ => {
                    self.entries.remove(&alias);
                    warn(format!("{alias}: an alias of `{target}`, which is not a field; it is left out"));
                }
            }
        }
    }

    /// Removes what lies below an object or a field.
    fn remove_below(&mut self, name: &str) {
        if name.is_empty() {
            *self = Self::default();
            return;
        }
        let names: Vec<String> = self.below(name).cloned().collect();
        for name in names {
            self.entries.remove(&name);
        }
        self.dynamic.retain(|object, _| !object.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')));
    }

    /// The names below a name.
    fn below(&self, name: &str) -> impl Iterator<Item = &String> {
        // `/` comes right after `.`.
        self.entries.range(format!("{name}.")..format!("{name}/")).map(|(name, _)| name)
    }

    /// Removes fields that are no objects from above a name, unless what comes
    /// over these has them too.
    fn clear_the_way(&mut self, name: &str, above: &Self) {
        let mut rest = name;
        while let Some((parent, _)) = rest.rsplit_once('.') {
            rest = parent;
            let in_the_way = self.entries.get(parent).is_some_and(|entry| !entry.is_object());
            if in_the_way && !above.entries.contains_key(parent) {
                self.remove_below(parent);
                self.entries.remove(parent);
            }
        }
    }
}
