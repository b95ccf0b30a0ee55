//! What the names of fields stand for.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::field_type::FieldType;
use crate::texts::map::TextMap;
use crate::texts::wildcard::Wildcard;

/// How the names end that dynamic mapping makes beside those of texts.
pub(crate) const KEYWORD: &str = ".keyword";

/// What a field name stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Field<'a> {
    /// The path in an event at which its values are: for a multi-field the path of its parent, for
    /// an alias that of its target, else the name itself.
    pub path: &'a str,
    /// Its type.
    pub field_type: FieldType,
}

/// The answer to a field name.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved<'a> {
    /// A field, mapped or [`Dynamic`](FieldType::Dynamic).
    Field(Field<'a>),
    /// An object that has mapped fields below it.
    Object,
    /// Not in the mapping, and not allowed to be: nothing matches.
    Unmapped,
}

/// The fields of the indices that a query is about.
///
/// An empty one maps dynamically whatever comes.
///
/// ```
/// use firstseen_query::{FieldType, Mapping, Resolved};
///
/// let mut mapping = Mapping::default();
/// mapping.insert("process.name", FieldType::KEYWORD);
/// mapping.insert_multi("process.name.text", "process.name", FieldType::Text);
/// mapping.set_dynamic("", false);
/// let Resolved::Field(field) = mapping.resolve("process.name.text") else { panic!("it is a field") };
/// assert_eq!((field.path, field.field_type), ("process.name", FieldType::Text));
/// assert_eq!(mapping.resolve("process"), Resolved::Object);
/// assert_eq!(mapping.resolve("process.nmae"), Resolved::Unmapped);
/// ```
///
/// # `X.keyword`
///
/// Where an index has no mapping for a text, Elasticsearch makes a field `X` of type `text` with the
/// multi-field `X.keyword`, a [`DYNAMIC_MULTI`](FieldType::DYNAMIC_MULTI). So a name that ends so
/// and is in no mapping stands for the values of `X`, where those may be: not below an object that
/// is mapped, nor below one that is closed to what is not mapped. An event with an object at `X` has
/// no value there; Elasticsearch would refuse it.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// In the order of their names.
    fields: TextMap<Entry>,
    /// Objects that say so, by their path: may fields that are not mapped come below them?
    dynamic: BTreeMap<String, bool>,
    /// Types of what is not mapped, by patterns on its path.
    templates: Vec<(Wildcard, FieldType)>,
    /// The paths of nested objects, of which there are few.
    nested: TextMap<()>,
}

#[derive(Clone, Debug)]
struct Entry {
    field_type: FieldType,
    /// The path of the values, where it is not the name.
    path: Option<String>,
}

impl Mapping {
    /// Adds a field, or changes it.
    pub fn insert(&mut self, name: &str, field_type: FieldType) {
        self.extend([(name.to_owned(), field_type, None)]);
    }

    /// Adds a field that has the values of the field `parent`: a multi-field, by its whole name, or
    /// an alias.
    pub fn insert_multi(&mut self, name: &str, parent: &str, field_type: FieldType) {
        self.extend([(name.to_owned(), field_type, Some(parent.to_owned()))]);
    }

    /// Says whether fields that are not mapped may come below an object; `""` is the root. An
    /// object that says nothing does as the one around it, the root says yes.
    pub fn set_dynamic(&mut self, object: &str, dynamic: bool) {
        self.dynamic.insert(object.to_owned(), dynamic);
    }

    /// Adds a type for paths that are not mapped and match a pattern, in which `*` stands for any
    /// run of characters. Earlier ones win.
    pub fn insert_template(&mut self, pattern: &str, field_type: FieldType) {
        let pieces: Vec<String> = pattern.split('*').map(String::from).collect();
        self.templates.push((Wildcard::new(&pieces), field_type));
    }

