//! What keys came behind which: events of one kind have the same members in the
//! same order, so most keys are told by comparing them with the ones that came
//! there before, without looking for their ends or for where they lead.
//!
//! It is a memory of what [`Projection::step`](super::Projection) said, so what a scan finds
//! does not depend on it.

use super::place::Place;
use super::projection::Projection;
use crate::lanes::Lanes;

/// Number of an [`Edge`].
pub(super) type EdgeId = u32;

/// The edge that leads to the outermost value.
pub(super) const ROOT: EdgeId = 0;

/// Stands for an edge that is not remembered.
pub(super) const NONE: EdgeId = u32::MAX;

/// Longest remembered key, with its quotes and what is around them.
const KEY_BYTES_MAX: usize = 32;

/// Most remembered keys of all objects, and of those at one path: hostile
/// events may have ever new ones.
const EDGES_MAX: usize = 4096;
const SIBLINGS_MAX: usize = 64;

/// Keys and what comes behind them.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    edges: Vec<Edge>,
    /// Of each node the edge from it that was added last.
    newest: Vec<EdgeId>,
}

/// A key of the objects at one path.
#[derive(Clone, Debug)]
struct Edge {
    /// All from the comma on to the colon, white space included: `,"key":`, and
    /// zeros. Where the key comes first there is a bracket for the comma.
    key: [u8; KEY_BYTES_MAX],
    /// As many ones as it has bytes.
    mask: u32,
    length: u32,
    /// Where the key leads.
    place: Place,
    /// The keys that came behind its value last.
    next: [EdgeId; 2],
    /// The keys that came first in its value, if that is an object.
    first: [EdgeId; 2],
    /// The edge from the same node that was added before.
    sibling: EdgeId,
}

/// A place in an object: at its beginning, or behind a member. Of an edge that
/// is [`NONE`] nothing is remembered.
#[derive(Clone, Copy)]
pub(super) enum After {
    /// Behind the bracket of an object that the edge led to.
    Opening(EdgeId),
    /// Behind the value that the edge led to.
    Member(EdgeId),
}

impl Shapes {
    /// Makes it ready for the one projection it is used with.
    pub(super) fn prepare(&mut self, projection: &Projection) {
        if self.edges.is_empty() {
            self.edges.push(Edge::new(&[], Place::NOWHERE, NONE));
            self.newest.resize(projection.node_count(), NONE);
        }
    }

    /// Where the key leads whose bracket or comma is at `from`, and how long it is
    /// from there on to its colon, if it is one of those that came here last.
    #[inline(always)]
    pub(super) fn tell(&self, after: After, bytes: &[u8], from: usize) -> Option<(Place, usize)> {
        let ([often, seldom], not_compared) = match after {
            After::Opening(edge) => (self.edges.get(edge as usize)?.first, 1),
            After::Member(edge) => (self.edges.get(edge as usize)?.next, 0),
        };
        let often = self.edges.get(often as usize)?;
        let lanes = halves(bytes.get(from..)?.first_chunk()?);
        if often.is(lanes, not_compared) {
            return Some((often.place, often.length as usize));
        }
        let seldom = self.edges.get(seldom as usize)?;
        seldom.is(lanes, not_compared).then_some((seldom.place, seldom.length as usize))
    }

    /// Remembers that `key`, written from bracket or comma to colon, came here in
    /// an object at `parent` and leads to `place`. Answers with that place, its
    /// edge included.
    pub(super) fn learn(&mut self, after: After, parent: Place, place: Place, key: &[u8]) -> Place {
        let Some(number) = self.edge_of(parent, place, key) else { return place };
        let expected = match after {
            After::Opening(edge) => self.edges.get_mut(edge as usize).map(|edge| &mut edge.first),
            After::Member(edge) => self.edges.get_mut(edge as usize).map(|edge| &mut edge.next),
        };
        if let Some(expected) = expected {
            *expected = [number, expected[0]];
        }
        place.by(number)
    }

    fn edge_of(&mut self, parent: Place, place: Place, key: &[u8]) -> Option<EdgeId> {
        if key.len() > KEY_BYTES_MAX {
            return None;
        }
        self.known(parent, key)?.or_else(|| self.add(parent, place, key))
    }

    /// The edge of a key, or that there is none; nothing where too many were
    /// looked at.
    fn known(&self, parent: Place, key: &[u8]) -> Option<Option<EdgeId>> {
        let mut number = *self.newest.get(parent.node as usize)?;
        for _ in 0..SIBLINGS_MAX {
            let Some(edge) = self.edges.get(number as usize) else { return Some(None) };
            if edge.key().get(1..) == key.get(1..) {
                return Some(Some(number));
            }
            number = edge.sibling;
        }
        None
    }

