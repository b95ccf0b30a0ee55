//! The fields the rules read, as a trie over path segments.

use firstseen_kql::Slot;

/// Node of the trie; 0 is the root.
pub(super) type NodeId = u32;

/// Stands for "no rule reads anything below here".
pub(super) const NOWHERE: NodeId = u32::MAX;

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
    /// Sorted by segment.
    children: Vec<(Box<str>, NodeId)>,
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
        let next = self.nodes.len() as NodeId;
        let Some(node) = self.nodes.get_mut(parent as usize) else { return NOWHERE };
        match node.children.binary_search_by(|(name, _)| (**name).cmp(segment)) {
            Ok(found) => node.children.get(found).map_or(NOWHERE, |(_, child)| *child),
            Err(place) => {
                node.children.insert(place, (segment.into(), next));
                self.nodes.push(Node::default());
                next
            }
        }
    }

    /// The slot of a node, if a field ends there.
    pub(super) fn slot_of(&self, node: NodeId) -> Option<Slot> {
        self.nodes.get(node as usize)?.slot
    }

    /// The node below `parent` that a key of an event leads to, or [`NOWHERE`].
    pub(super) fn descend(&self, parent: NodeId, key: &str) -> NodeId {
        let found = self.child(parent, key);
        if found != NOWHERE || !key.contains('.') {
            return found;
        }
        key.split('.').fold(parent, |node, segment| self.child(node, segment))
    }

    fn child(&self, parent: NodeId, segment: &str) -> NodeId {
        let Some(node) = self.nodes.get(parent as usize) else { return NOWHERE };
        node.children.iter().find(|(name, _)| **name == *segment).map_or(NOWHERE, |(_, child)| *child)
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
