//! What the index of alerts, and Elastic Common Schema, have at the paths of an
//! event.
//!
//! The table is a tree, a space of indentation a level. A line is a name, and a
//! word that says what values are there: none for an object with members below
//! it and for a field that takes any scalar; `object` for one whose members are
//! not listed; `term` for a keyword that takes no longer value than Lucene's
//! terms. Lines that begin with `#` say something to the reader.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// `guest/tests/alert_fields.rs` writes it.
const TABLE: &str = include_str!("../../fields/alert.txt");

/// Names at the root of a document that are Elasticsearch's own, in some of its
/// distributions: it refuses a document that has one.
const METADATA: [&str; 18] = [
    "_data_stream_timestamp",
    "_doc_count",
    "_feature",
    "_field_names",
    "_id",
    "_ignored",
    "_ignored_source",
    "_index",
    "_inference_fields",
    "_nested_path",
    "_routing",
    "_seq_no",
    "_size",
    "_source",
    "_tier",
    "_ts_routing_hash",
    "_tsid",
    "_version",
];

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Objects.
    Object,
    /// Objects, each a document of its own.
    Nested,
    /// A point on the earth in one of many forms, objects of scalars among them.
    GeoPoint,
    /// Scalars.
    Scalar,
    /// Scalars, none longer than a term.
    Term,
    Long,
    Float,
    Ip,
    Date,
    Boolean,
}

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// One of the table: its node, and what is there.
    Known(u32, Kind),
    /// One of which nothing is said, so anything may be there.
    Free,
}

/// Where a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lead {
    pub(super) place: Place,
    /// Whether it goes through an object that is a document of its own.
    pub(super) through_nested: bool,
}

/// The table, read.
#[derive(Debug)]
pub(super) struct Fields {
    kinds: Vec<Kind>,
    below: BTreeMap<(u32, &'static str), u32>,
}

impl Fields {
    /// Where a document begins.
    pub(super) const ROOT: Place = Place::Known(0, Kind::Object);

    /// The built-in ones.
    pub(super) fn get() -> &'static Self {
        static FIELDS: LazyLock<Fields> = LazyLock::new(|| Fields::read(TABLE));
        &FIELDS
    }

    fn read(table: &'static str) -> Self {
        let mut fields = Self { kinds: vec![Kind::Object], below: BTreeMap::new() };
        // The node that is open on each level.
        let mut open = vec![0];
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let text = line.trim_start_matches(' ');
            let (name, word) = text.split_once(' ').unwrap_or((text, ""));
            open.truncate(line.len() - text.len() + 1);
            let above = open.last().copied().unwrap_or(0);
            if let Some(kind @ Kind::Scalar) = fields.kinds.get_mut(above as usize) {
                *kind = Kind::Object;
            }
            let node = fields.kinds.len() as u32;
            fields.kinds.push(kind(word));
            fields.below.insert((above, name), node);
            open.push(node);
        }
        fields
    }

    /// Where a name leads from an object: its dots are those of a path, and dots
    /// at its end mean nothing, as in Elasticsearch. None if no document may have
    /// it there, be it that no index takes the name, or that it goes through a
    /// field that has no members.
    pub(super) fn lead(&self, object: Place, name: &str) -> Option<Lead> {
        let mut lead = Lead { place: object, through_nested: false };
        if object == Place::Free {
            // What is not mapped is not looked at.
            return Some(lead);
        }
        let path = name.trim_end_matches('.');
        let top = path.split_once('.').map_or(path, |(top, _)| top);
        if object == Self::ROOT && METADATA.contains(&top) {
            return None;
        }
        for (number, name) in path.split('.').enumerate() {
            if is_blank(name) {
                return None;
            }
            let Place::Known(node, kind) = lead.place else { continue };
            lead.place = match kind {
                Kind::Object | Kind::Nested => self.member(node, name),
                // Its coordinates.
                Kind::GeoPoint => Place::Known(node, Kind::Scalar),
                _ => return None,
            };
            lead.through_nested |= kind == Kind::Nested && number > 0;
        }
        Some(lead)
    }

    fn member(&self, node: u32, name: &str) -> Place {
        let below: &BTreeMap<(u32, &str), u32> = &self.below;
        let node = below.get(&(node, name)).copied();
        let known = node.and_then(|node| Some(Place::Known(node, *self.kinds.get(node as usize)?)));
        known.unwrap_or(Place::Free)
    }
}

