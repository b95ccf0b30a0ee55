//! The fields the rules read, as a trie over path segments.

use firstseen_query::{Layout, Slot, same_text};
use memchr::memchr;

use super::place::{EdgeId, NOWHERE, NodeId, Place};

/// What a key of an event comes to.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// It leads to this node, or [`NOWHERE`].
    To(NodeId),
    /// It has dots and may lead down several levels.
    Dotted,
}

/// What all rules together read of an event, each part with its slot.
///
/// Fields are ECS paths, `process.parent.executable`. In an event such a path
/// may be nested objects, one dotted key, or any mixture: Elasticsearch takes
/// them for the same field.
#[derive(Clone, Debug)]
pub struct Projection {
    nodes: Vec<Node>,
    /// The slot of the values of each node, if a field ends there.
    slots: Vec<Option<Slot>>,
    /// The path of each slot.
    paths: Vec<String>,
    /// What is read of nested objects, by the slot that holds them.
    objects: Vec<(Slot, Projection)>,
    picks_texts: bool,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// The slots that hold the whole text of what is there.
    texts: Vec<Slot>,
    /// In the order of their tags.
    children: Vec<Child>,
}

#[derive(Clone, Debug)]
struct Child {
    /// See [`tag`].
    tag: u32,
    segment: Box<str>,
    node: NodeId,
}

/// Length, first and last byte in one word: most keys differ from most
/// segments in it, and one comparison tells.
#[inline(always)]
fn tag(bytes: &[u8]) -> u32 {
    let ends = [bytes.first(), bytes.last()].map(|byte| byte.copied().map_or(0, u32::from));
    let [first, last] = ends;
    (bytes.len() as u32) << 16 | first << 8 | last
}

impl Default for Projection {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
            slots: vec![None],
            paths: Vec::new(),
            objects: Vec::new(),
            picks_texts: false,
        }
    }
}

impl Layout for Projection {
    fn values(&mut self, path: &str) -> Slot {
        let node = self.node_or_insert(path);
        if let Some(slot) = self.slot_of(node) {
            return slot;
        }
        let slot = self.insert(path);
        if let Some(of_node) = self.slots.get_mut(node as usize) {
            *of_node = Some(slot);
        }
        slot
    }

    fn leaves(&mut self, path: &str) -> Slot {
        let node = self.node_or_insert(path);
        let known = self.texts_of(node).iter().copied().find(|&slot| self.objects_of(slot).is_none());
        known.unwrap_or_else(|| self.insert_text(node, path))
    }

    #[allow(clippy::indexing_slicing, reason = "the place is one that was found or has just been made")]
    fn objects(&mut self, path: &str) -> (Slot, &mut dyn Layout) {
        let node = self.node_or_insert(path);
        let is_there = |(slot, _): &(Slot, Self)| self.texts_of(node).contains(slot);
        let place = self.objects.iter().position(is_there).unwrap_or_else(|| {
            let slot = self.insert_text(node, path);
            self.objects.push((slot, Self::default()));
            self.objects.len() - 1
        });
        let (slot, inner) = &mut self.objects[place];
        (*slot, inner)
    }
}