    /// Is nothing mapped below the root but what was inserted?
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.dynamic.get("") == Some(&false)
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.entries().len()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.entries().is_empty()
    }

    /// What a name stands for.
    #[must_use]
    pub fn resolve<'a>(&'a self, name: &'a str) -> Resolved<'a> {
        if let Some(field) = self.dynamic_multi(name) {
            return Resolved::Field(field);
        }
        self.mapped(name)
    }

    /// The field that dynamic mapping makes beside the one for a text, if that is what a name that
    /// is not mapped stands for.
    #[must_use]
    pub fn dynamic_multi<'a>(&'a self, name: &'a str) -> Option<Field<'a>> {
        let parent = name.strip_suffix(KEYWORD).filter(|parent| !parent.is_empty())?;
        if self.is_mapped(name) || self.is_flattened(parent) || self.is_object(parent) {
            return None;
        }
        let Resolved::Field(Field { path, .. }) = self.mapped(parent) else { return None };
        let object = ancestors(parent).next().unwrap_or_default();
        self.is_dynamic(object).then_some(Field { path, field_type: FieldType::DYNAMIC_MULTI })
    }

    /// What a name stands for, without the fields that dynamic mapping makes beside others.
    fn mapped<'a>(&'a self, name: &'a str) -> Resolved<'a> {
        if let Some(entry) = self.fields.get(name) {
            return match entry.field_type {
                FieldType::Object if self.has_children(name) => Resolved::Object,
                FieldType::Object => self.unknown(name),
                _ => Resolved::Field(entry.field(name)),
            };
        }
        if self.has_children(name) { Resolved::Object } else { self.unknown(name) }
    }

    /// Is there a field of this name, or an object?
    fn is_mapped(&self, name: &str) -> bool {
        self.fields.get(name).is_some() || self.has_children(name)
    }

    /// Is a name that of a flattened field, or of a leaf of one, which no data view lists?
    #[must_use]
    pub fn is_flattened(&self, name: &str) -> bool {
        let is_flattened =
            |name| self.fields.get(name).is_some_and(|entry| matches!(entry.field_type, FieldType::Flattened { .. }));
        is_flattened(name) || ancestors(name).any(is_flattened)
    }

    /// Is an object mapped at a path, or a template for what lies right below it?
    fn is_object(&self, path: &str) -> bool {
        let entry = self.fields.get(path);
        entry.is_some_and(|entry| matches!(entry.field_type, FieldType::Object | FieldType::Nested))
            || self
                .templates
                .iter()
                .any(|(pattern, _)| !pattern.matches(path) && pattern.matches(&[path, KEYWORD].concat()))
    }

    /// The mapped fields, by name in order, and where their values are.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str, &FieldType)> {
        self.fields.entries().iter().map(|(name, entry)| {
            let path = entry.path.as_deref().unwrap_or(name);
            (&**name, path, &entry.field_type)
        })
    }

    /// The mapped fields below an object, by name in order.
    pub(crate) fn children<'m>(
        &'m self,
        object: &'m str,
    ) -> impl Iterator<Item = (&'m str, &'m str, &'m FieldType)> + use<'m> {
        let all = self.fields.entries();
        let start = all.partition_point(|(name, _)| **name < *object);
        let from = all.get(start..).unwrap_or_default().iter();
        from.map_while(move |(name, entry)| {
            if !name.starts_with(object) {
                return None;
            }
            let path = entry.path.as_deref().unwrap_or(name);
            Some((&**name, path, &entry.field_type))
        })
        .filter(move |(name, _, _)| object.is_empty() || is_below(name, object))
    }

    /// The only keyword among the multi-fields of a field, by its name: where texts are compared as
    /// a whole, Elasticsearch's query languages ask that.
    #[must_use]
    pub fn whole_multi<'m>(&'m self, name: &'m str) -> Option<&'m str> {
        let mut found = self.children(name).filter(|(_, path, kind)| *path == name && kind.is_whole());
        match (found.next(), found.next()) {
            (Some((multi, _, _)), None) => Some(multi),
            _ => None,
        }
    }

    /// The innermost nested path that a name lies below.
    #[must_use]
    pub fn nested_path<'a>(&self, name: &'a str) -> Option<&'a str> {
        ancestors(name).find(|ancestor| self.nested.get(ancestor).is_some())
    }

    /// May fields that are not mapped come below an object?
    pub(crate) fn is_dynamic(&self, object: &str) -> bool {
        let own = self.dynamic.get(object);
        let above = || ancestors(object).find_map(|ancestor| self.dynamic.get(ancestor));
        *own.or_else(above).or_else(|| self.dynamic.get("")).unwrap_or(&true)
    }

    /// The paths of nested objects.
    pub(crate) fn nested_fields(&self) -> impl Iterator<Item = &str> {
        self.nested.entries().iter().map(|(path, ())| &**path)
    }

    /// Objects that say whether fields that are not mapped may come below them.
    pub(crate) fn dynamic_objects(&self) -> impl Iterator<Item = (&str, bool)> {
        self.dynamic.iter().map(|(object, dynamic)| (object.as_str(), *dynamic))
    }

    fn has_children(&self, name: &str) -> bool {
        self.children(name).next().is_some()
    }

    fn unknown<'a>(&self, name: &'a str) -> Resolved<'a> {
        let field = |field_type| Resolved::Field(Field { path: name, field_type });
        for ancestor in ancestors(name) {
            match self.fields.get(ancestor).map(|entry| &entry.field_type) {
                None | Some(FieldType::Object | FieldType::Nested) => {}
                Some(FieldType::Flattened { ignore_above }) => {
                    return field(FieldType::Keyword { ignore_above: *ignore_above, lowercase: false });
                }
                // There are no objects where a value is mapped.
                Some(_) => return Resolved::Unmapped,
            }
        }
        let object = ancestors(name).next().unwrap_or("");
        if !self.is_dynamic(object) {
            return Resolved::Unmapped;
        }
        let template = self.templates.iter().find(|(pattern, _)| pattern.matches(name));
        field(template.map_or(FieldType::Dynamic, |(_, field_type)| field_type.clone()))
    }
}

