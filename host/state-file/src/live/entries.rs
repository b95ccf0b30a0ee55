//! Entries of rules: looked up, and listed in order, in memory and in the table.

use firstseen_ledger::Entry;

use super::Live;
use crate::error::Cause;
use crate::rows::Key;
use crate::table::Snapshot;

impl Live {
    /// Entries, each after the key of its rule.
    pub(crate) fn entries(&self, snapshot: &Snapshot, keys: &[(&str, &[u8])]) -> Result<Vec<Option<Vec<u8>>>, Cause> {
        let entry = |(rule, key): &(&str, &[u8])| match self.rules.get(*rule) {
            Some(rule) => self.find(snapshot, Key::Entry(*rule, key)),
            None => Ok(None),
        };
        keys.iter().map(entry).collect()
    }

    /// The entries of a rule from a key on and before another one, `max` at most.
    pub(crate) fn entries_from(
        &self,
        snapshot: &Snapshot,
        rule: &str,
        first: &[u8],
        end: &[u8],
        max: usize,
    ) -> Result<Vec<Entry>, Cause> {
        let Some(&rule) = self.rules.get(rule).filter(|_| first < end) else { return Ok(Vec::new()) };
        let (first, end) = (Key::Entry(rule, first).bytes(), Key::Entry(rule, end).bytes());
        let prefix = Key::Entry(rule, &[]).bytes().len();
        let in_memory = [&self.waiting, &self.leaving];
        let mut in_memory = in_memory.map(|generation| generation.rows.range(first.clone()..end.clone()).peekable());
        let mut table = snapshot.range(&first, &end)?.peekable();
        let mut entries = Vec::new();
        while entries.len() < max {
            let of_table = match table.peek() {
                Some(Ok((key, _))) => Some(key.as_slice()),
                Some(Err(_)) => break,
                None => None,
            };
            let in_generations = in_memory.iter_mut().filter_map(|rows| rows.peek().map(|(key, _)| key.as_slice()));
            let Some(next) = in_generations.chain(of_table).min().map(<[u8]>::to_vec) else { return Ok(entries) };
            // What came last holds.
            let mut value = None;
            for rows in &mut in_memory {
                if let Some((_, here)) = rows.next_if(|(key, _)| **key == next) {
                    value.get_or_insert_with(|| here.clone());
                }
            }
            let of_table = table.next_if(|row| row.as_ref().is_ok_and(|(key, _)| *key == next)).transpose()?;
            let value = value.unwrap_or_else(|| of_table.map(|(_, value)| value));
            entries.extend(value.and_then(|value| Some((next.get(prefix..)?.to_vec(), value))));
        }
        match table.next() {
            Some(Err(cause)) if entries.len() < max => Err(cause),
            _ => Ok(entries),
        }
    }
}
