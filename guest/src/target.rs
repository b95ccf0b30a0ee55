//! The index or data stream an event is bound for.

use std::collections::BTreeMap;

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
    pub fn index_of(&self, event: &Slots<'_, '_>, known: Option<&str>) -> Option<String> {
        if let Some(known) = known {
            return Some(known.to_owned());
        }
        let text = |slot: Slot| match event.values(slot).next()? {
            Scalar::String(text) => Some(text.decode().into_owned()),
            _ => None,
        };
        let name = format!("{}-{}-{}", text(self.kind)?, text(self.dataset)?, text(self.namespace)?);
        // No index has a longer one.
        (name.len() <= INDEX_BYTES_MAX).then_some(name)
    }
}

/// Names of targets that are remembered; what comes on top is found out anew.
const TARGETS_MAX: usize = 256;

/// Which rules' index patterns a target passes, remembered for the few that a
/// batch has.
#[derive(Debug, Default)]
pub(crate) struct Targets(BTreeMap<Option<String>, Vec<bool>>);

impl Targets {
    /// For each rule, whether events bound for `index` are its business.
    pub(crate) fn rules_of(&mut self, index: Option<&str>, rules: &[Rule]) -> &[bool] {
        let name = index.map(str::to_owned);
        if self.0.len() >= TARGETS_MAX && !self.0.contains_key(&name) {
            self.0.clear();
        }
        self.0.entry(name).or_insert_with(|| {
            let passes = |rule: &Rule| index.is_none_or(|index| rule.index.contain(index));
            rules.iter().map(passes).collect()
        })
    }
}
