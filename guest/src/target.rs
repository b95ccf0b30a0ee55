//! The index or data stream an event is bound for.

use std::collections::BTreeMap;
use std::rc::Rc;

use firstseen_query::{FieldType, Findings, Joint, Layout, Leaves, Mapping, Program, Scalar, Slot, same_text};
use fixedbitset::FixedBitSet;
use serde_json::json;

use crate::event::{Projection, Slots, scan};
use crate::rule::{IndexPatterns, Rule, names_of};

/// Longest name of an index in Elasticsearch, in bytes.
const INDEX_BYTES_MAX: usize = 255;

/// Where an event says what it is bound for.
#[derive(Clone, Debug)]
pub struct Target {
    /// Slots of the `data_stream.*` fields.
    kind: Slot,
    dataset: Slot,
    namespace: Slot,
    /// Slot of `kibana.alert.uuid`, and the index of those that have one.
    alert: Slot,
    alerts_index: String,
}

impl Target {
    /// Adds the fields that say it to what is projected. An alert that is fed back
    /// is in the index of alerts of a Kibana space.
    pub fn new(projection: &mut Projection, space: &str) -> Self {
        Self {
            kind: projection.values("data_stream.type"),
            dataset: projection.values("data_stream.dataset"),
            namespace: projection.values("data_stream.namespace"),
            alert: projection.values("kibana.alert.uuid"),
            alerts_index: format!(".alerts-security.alerts-{space}"),
        }
    }

    /// The name of the target, if it is known.
    pub(crate) fn name(&self, event: &Slots<'_, '_>, known: Option<&str>) -> Option<String> {
        let mut name = String::new();
        self.write_name(event, known, &mut name).then_some(name)
    }

    /// Writes the name of the target to `name`: `known` if the host knows it,
    /// else the index of alerts for an event that is one, whose `data_stream` is
    /// that of its own event, else the data stream the event names
    /// (`<type>-<dataset>-<namespace>`). False if it is unknown.
    fn write_name(&self, event: &Slots<'_, '_>, known: Option<&str>, name: &mut String) -> bool {
        name.clear();
        if let Some(known) = known {
            name.push_str(known);
            return true;
        }
        if let Some(Scalar::String(_)) = event.values(self.alert).next() {
            name.push_str(&self.alerts_index);
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

/// The rules by their index patterns, of which many have the same. The patterns
/// of all are laid over a name at once, as the conditions of rules are over a
/// field.
#[derive(Debug)]
pub(crate) struct ByTarget {
    projection: Projection,
    joint: Joint,
    /// What the names of a target meet, and the rules whose business it is then;
    /// without a program any target is.
    groups: Vec<(Option<Program>, FixedBitSet)>,
    /// The rules that can match at all.
    all: FixedBitSet,
}

impl ByTarget {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let mut by_patterns: BTreeMap<&IndexPatterns, FixedBitSet> = BTreeMap::new();
        let mut all = FixedBitSet::with_capacity(rules.len());
        for (number, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.program.never_matches()) {
            all.insert(number);
            let group = by_patterns.entry(&rule.index);
            group.or_insert_with(|| FixedBitSet::with_capacity(rules.len())).insert(number);
        }
        let (mapping, mut projection, mut leaves) = (mapping(), Projection::default(), Leaves::default());
        let mut compiled = |patterns: &IndexPatterns| {
            // A keyword can be asked for any pattern.
            Program::compile_among(&patterns.clause(), &mapping, &mut projection, &mut leaves).ok()
        };
        let groups = by_patterns.into_iter().map(|(patterns, rules)| (compiled(patterns), rules)).collect();
        Self { projection, joint: Joint::new(&leaves), groups, all }
    }

    /// The rules whose business a target is.
    fn passing(&self, name: &str, findings: &mut Findings) -> FixedBitSet {
        let line = line_of(name);
        let mut names = Slots::new(&self.projection, 0);
        // It is JSON.
        let _ = scan(&line, &mut names);
        findings.begin(line.len(), u64::MAX);
        findings.answer_together();
        let mut passing = FixedBitSet::with_capacity(self.all.len());
        for (patterns, rules) in &self.groups {
            let passes = |patterns| self.joint.judge(patterns, &names, findings) == Some(true);
            if patterns.as_ref().is_none_or(passes) {
                passing.union_with(rules);
            }
        }
        passing
    }
}

/// That of the names of a target.
fn mapping() -> Mapping {
    let mut mapping = Mapping::default();
    mapping.insert(IndexPatterns::FIELD, FieldType::KEYWORD);
    mapping
}

/// The names of a target, as an event that has them.
fn line_of(name: &str) -> String {
    json!({ IndexPatterns::FIELD: names_of(name).collect::<Vec<_>>() }).to_string()
}

/// The rules whose business a target is, remembered for the few targets that a
/// stream has.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    name: String,
    known: Vec<(Rc<str>, FixedBitSet)>,
    /// Which of the known ones is the oldest, once there are as many as may be.
    oldest: usize,
    findings: Findings,
}

impl Targets {
    /// The name of the index or data stream an event is bound for, and the rules
    /// whose business it is. An unknown one, without a name, passes any pattern.
    pub(crate) fn rules_of<'t>(
        &'t mut self,
        target: &Target,
        event: &Slots<'_, '_>,
        known: Option<&str>,
        by_target: &'t ByTarget,
    ) -> (Option<&'t Rc<str>>, &'t FixedBitSet) {
        if !target.write_name(event, known, &mut self.name) {
            return (None, &by_target.all);
        }
        let place = self.known.iter().position(|(name, _)| same_text(name, &self.name));
        let place = place.unwrap_or_else(|| self.find_out(by_target));
        match self.known.get(place) {
            Some((name, passes)) => (Some(name), passes),
            None => (None, &by_target.all),
        }
    }

    /// Remembers the target whose name was written last. Answers with its place.
    #[cold]
    fn find_out(&mut self, by_target: &ByTarget) -> usize {
        let target = (Rc::from(&*self.name), by_target.passing(&self.name, &mut self.findings));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(patterns: &[&str], name: &str) -> bool {
        let patterns: Vec<String> = patterns.iter().map(|pattern| pattern.to_string()).collect();
        let mut projection = Projection::default();
        let program = Program::compile(&IndexPatterns::new(&patterns).clause(), &mapping(), &mut projection).unwrap();
        let line = line_of(name);
        let mut names = Slots::new(&projection, 0);
        scan(&line, &mut names).unwrap();
        program.matches(&names)
    }

    #[test]
    fn stars() {
        let cases = [
            ("logs-endpoint.events.*", "logs-endpoint.events.process-default", true),
            ("logs-endpoint.events.*", "logs-endpoint.alerts-default", false),
            ("logs-*-default", "logs-x-default", true),
            ("logs-*-default", "logs-default", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "ac", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
            ("a?", "a?", true),
            ("a?", "ab", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(contain(&[pattern], name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn data_streams_exclusions_and_remotes() {
        let index = ".ds-logs-endpoint.events.process-default-2026.11.20-000001";
        assert!(contain(&["logs-endpoint.events.*"], index));
        assert!(contain(&[".ds-logs-*"], index));
        assert!(!contain(&["logs-endpoint.alerts-*"], index));
        assert!(contain(&[], "anything"));
        assert!(contain(&["logs-*", "-logs-b"], "logs-a"));
        assert!(!contain(&["logs-*", "-logs-b"], "logs-b"));
        assert!(contain(&["-logs-b", "logs-*"], "logs-b"));
        assert!(contain(&["*:logs-*"], "logs-a"));
        assert!(!contain(&["-logs-b"], "logs-a"));
    }
}