/// Names, their types, and for a multi-field or an alias the field that has its values; later ones
/// replace earlier ones. Takes as long for one as for many.
impl Extend<(String, FieldType, Option<String>)> for Mapping {
    fn extend<T: IntoIterator<Item = (String, FieldType, Option<String>)>>(&mut self, fields: T) {
        let new = fields.into_iter().map(|(name, field_type, path)| (name.into(), Entry { field_type, path }));
        let mut all: Vec<(Box<str>, Entry)> = core::mem::take(&mut self.fields).into_entries();
        all.extend(new);
        // The last one of a name is the first of them then, and counts.
        all.reverse();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.fields = TextMap::new(all);
        let nested = self.fields.entries().iter().filter(|(_, entry)| entry.field_type == FieldType::Nested);
        self.nested = TextMap::new(nested.map(|(name, _)| (name.clone(), ())).collect());
    }
}

impl Entry {
    fn field<'a>(&'a self, name: &'a str) -> Field<'a> {
        Field { path: self.path.as_deref().unwrap_or(name), field_type: self.field_type.clone() }
    }
}

/// The paths above a path, the nearest first, without the root.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    core::iter::from_fn(move || {
        // Names are short: quicker than a search for a character.
        let dot = rest.bytes().rposition(|byte| byte == b'.')?;
        rest = rest.get(..dot)?;
        Some(rest)
    })
}

fn is_below(name: &str, object: &str) -> bool {
    name.strip_prefix(object).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(path: &str, field_type: FieldType) -> Resolved<'_> {
        Resolved::Field(Field { path, field_type })
    }

    #[test]
    fn names_resolve() {
        let mut mapping = Mapping::default();
        mapping.insert("a", FieldType::Object);
        mapping.insert("a.name", FieldType::KEYWORD);
        mapping.insert_multi("a.name.text", "a.name", FieldType::Text);
        mapping.insert_multi("b", "a.name", FieldType::KEYWORD);
        mapping.insert("flat", FieldType::Flattened { ignore_above: Some(9) });
        mapping.insert("n", FieldType::Nested);
        mapping.insert("n.m", FieldType::Nested);
        mapping.insert("n.m.x", FieldType::Ip);
        mapping.insert("closed.x", FieldType::Ip);
        mapping.insert("empty", FieldType::Object);
        mapping.set_dynamic("closed", false);
        mapping.set_dynamic("closed.open", true);
        mapping.insert("own", FieldType::Text);
        mapping.insert_multi("own.keyword", "own", FieldType::Ip);
        mapping.insert_template("t.*.ip", FieldType::Ip);
        mapping.insert_template("o.*", FieldType::Ip);
        for (name, expected) in [
            ("a", Resolved::Object),
            ("a.name", field("a.name", FieldType::KEYWORD)),
            ("a.name.text", field("a.name", FieldType::Text)),
            ("a.name.other", Resolved::Unmapped),
            ("a.nam", field("a.nam", FieldType::Dynamic)),
            ("b", field("a.name", FieldType::KEYWORD)),
            ("flat.x.y", field("flat.x.y", FieldType::Keyword { ignore_above: Some(9), lowercase: false })),
            ("n", field("n", FieldType::Nested)),
            ("closed", Resolved::Object),
            ("closed.y", Resolved::Unmapped),
            ("closed.y.z", Resolved::Unmapped),
            ("closed.open.z", field("closed.open.z", FieldType::Dynamic)),
            ("empty", field("empty", FieldType::Dynamic)),
            ("t.0.ip", field("t.0.ip", FieldType::Ip)),
            ("t.0.pi", field("t.0.pi", FieldType::Dynamic)),
            ("x.keyword", field("x", FieldType::DYNAMIC_MULTI)),
            ("a.name.keyword", field("a.name", FieldType::DYNAMIC_MULTI)),
            ("a.nam.keyword", field("a.nam", FieldType::DYNAMIC_MULTI)),
            ("b.keyword", field("a.name", FieldType::DYNAMIC_MULTI)),
            ("own.keyword", field("own", FieldType::Ip)),
            ("a.keyword", field("a.keyword", FieldType::Dynamic)),
            ("empty.keyword", field("empty.keyword", FieldType::Dynamic)),
            ("t.0.keyword", field("t.0", FieldType::DYNAMIC_MULTI)),
            ("o.keyword", field("o.keyword", FieldType::Ip)),
            ("closed.x.keyword", Resolved::Unmapped),
            ("closed.y.keyword", Resolved::Unmapped),
            ("flat.keyword", field("flat.keyword", FieldType::Keyword { ignore_above: Some(9), lowercase: false })),
            ("flat.x.keyword", field("flat.x.keyword", FieldType::Keyword { ignore_above: Some(9), lowercase: false })),
            ("a.name.other.keyword", Resolved::Unmapped),
            ("keyword", field("keyword", FieldType::Dynamic)),
            (".keyword", field(".keyword", FieldType::Dynamic)),
        ] {
            assert_eq!(mapping.resolve(name), expected, "{name}");
        }
        assert_eq!(mapping.nested_path("n.m.x"), Some("n.m"));
        assert_eq!(mapping.nested_path("n.y"), Some("n"));
        assert_eq!(mapping.nested_path("a.name"), None);
        let children: Vec<&str> = mapping.children("a").map(|(name, _, _)| name).collect();
        assert_eq!(children, ["a.name", "a.name.text"]);
    }
}
