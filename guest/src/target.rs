//! The index or data stream an event is bound for.

use std::rc::Rc;

use firstseen_query::{Layout, Scalar, Slot, same_text};
use fixedbitset::FixedBitSet;

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

    /// Writes the name of the target to `name`: `known` if the host knows it,
    /// else the data stream the event names (`<type>-<dataset>-<namespace>`).
    /// False if it is unknown.
    fn write_name(&self, event: &Slots<'_, '_>, known: Option<&str>, name: &mut String) -> bool {
        name.clear();
        if let Some(known) = known {
            name.push_str(known);
            return true;
        }
        for (place, slot) in [self.kind, self.dataset, self.namespace].into_iter().enumerate() {
            let Some(Scalar::String(part)) = event.values(slot).next() else { return false };
            if place > 0 {
                name.push('-');
            }
            name.push_str(&part.decode());
            // No index has a longer one.
            if name.len() > INDEX_BYTES_MAX {
                return false;
            }
        }
        true
    }
}

/// Names of targets that are remembered; one more takes the place of another.
/// They come out of events, so there may be ever new ones.
const TARGETS_MAX: usize = 256;

/// The rules that can match at all and whose index patterns a target passes,
/// remembered for the few targets that a stream has.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    name: String,
    known: Vec<(Rc<str>, FixedBitSet)>,
    /// Which of the known ones is the oldest, once there are as many as may be.
    oldest: usize,
    unknown: FixedBitSet,
}

impl Targets {
    /// The name of the index or data stream an event is bound for, and the rules
    /// whose business it is. An unknown one, without a name, passes any pattern.
    pub(crate) fn rules_of(
        &mut self,
        target: Target,
        event: &Slots<'_, '_>,
        known: Option<&str>,
        rules: &[Rule],
    ) -> (Option<&Rc<str>>, &FixedBitSet) {
        if !target.write_name(event, known, &mut self.name) {
            if self.unknown.len() != rules.len() {
                self.unknown = passing(rules, |_| true);
            }
            return (None, &self.unknown);
        }
        let place = self.known.iter().position(|(name, _)| same_text(name, &self.name));
        let place = place.unwrap_or_else(|| self.find_out(rules));
        match self.known.get(place) {
            Some((name, passes)) => (Some(name), passes),
            None => (None, &self.unknown),
        }
    }

    /// Remembers the target whose name was written last. Answers with its place.
    #[cold]
    fn find_out(&mut self, rules: &[Rule]) -> usize {
        let target = (Rc::from(&*self.name), passing(rules, |rule| rule.index.contain(&self.name)));
        if self.known.len() < TARGETS_MAX {
            self.known.push(target);
            return self.known.len() - 1;
        }
        let place = self.oldest;
        if let Some(oldest) = self.known.get_mut(place) {
            *oldest = target;
        }
        self.oldest = (place + 1) % TARGETS_MAX;
        place
    }
}

fn passing(rules: &[Rule], passes: impl Fn(&Rule) -> bool) -> FixedBitSet {
    let is_passing = |(_, rule): &(usize, &Rule)| !rule.program.never_matches() && passes(rule);
    let mut set = FixedBitSet::with_capacity(rules.len());
    set.extend(rules.iter().enumerate().filter(is_passing).map(|(number, _)| number));
    set
}