    fn add(&mut self, parent: Place, place: Place, key: &[u8]) -> Option<EdgeId> {
        if self.edges.len() >= EDGES_MAX {
            return None;
        }
        let number = self.edges.len() as EdgeId;
        let newest = self.newest.get_mut(parent.node as usize)?;
        self.edges.push(Edge::new(key, place.by(number), *newest));
        *newest = number;
        Some(number)
    }
}

impl Edge {
    fn new(key: &[u8], place: Place, sibling: EdgeId) -> Self {
        let mut bytes = [0; KEY_BYTES_MAX];
        bytes.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        if let Some(separator) = bytes.first_mut() {
            *separator = b',';
        }
        let length = key.len() as u32;
        let mask = u32::MAX.checked_shr(KEY_BYTES_MAX as u32 - length).unwrap_or(0);
        Self { key: bytes, mask, length, place, next: [NONE; 2], first: [NONE; 2], sibling }
    }

    /// Whether it is the key in these bytes, all but those not compared.
    #[inline(always)]
    fn is(&self, [low, high]: [Lanes; 2], not_compared: u32) -> bool {
        let [own_low, own_high] = halves(&self.key);
        let same = low.equal(own_low).bits() | high.equal(own_high).bits() << 16 | not_compared;
        same & self.mask == self.mask
    }

    fn key(&self) -> &[u8] {
        self.key.get(..self.length as usize).unwrap_or_default()
    }
}

#[inline(always)]
fn halves(bytes: &[u8; KEY_BYTES_MAX]) -> [Lanes; 2] {
    let (chunks, _) = bytes.as_chunks();
    match chunks {
        [low, high] => [Lanes::load(low), Lanes::load(high)],
        // There are two.
        _ => [Lanes::load(&[0; 16]); 2],
    }
}

#[cfg(test)]
mod tests {
    use firstseen_kql::Layout;

    use super::*;

    const OPENING: After = After::Opening(ROOT);

    fn shapes() -> (Shapes, [Place; 3]) {
        let mut projection = Projection::default();
        projection.values("a");
        projection.values("b");
        let mut shapes = Shapes::default();
        shapes.prepare(&projection);
        let edges = [ROOT, NONE, NONE];
        (shapes, [0, 1, 2].map(|node| projection.place(node, edges[node as usize])))
    }

    fn padded(text: &str) -> Vec<u8> {
        format!("{text}{}", " ".repeat(KEY_BYTES_MAX)).into_bytes()
    }

    #[test]
    fn tells_what_came_before() {
        let (mut shapes, [root, a, b]) = shapes();
        let line = padded(r#"{"a":1,"b":2}"#);
        assert!(shapes.tell(OPENING, &line, 0).is_none());
        let a = shapes.learn(OPENING, root, a, br#"{"a":"#);
        let behind_a = After::Member(a.edge);
        let b = shapes.learn(behind_a, root, b, br#","b":"#);
        assert_eq!(shapes.tell(OPENING, &line, 0), Some((a, 5)));
        assert_eq!(shapes.tell(behind_a, &line, 6), Some((b, 5)));
        assert!(shapes.tell(behind_a, &padded(r#"]"b":2"#), 0).is_none());
        assert!(shapes.tell(OPENING, &line, 6).is_none());
        assert!(shapes.tell(After::Member(NONE), &line, 0).is_none());
        // The other way round as well; both are known then.
        assert_eq!(shapes.learn(OPENING, root, b, br#"{"b":"#), b);
        assert_eq!(shapes.tell(OPENING, &line, 6), Some((b, 5)));
        assert_eq!(shapes.tell(OPENING, &line, 0), Some((a, 5)));
        assert!(shapes.tell(OPENING, br#"{"a":1"#, 0).is_none(), "too near the end");
    }

    #[test]
    fn a_key_of_every_length() {
        for length in 1..=40 {
            let (mut shapes, [root, a, _]) = shapes();
            let key = format!("{{\"{}\":", "k".repeat(length));
            let learnt = shapes.learn(OPENING, root, a, key.as_bytes());
            let fits = key.len() <= KEY_BYTES_MAX;
            assert_eq!(learnt.edge != NONE, fits, "{length}");
            let told = shapes.tell(OPENING, &padded(&format!("{key}1")), 0);
            assert_eq!(told, fits.then_some((learnt, key.len())));
            let other = padded(&format!("{{\"{}x\":", "k".repeat(length - 1)));
            assert!(shapes.tell(OPENING, &other, 0).is_none());
        }
    }

    #[test]
    fn ever_new_keys_are_not_kept() {
        let mut projection = Projection::default();
        for number in 0..1000 {
            projection.values(&number.to_string());
        }
        let mut shapes = Shapes::default();
        shapes.prepare(&projection);
        for parent in 0..1000 {
            let parent = projection.place(parent, NONE);
            for number in 0..100 {
                shapes.learn(After::Member(NONE), parent, Place::NOWHERE, format!(",\"{number}\":").as_bytes());
            }
        }
        assert_eq!(shapes.edges.len(), EDGES_MAX);
    }
}
