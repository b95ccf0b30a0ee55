//! The index or data stream an event is bound for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use firstseen_kql::{Layout, Scalar, Slot};

use crate::event::{Projection, Slots};
use crate::rule::Rule;

/// Longest name of an index in Elasticsearch, in bytes.
const INDEX_BYTES_MAX: usize = 255;

/// Slots of the `data_stream.*` fields.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    kind: Slot,
    dataset: Slot,
    namespace: Slot,
}

impl Target {
    /// Adds the `data_stream.*` fields to what is projected.
    pub fn new(projection: &mut Projection) -> Self {
        Self {
            kind: projection.values("data_stream.type"),
            dataset: projection.values("data_stream.dataset"),
            namespace: projection.values("data_stream.namespace"),
        }
    }

    /// The name of the target: `known` if the host knows it, else the data
    /// stream the event names (`<type>-<dataset>-<namespace>`), else unknown.
    pub fn index_of<'k>(&self, event: &Slots<'_, '_>, known: Option<&'k str>) -> Option<Cow<'k, str>> {
        if let Some(known) = known {
            return Some(Cow::Borrowed(known));
        }
        let text = |slot: Slot| match event.values(slot).next()? {
            Scalar::String(text) => Some(text.decode().into_owned()),
            _ => None,
        };
        let name = format!("{}-{}-{}", text(self.kind)?, text(self.dataset)?, text(self.namespace)?);
        // No index has a longer one.
        (name.len() <= INDEX_BYTES_MAX).then_some(Cow::Owned(name))
    }
}

/// Names of targets that are remembered; what comes on top is found out anew.
const TARGETS_MAX: usize = 256;

/// Which rules' index patterns a target passes, remembered for the few that a
/// batch has.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    known: BTreeMap<Rc<str>, Vec<bool>>,
    unknown: Vec<bool>,
}

impl Targets {
    /// The name to keep, and for each rule whether events bound for `index` are
    /// its business. An unknown one passes any pattern.
    pub(crate) fn rules_of(&mut self, index: Option<&str>, rules: &[Rule]) -> (Option<Rc<str>>, &[bool]) {
        let Some(index) = index else {
            self.unknown.resize(rules.len(), true);
            return (None, &self.unknown);
        };
        let name = match self.known.get_key_value(index) {
            Some((name, _)) => Rc::clone(name),
            None => {
                if self.known.len() >= TARGETS_MAX {
                    self.known.clear();
                }
                Rc::from(index)
            }
        };
        let passes = || rules.iter().map(|rule| rule.index.contain(index)).collect();
        let of_target = self.known.entry(Rc::clone(&name)).or_insert_with(passes);
        (Some(name), of_target)
    }
}
