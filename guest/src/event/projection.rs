//! The fields the rules read, as a trie over path segments.

use firstseen_kql::Slot;

/// Node of the trie; 0 is the root.
pub(super) type NodeId = u32;

/// Stands for "no rule reads anything below here".
pub(super) const NOWHERE: NodeId = u32::MAX;

/// What a key of an event comes to.
pub(super) enum Step {
    /// It leads to this node, or [`NOWHERE`].
    To(NodeId),
    /// It has dots and may lead down several levels.
    Dotted,
}

/// The set of fields that all rules together read, each with its slot.
///
/// Fields are ECS paths, `process.parent.executable`. In an event such a path
/// may be nested objects, one dotted key, or any mixture: Elasticsearch takes
/// them for the same field.
#[derive(Clone, Debug)]
pub struct Projection {
    nodes: Vec<Node>,
    fields: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    slot: Option<Slot>,
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
        Self { nodes: vec![Node::default()], fields: Vec::new() }
    }
}

impl Projection {
    /// The slot of a field; a field not asked for before gets a new one.
    pub fn slot(&mut self, field: &str) -> Slot {
        let mut node = 0;
        for segment in field.split('.') {
            node = self.child_or_insert(node, segment);
        }
        let next = Slot(self.fields.len() as u32);
        let Some(node) = self.nodes.get_mut(node as usize) else { return next };
        *node.slot.get_or_insert_with(|| {
            self.fields.push(field.to_owned());
            next
        })
    }

    /// Number of slots.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether no field was asked for.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    fn child_or_insert(&mut self, parent: NodeId, segment: &str) -> NodeId {
        let found = self.child(parent, segment);
        if found != NOWHERE {
            return found;
        }
        let next = self.nodes.len() as NodeId;
        if let Some(node) = self.nodes.get_mut(parent as usize) {
            node.children.push(Child { tag: tag(segment.as_bytes()), segment: segment.into(), node: next });
        }
        self.nodes.push(Node::default());
        next
    }

    /// The slot of a node, if a field ends there.
    pub(super) fn slot_of(&self, node: NodeId) -> Option<Slot> {
        self.nodes.get(node as usize)?.slot
    }

    /// Where a key of an event leads from `parent`. Most keys lead nowhere, and
    /// that is told without reading more of them than their ends.
    #[inline(always)]
    pub(super) fn step(&self, parent: NodeId, key: &[u8]) -> Step {
        let Some(node) = self.nodes.get(parent as usize) else { return Step::To(NOWHERE) };
        let tag = tag(key);
        for child in &node.children {
            if child.tag == tag && child.segment.as_bytes() == key {
                return Step::To(child.node);
            }
            if key.get(child.segment.len()) == Some(&b'.') && key.starts_with(child.segment.as_bytes()) {
                return Step::Dotted;
            }
        }
        Step::To(NOWHERE)
    }

    /// The node that a path leads to from `parent`, or [`NOWHERE`].
    pub(super) fn descend(&self, parent: NodeId, path: &str) -> NodeId {
        path.split('.')
            .try_fold(parent, |node, segment| match self.child(node, segment) {
                NOWHERE => None,
                child => Some(child),
            })
            .unwrap_or(NOWHERE)
    }

    /// The slots of the objects that a dotted key names on its way: `a` and
    /// `a.b` for `a.b.c` at the root, if rules read them. It looks no further
    /// than the projection reaches, however many dots there are.
    #[cold]
    pub(super) fn slots_on_the_way(&self, parent: NodeId, key: &str) -> Vec<Slot> {
        let mut slots = Vec::new();
        let mut node = parent;
        let mut rest = key;
        while let Some((segment, below)) = rest.split_once('.') {
            node = self.child(node, segment);
            if node == NOWHERE {
                break;
            }
            slots.extend(self.slot_of(node));
            rest = below;
        }
        slots
    }

    fn child(&self, parent: NodeId, segment: &str) -> NodeId {
        let Some(node) = self.nodes.get(parent as usize) else { return NOWHERE };
        node.children.iter().find(|child| *child.segment == *segment).map_or(NOWHERE, |child| child.node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slot_a_field() {
        let mut projection = Projection::default();
        let name = projection.slot("process.name");
        let process = projection.slot("process");
        assert_ne!(name, process);
        assert_eq!(projection.slot("process.name"), name);
        assert_eq!(projection.len(), 2);
    }

    #[test]
    fn dotted_keys_lead_where_nested_ones_do() {
        let mut projection = Projection::default();
        projection.slot("a.b.c");
        let a = projection.descend(0, "a");
        let b = projection.descend(a, "b");
        assert_eq!(projection.descend(0, "a.b"), b);
        assert_eq!(projection.descend(0, "a.b.c"), projection.descend(a, "b.c"));
        assert_eq!(projection.descend(0, "a.x.c"), NOWHERE);
        assert_eq!(projection.descend(0, "b"), NOWHERE);
    }
}
