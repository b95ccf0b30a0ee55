//! The index or data stream an event is bound for.

use firstseen_kql::{Scalar, Slot};

use crate::event::{Projection, Slots};

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
            kind: projection.slot("data_stream.type"),
            dataset: projection.slot("data_stream.dataset"),
            namespace: projection.slot("data_stream.namespace"),
        }
    }

    /// The name of the target: `known` if the host knows it, else the data
    /// stream the event names (`<type>-<dataset>-<namespace>`), else unknown.
    pub fn index_of(&self, event: &Slots<'_>, known: Option<&str>) -> Option<String> {
        if let Some(known) = known {
            return Some(known.to_owned());
        }
        let text = |slot: Slot| match event.values(slot).next()? {
            Scalar::String(text) => Some(text.decode().into_owned()),
            _ => None,
        };
        Some(format!("{}-{}-{}", text(self.kind)?, text(self.dataset)?, text(self.namespace)?))
    }
}