fn kind(word: &str) -> Kind {
    match word {
        "object" => Kind::Object,
        "nested" => Kind::Nested,
        "geo_point" => Kind::GeoPoint,
        "term" => Kind::Term,
        "long" => Kind::Long,
        "float" => Kind::Float,
        "ip" => Kind::Ip,
        "date" => Kind::Date,
        "boolean" => Kind::Boolean,
        _ => Kind::Scalar,
    }
}

/// Longest term of an index, in bytes.
const TERM_BYTES_MAX: usize = 32_766;

/// Whether an index takes a text for one term.
pub(super) fn is_term(text: &str) -> bool {
    text.len() <= TERM_BYTES_MAX
}

/// Whether a name is nothing but white space to Java, or nothing at all.
pub(super) fn is_blank(name: &str) -> bool {
    name.chars().all(|c| c.is_whitespace() || matches!(c, '\x1c'..='\x1f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_at(path: &str) -> Option<Option<Kind>> {
        let lead = Fields::get().lead(Fields::ROOT, path)?;
        Some(match lead.place {
            Place::Known(_, kind) => Some(kind),
            Place::Free => None,
        })
    }

    #[test]
    fn what_is_at_a_path() {
        let cases = [
            ("agent", Some(Some(Kind::Object))),
            ("agent.name", Some(Some(Kind::Scalar))),
            ("agent.name..", Some(Some(Kind::Scalar))),
            ("agent.name.x", None),
            ("agent.x.y", Some(None)),
            ("labels.x", Some(None)),
            ("@timestamp", Some(Some(Kind::Date))),
            ("@timestamp.x", None),
            ("client.geo.location", Some(Some(Kind::GeoPoint))),
            ("client.geo.location.lat", Some(Some(Kind::Scalar))),
            ("client.geo.location.lat.x", None),
            ("data_stream.type", Some(Some(Kind::Term))),
            ("event.risk_score", Some(Some(Kind::Float))),
            ("host.asset", Some(Some(Kind::Object))),
            ("process.pid", Some(Some(Kind::Long))),
            ("process.io.bytes_skipped", Some(Some(Kind::Object))),
            ("source.ip", Some(Some(Kind::Ip))),
            ("threat.enrichments", Some(Some(Kind::Nested))),
            ("threat.enrichments.matched.atomic", Some(Some(Kind::Scalar))),
            ("x", Some(None)),
            ("_id", None),
            ("_id.x", None),
            ("_pid", Some(None)),
            ("agent._id", Some(None)),
            ("", None),
            ("..", None),
            (".a", None),
            ("a..b", None),
            ("a. .b", None),
            ("\u{2003}", None),
            ("\x1f", None),
            ("\u{200b}", Some(None)),
        ];
        for (path, expected) in cases {
            assert_eq!(kind_at(path), expected, "{path:?}");
        }
    }

    #[test]
    fn what_is_not_mapped_is_not_looked_at() {
        for name in ["", "..", "a..b", "_id"] {
            assert_eq!(Fields::get().lead(Place::Free, name).unwrap().place, Place::Free, "{name:?}");
        }
    }

    #[test]
    fn objects_that_are_documents_of_their_own() {
        let through = |path| Fields::get().lead(Fields::ROOT, path).unwrap().through_nested;
        assert!(!through("threat.enrichments"));
        assert!(through("threat.enrichments.matched"));
        assert!(!through("threat.indicator.name"));
    }
}
