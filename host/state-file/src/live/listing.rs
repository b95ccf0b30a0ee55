//! Listing what a state has, page by page: of its table and of what is in memory.

use std::collections::BTreeMap;

use firstseen_ledger::{ALL_RULES, History, KnownRule, KnownTerm, Page, Term};

use super::Live;
use crate::error::Cause;
use crate::table::Snapshot;

impl Live {
    /// The rules in the order of their keys, `max` at most, behind the key `after`.
    pub(crate) fn rules(&self, after: Option<&str>, max: usize) -> Page<KnownRule> {
        let behind = self
            .rules
            .iter()
            .filter(|(key, _)| key.as_str() != ALL_RULES && after.is_none_or(|after| key.as_str() > after));
        let mut rules: Vec<_> = behind.collect();
        rules.sort_unstable();
        let since = |number| self.sinces.get(number).copied();
        let rules = rules.into_iter().map(|(key, number)| KnownRule { key: key.clone(), since: since(number) });
        Page::of(rules, max, |rule| &rule.key)
    }

    /// The terms of a rule in order, `max` at most, behind the term `after`.
    ///
    /// What is in memory is in no order, so all of it is looked at, and as many of
    /// the first as a page has are taken.
    pub(crate) fn terms(
        &self,
        snapshot: &Snapshot,
        rule: &str,
        after: Option<&str>,
        max: usize,
    ) -> Result<Page<KnownTerm>, Cause> {
        let Some(rule) = self.rules.get(rule).copied() else { return Ok(Page { items: Vec::new(), next: None }) };
        let mut here: Vec<&str> = self.waiting.terms(rule, after).collect();
        if self.is_merging() {
            here.extend(self.leaving.terms(rule, after));
        }
        // A term may be in both.
        let here_max = max.saturating_mul(2);
        let is_cut = here.len() > here_max;
        if is_cut {
            here.select_nth_unstable(here_max);
            here.truncate(here_max);
        }
        let table = snapshot.histories(rule, after, max)?;
        // What lies behind an end has not been looked at.
        let end_here = here.iter().copied().max().filter(|_| is_cut);
        let end_of_table = table.last().map(|(term, _)| term.clone()).filter(|_| table.len() == max);
        let end = [end_here.map(str::to_owned), end_of_table].into_iter().flatten().min();
        let mut terms: BTreeMap<String, Option<History>> =
            table.into_iter().map(|(term, history)| (term, Some(history))).collect();
        for text in here {
            if let Some(history) = self.in_memory(rule, Term::new(text)) {
                terms.insert(text.to_owned(), history.cloned());
            }
        }
        let is_within = |term: &String| end.as_ref().is_none_or(|end| term <= end);
        let mut within = terms.into_iter().take_while(|(term, _)| is_within(term)).peekable();
        let (mut items, mut last) = (Vec::new(), None);
        for (text, history) in within.by_ref().take(max) {
            items.extend(history.map(|history| KnownTerm { text: text.clone(), history }));
            last = Some(text);
        }
        let is_end = end.is_none() && within.peek().is_none();
        Ok(Page { items, next: last.filter(|_| !is_end) })
    }
}
