//! What a sequence or a sample looks for: its items, each with a program and keys.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use firstseen_eql::Key;
use firstseen_query::{Clause, Findings, Joint, Layout, Mapping, Program, Slot};

use super::timestamp::earliest_ms;
use crate::document::DocumentError;
use crate::event::{Projection, Slots};
use crate::state::{MetKey, Plan};
use crate::terms::{KeyFields, TermOrder, canonical};

/// What a query asks of several events.
#[derive(Debug)]
pub(in crate::rule) struct AskedOfSeveral {
    /// The items in order, and the one that ends what is unfinished.
    pub(in crate::rule) items: Vec<AskedItem>,
    pub(in crate::rule) until: Option<AskedItem>,
    /// The longest time from the first event to the last, in milliseconds.
    pub(in crate::rule) span_ms: Option<u64>,
    pub(in crate::rule) is_sample: bool,
}

/// What it asks of an event of an item.
#[derive(Debug)]
pub(in crate::rule) struct AskedItem {
    pub(in crate::rule) clause: Clause,
    pub(in crate::rule) keys: Vec<Key>,
    pub(in crate::rule) is_missing: bool,
    /// How often it stands in a row.
    pub(in crate::rule) runs: u32,
}

impl AskedOfSeveral {
    /// What an event must meet to be of any item.
    pub(in crate::rule) fn any(&self) -> Clause {
        Clause::Or(self.items.iter().chain(&self.until).map(|item| item.clause.clone()).collect())
    }
}

/// The items of a rule, ready to run.
#[derive(Debug)]
pub struct Stages {
    items: Vec<Stage>,
    until: Option<Stage>,
    plan: Rc<Plan>,
    /// The field of the time by which events are in order.
    timestamp: Slot,
    timestamp_name: Box<str>,
    tiebreaker: Option<TermOrder>,
}

#[derive(Debug)]
struct Stage {
    program: Program,
    keys: KeyFields,
    /// Its places among the items of the plan.
    places: Range<u16>,
}

/// The fields by which events are in order.
#[derive(Clone, Copy, Debug)]
pub(in crate::rule) struct OrderFields<'f> {
    pub(in crate::rule) timestamp: Option<&'f str>,
    pub(in crate::rule) tiebreaker: Option<&'f str>,
}

/// What the keys of an event are, and whether some were left out.
#[derive(Debug, Default)]
pub(crate) struct Met {
    pub(crate) keys: Vec<MetKey>,
    pub(crate) is_cut: bool,
}

impl Stages {
    /// `program_of` makes the program of an item. Without a time of its own a sequence
    /// spans `look_back_ms` at most.
    pub(in crate::rule) fn compile(
        asked: AskedOfSeveral,
        mapping: &Mapping,
        projection: &mut Projection,
        order: OrderFields<'_>,
        look_back_ms: u64,
        mut program_of: impl FnMut(Clause, &mut Projection) -> Result<Program, DocumentError>,
    ) -> Result<Self, DocumentError> {
        let query = |cause: String| DocumentError::new("query", cause);
        let mut is_missing = Vec::new();
        let mut stage = |item: AskedItem, projection: &mut Projection, is_until: bool| {
            let first = is_missing.len() as u16;
            if !is_until {
                is_missing.extend((0..item.runs).map(|_| item.is_missing));
            }
            let keys = KeyFields::new(&item.keys, mapping, projection).map_err(query)?;
            let places = first..is_missing.len() as u16;
            Ok(Stage { program: program_of(item.clause, projection)?, keys, places })
        };
        let items = asked.items.into_iter().map(|item| stage(item, projection, false));
        let items = items.collect::<Result<Vec<_>, DocumentError>>()?;
        let until = asked.until.map(|item| stage(item, projection, true)).transpose()?;
        if is_missing.len() > ITEMS_MAX {
            return Err(query(format!("{} items, counted with their runs, and {ITEMS_MAX} are run", is_missing.len())));
        }
        let timestamp = order.timestamp.unwrap_or("@timestamp");
        let tiebreaker = order.tiebreaker.map(|field| TermOrder::new(field, mapping, projection));
        Ok(Self {
            items,
            until,
            plan: Rc::new(Plan {
                is_missing,
                span_ms: asked.span_ms.unwrap_or(look_back_ms),
                is_sample: asked.is_sample,
            }),
            timestamp: projection.values(timestamp),
            timestamp_name: timestamp.into(),
            tiebreaker: tiebreaker.transpose().map_err(|cause| DocumentError::new("tiebreaker_field", cause))?,
        })
    }

    /// What the rule looks for, as the state is asked.
    #[must_use]
    pub fn plan(&self) -> &Rc<Plan> {
        &self.plan
    }

    /// The time of an event by which it is in order, in epoch milliseconds.
    ///
    /// # Errors
    ///
    /// The field that should have it.
    pub(crate) fn time_ms(&self, event: &Slots<'_, '_>) -> Result<i64, &str> {
        earliest_ms(event, self.timestamp).ok_or(&*self.timestamp_name)
    }

    /// What decides between events of one time.
    pub(crate) fn tiebreaker(&self, event: &Slots<'_, '_>) -> Option<String> {
        self.tiebreaker.as_ref()?.first_of(event)
    }

    /// Which items an event meets, by their places in the query, `until` behind all
    /// others. None if finding out would cost more than may be spent on the event.
    pub(crate) fn met(
        &self,
        event: &Slots<'_, '_>,
        joint: Option<&Joint>,
        findings: &mut Findings,
    ) -> Option<Vec<usize>> {
        let mut met = Vec::new();
        for (place, stage) in self.items.iter().chain(&self.until).enumerate() {
            let is_met = match joint {
                Some(joint) => joint.judge(&stage.program, event, findings)?,
                None => stage.program.matches(event),
            };
            met.extend(is_met.then_some(place));
        }
        Some(met)
    }

    /// What finding the keys of an event takes, in units of work.
    pub(crate) fn work(&self, event: &Slots<'_, '_>, met: &[usize]) -> u64 {
        met.iter().filter_map(|&place| self.stage(place)).map(|stage| stage.keys.work(event)).sum()
    }

    /// What an event is for which key.
    pub(crate) fn keys(&self, event: &Slots<'_, '_>, met: &[usize]) -> Met {
        let mut keys: BTreeMap<String, MetKey> = BTreeMap::new();
        let mut is_cut = false;
        for &place in met {
            let Some(stage) = self.stage(place) else { continue };
            let found = stage.keys.keys_of(event);
            is_cut |= found.cut;
            for tuple in found.tuples {
                let key = canonical(&tuple);
                let met = keys.entry(key).or_default();
                met.items.extend(stage.places.clone());
                met.is_until |= place >= self.items.len();
            }
        }
        is_cut |= keys.len() > KEYS_MAX;
        let keys = keys.into_iter().take(KEYS_MAX).map(|(key, met)| MetKey { key, ..met });
        Met { keys: keys.collect(), is_cut }
    }

    fn stage(&self, place: usize) -> Option<&Stage> {
        self.items.iter().chain(&self.until).nth(place)
    }
}

/// Most items of a sequence, `runs` counted out (a limit of `state`).
const ITEMS_MAX: usize = 256;

/// Most keys of an event for a rule (a limit of `state`).
const KEYS_MAX: usize = 10_000;
