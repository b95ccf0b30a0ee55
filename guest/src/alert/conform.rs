//! What an event has that no alert can have.

use std::net::{IpAddr, Ipv6Addr};

use serde_json::{Value, json};

use super::fields::{Fields, Kind, Lead, Place, is_term};
use super::overrides::js_number;
use super::tree::{Members, Node};

/// Longest number that Elasticsearch reads, in bytes.
const NUMBER_BYTES_MAX: usize = 1000;

/// Most documents of their own that a document may hold
/// (`index.mapping.nested_objects.limit`).
const NESTED_MAX: usize = 10_000;

/// How many of the fields are named, and how much of a name there is, in bytes.
const NAMES_MAX: usize = 10;
const NAME_BYTES_MAX: usize = 256;

/// What was taken out of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Removed {
    /// How many values.
    pub(super) count: usize,
    /// Paths of the first ones.
    pub(super) fields: Vec<String>,
}

impl Removed {
    /// The members of a document that say so; nothing if nothing was.
    pub(super) fn members(&self) -> Vec<(String, Value)> {
        if self.count == 0 {
            return Vec::new();
        }
        let member = |name: &str, value: Value| (format!("firstseen.removed.{name}"), value);
        vec![member("count", json!(self.count)), member("fields", json!(self.fields))]
    }
}

/// Takes out what would have the alert refused or is not of its field's type,
/// and with it the arrays and objects that nothing is left of (Kibana,
/// `traverse_and_mutate_doc.ts`), so that nobody hides an event's alert in the
/// event:
///
/// - values that Elastic Common Schema has no place for: objects in fields,
///   scalars for objects, and in fields other than keywords what is none of
///   their values; a `null` of those goes without being counted;
/// - and, where Kibana's alert would be refused: names that no index takes, very
///   long terms, numbers that are very long or beyond all doubles, and more
///   objects in nested fields than a document may have.
///
/// What nothing is known of stays, whatever it is: the index of alerts does not
/// look at it.
pub(super) fn conform(members: &mut Members<'_>) -> Removed {
    let mut walk = Walk { fields: Fields::get(), path: String::new(), nested: 0, removed: Removed::default() };
    walk.members(Fields::ROOT, members);
    walk.removed
}

struct Walk {
    fields: &'static Fields,
    path: String,
    /// Documents of their own so far.
    nested: usize,
    removed: Removed,
}

impl Walk {
    fn members(&mut self, object: Place, members: &mut Members<'_>) {
        members.retain(|name, node| {
            let length = self.path.len();
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(name);
            let stays = match self.fields.lead(object, name) {
                Some(Lead { place, through_nested }) if !through_nested || self.has_room() => self.value(place, node),
                _ => self.remove(),
            };
            self.path.truncate(length);
            stays
        });
    }

    /// Whether something is left of a value.
    fn value(&mut self, place: Place, node: &mut Node<'_>) -> bool {
        match node {
            Node::Array(elements) if is_half_a_point(place, elements) => self.remove(),
            Node::Array(elements) => {
                elements.retain_mut(|element| self.value(place, element));
                !elements.is_empty()
            }
            _ if !self.takes(place, node) => match node {
                Node::Scalar("null") => false,
                _ => self.remove(),
            },
            Node::Object(members) => {
                self.members(place, members);
                !members.is_empty()
            }
            Node::Scalar(_) => true,
        }
    }

    /// Whether a place takes a value that is no array.
    fn takes(&mut self, place: Place, node: &Node<'_>) -> bool {
        let text = match node {
            Node::Scalar(text) if is_number(text) && !can_be_read(text) => return false,
            Node::Scalar(text) => Some(*text),
            _ => None,
        };
        let Place::Known(_, kind) = place else { return true };
        let string = || node.as_string();
        match (kind, text) {
            (Kind::Object, text) => text.is_none(),
            (Kind::Nested, text) => text.is_none() && self.has_room(),
            (Kind::GeoPoint, _) => true,
            (_, None) => false,
            (Kind::Scalar, _) => true,
            // Escapes are never shorter than what they stand for.
            (Kind::Term, Some(text)) => is_term(text) || string().is_some_and(|string| is_term(&string)),
            (Kind::Long, Some(text)) => {
                is_number(text) || string().is_some_and(|string| !string.contains(' ') && spells_number(&string))
            }
            (Kind::Float, Some(text)) => is_number(text) || string().is_some_and(|string| spells_number(&string)),
            (Kind::Ip, _) => string().is_some_and(|string| is_address(&string)),
            (Kind::Date, Some(text)) => is_number(text) || text.starts_with('"'),
            (Kind::Boolean, Some(text)) => matches!(text, "true" | "false") || is_boolean(string().as_deref()),
        }
    }

    /// Counts a document of its own; whether there may be so many.
    fn has_room(&mut self) -> bool {
        self.nested += 1;
        self.nested <= NESTED_MAX
    }

    /// Notes that what is at the path is taken out.
    fn remove(&mut self) -> bool {
        let Removed { count, fields } = &mut self.removed;
        *count += 1;
        if fields.len() < NAMES_MAX {
            let end = self.path.floor_char_boundary(NAME_BYTES_MAX);
            let field = self.path.get(..end).unwrap_or_default();
            if fields.iter().all(|known| known != field) {
                fields.push(field.to_owned());
            }
        }
        false
    }
}

/// Whether an array has a number where points are, and is none itself: that
/// fails although malformed points do not.
fn is_half_a_point(place: Place, elements: &[Node<'_>]) -> bool {
    let is_coordinate = |node: &Node<'_>| matches!(node, Node::Scalar(text) if is_number(text));
    let is_finite = |node: &Node<'_>| matches!(node, Node::Scalar(text) if can_be_read(text));
    matches!(place, Place::Known(_, Kind::GeoPoint))
        && elements.iter().any(is_coordinate)
        && !(elements.len() > 1 && elements.iter().all(is_finite))
}

/// Whether a scalar is a number.
fn is_number(scalar: &str) -> bool {
    scalar.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// Whether those who read an alert can read a number.
fn can_be_read(number: &str) -> bool {
    number.len() <= NUMBER_BYTES_MAX && number.parse().is_ok_and(f64::is_finite)
}

/// JavaScript's `!isNaN(Number(text))`, but for numbers too long to be any.
fn spells_number(text: &str) -> bool {
    let unsigned = text.trim().trim_start_matches(['+', '-']);
    text.len() <= NUMBER_BYTES_MAX && (unsigned == "Infinity" || js_number(text).is_some())
}

fn is_boolean(string: Option<&str>) -> bool {
    matches!(string, Some("true" | "false" | ""))
}

/// Whether a text is an address, or a block of them.
fn is_address(text: &str) -> bool {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let bits_max = match (address.parse(), address.split_once('%')) {
        (Ok(IpAddr::V4(_)), _) => 32,
        (Ok(IpAddr::V6(_)), _) => 128,
        (Err(_), Some((address, zone))) if !zone.is_empty() && address.parse::<Ipv6Addr>().is_ok() => 128,
        _ => return false,
    };
    bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= bits_max))
}

#[cfg(test)]
mod tests;