impl Projection {
    /// Number of slots.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    fn insert(&mut self, path: &str) -> Slot {
        let slot = Slot(self.paths.len() as u32);
        self.paths.push(path.to_owned());
        slot
    }

    fn insert_text(&mut self, node: NodeId, path: &str) -> Slot {
        self.picks_texts = true;
        let slot = self.insert(path);
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.texts.push(slot);
        }
        slot
    }

    fn node_or_insert(&mut self, path: &str) -> NodeId {
        if path.is_empty() {
            return 0;
        }
        path.split('.').fold(0, |node, segment| self.child_or_insert(node, segment))
    }

    /// The path of a slot.
    pub(super) fn path_of(&self, slot: Slot) -> &str {
        self.paths.get(slot.0 as usize).map_or("", String::as_str)
    }

    /// What is read of the objects of a slot, if it is one of objects.
    pub(super) fn objects_of(&self, slot: Slot) -> Option<&Self> {
        self.objects.iter().find(|(known, _)| *known == slot).map(|(_, inner)| inner)
    }

    /// Whether there are slots that hold whole texts.
    #[inline(always)]
    pub(super) fn picks_texts(&self) -> bool {
        self.picks_texts
    }

    /// The slots that hold the whole text of what is at a node.
    pub(super) fn texts_of(&self, node: NodeId) -> &[Slot] {
        self.nodes.get(node as usize).map_or(&[], |node| &node.texts)
    }

    fn child_or_insert(&mut self, parent: NodeId, segment: &str) -> NodeId {
        let found = self.child(parent, segment);
        if found != NOWHERE {
            return found;
        }
        let next = self.nodes.len() as NodeId;
        if let Some(Node { children, .. }) = self.nodes.get_mut(parent as usize) {
            let tag = tag(segment.as_bytes());
            let place = children.partition_point(|child| child.tag < tag);
            children.insert(place, Child { tag, segment: segment.into(), node: next });
        }
        self.nodes.push(Node::default());
        self.slots.push(None);
        next
    }

    /// The place of a node, where `edge` led to.
    pub(super) fn place(&self, node: NodeId, edge: EdgeId) -> Place {
        let place = Place::new(node, edge);
        if self.texts_of(node).is_empty() { place } else { place.with_texts() }
    }

    /// The slot of a node, if a field ends there.
    #[inline(always)]
    pub(super) fn slot_of(&self, node: NodeId) -> Option<Slot> {
        self.slots.get(node as usize).copied().flatten()
    }

    /// Where a key of an event leads from `parent`.
    #[inline(always)]
    pub(super) fn step(&self, parent: NodeId, key: &str) -> Step {
        if parent == NOWHERE {
            return Step::To(NOWHERE);
        }
        match memchr(b'.', key.as_bytes()).and_then(|dot| key.get(..dot)) {
            None => Step::To(self.child(parent, key)),
            Some(first) if self.child(parent, first) == NOWHERE => Step::To(NOWHERE),
            Some(_) => Step::Dotted,
        }
    }

    /// The node that a path leads to from `parent`, or [`NOWHERE`]. Dots at its
    /// end mean nothing, as for Elasticsearch.
    pub(super) fn descend(&self, parent: NodeId, path: &str) -> NodeId {
        without_last_dots(path)
            .split('.')
            .try_fold(parent, |node, segment| match self.child(node, segment) {
                NOWHERE => None,
                child => Some(child),
            })
            .unwrap_or(NOWHERE)
    }

    /// The slots of whole texts that a dotted key lies below, each with the rest
    /// of the key: at the root, `a.b.c` is `c` below `a.b`. It looks no further
    /// than the projection reaches, however many dots there are.
    #[cold]
    pub(super) fn texts_on_the_way<'k>(&self, parent: NodeId, key: &'k str) -> Vec<(Slot, &'k str)> {
        let mut texts = Vec::new();
        let mut node = parent;
        let mut rest = without_last_dots(key);
        while let Some((segment, below)) = rest.split_once('.') {
            node = self.child(node, segment);
            if node == NOWHERE {
                break;
            }
            texts.extend(self.texts_of(node).iter().map(|&slot| (slot, below)));
            rest = below;
        }
        texts
    }

    fn child(&self, parent: NodeId, segment: &str) -> NodeId {
        let Some(Node { children, .. }) = self.nodes.get(parent as usize) else { return NOWHERE };
        let tag = tag(segment.as_bytes());
        let first = children.partition_point(|child| child.tag < tag);
        let mut alike = children.iter().skip(first).take_while(|child| child.tag == tag);
        alike.find(|child| same_text(&child.segment, segment)).map_or(NOWHERE, |child| child.node)
    }
}

/// A key of an event as engines read it: `String.split` of Java gives no empty
/// parts at the end.
pub(super) fn without_last_dots(key: &str) -> &str {
    key.trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slot_for_one_thing() {
        let mut projection = Projection::default();
        let name = projection.values("process.name");
        let process = projection.leaves("process");
        assert_ne!(name, process);
        assert_eq!(projection.values("process.name"), name);
        assert_eq!(projection.leaves("process"), process);
        let (objects, inner) = projection.objects("process");
        inner.values("x");
        assert_ne!(objects, process);
        let (again, _) = projection.objects("process");
        assert_eq!(again, objects);
        assert_eq!(projection.leaves("process"), process);
        assert_eq!(projection.len(), 3);
        assert_eq!(projection.objects_of(objects).map(Projection::len), Some(1));
    }

    #[test]
    fn dotted_keys_lead_where_nested_ones_do() {
        let mut projection = Projection::default();
        projection.values("a.b.c");
        let a = projection.descend(0, "a");
        let b = projection.descend(a, "b");
        assert_eq!(projection.descend(0, "a.b"), b);
        assert_eq!(projection.descend(0, "a.b.c"), projection.descend(a, "b.c"));
        assert_eq!(projection.descend(0, "a.b.."), b);
        assert_eq!(projection.descend(0, "a..b"), NOWHERE);
        assert_eq!(projection.descend(0, "."), NOWHERE);
        assert_eq!(projection.descend(0, "a.x.c"), NOWHERE);
        assert_eq!(projection.descend(0, "b"), NOWHERE);
    }
}
