//! The `detection` of a Sigma rule: named selections and a condition on them.

use serde_json::{Map, Value};

use super::Tree;

/// Selections so far, and the condition.
pub(super) struct Detection {
    selections: Map<String, Value>,
    condition: String,
}

impl Detection {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut detection = Self { selections: Map::new(), condition: String::new() };
        detection.condition = detection.condition_of(tree);
        detection
    }

    pub(super) fn into_json(self) -> Value {
        let mut object = self.selections;
        object.insert("condition".to_owned(), self.condition.into());
        Value::Object(object)
    }

    fn condition_of(&mut self, tree: &Tree) -> String {
        match tree {
            Tree::All(parts) => self.all(parts),
            Tree::Any(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| self.operand(part)).collect();
                parts.join(" or ")
            }
            Tree::Not(part) => format!("not {}", self.operand(part)),
            Tree::Field(key, values) => self.select([(key.clone(), list(values))].into_iter().collect()),
        }
    }

    /// Fields that must all hold are one selection, as one would write it; of
    /// two conditions on one field the second begins another.
    fn all(&mut self, parts: &[Tree]) -> String {
        let mut selection = Map::new();
        let mut conditions = Vec::new();
        for part in parts {
            match part {
                Tree::Field(key, values) => {
                    if selection.contains_key(key) {
                        let full = std::mem::take(&mut selection);
                        conditions.push(self.select(full));
                    }
                    selection.insert(key.clone(), list(values));
                }
                part => conditions.push(self.operand(part)),
            }
        }
        if !selection.is_empty() {
            conditions.insert(0, self.select(selection));
        }
        conditions.join(" and ")
    }

    /// A condition that can stand beside others.
    fn operand(&mut self, tree: &Tree) -> String {
        match tree {
            Tree::All(_) | Tree::Any(_) => format!("({})", self.condition_of(tree)),
            Tree::Not(_) | Tree::Field(..) => self.condition_of(tree),
        }
    }

    fn select(&mut self, selection: Map<String, Value>) -> String {
        let name = format!("s{}", self.selections.len());
        self.selections.insert(name.clone(), Value::Object(selection));
        name
    }
}

fn list(values: &[Value]) -> Value {
    match values {
        [one] => one.clone(),
        more => Value::Array(more.to_vec()),
    }
}
