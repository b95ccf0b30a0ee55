//! A map that knows what was touched when.

use std::collections::BTreeMap;

/// A map whose oldest-touched entries can be forgotten.
///
/// It is made of trees, which grow and shrink piece by piece, and in which no choice of keys
/// makes a look-up slow: keys come out of hostile logs, and the module has no chance to mix
/// into a hash.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    entries: BTreeMap<K, (u64, V)>,
    by_touch: BTreeMap<u64, K>,
    touches: u64,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), by_touch: BTreeMap::new(), touches: 0 }
    }
}

impl<K: Copy + Ord, V> Recent<K, V> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// Puts a value in, as the one touched last; answers with the one before.
    pub(super) fn put(&mut self, key: K, value: V) -> Option<V> {
        self.touches += 1;
        self.by_touch.insert(self.touches, key);
        let (touch, before) = self.entries.insert(key, (self.touches, value))?;
        self.by_touch.remove(&touch);
        Some(before)
    }

    #[cfg(test)]
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values().map(|(_, value)| value)
    }

    /// Forgets what was touched the longest time ago.
    pub(super) fn forget_oldest(&mut self) -> Option<V> {
        let (_, key) = self.by_touch.pop_first()?;
        self.entries.remove(&key).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_touched_goes_first() {
        let mut recent = Recent::default();
        for key in ['a', 'b', 'c'] {
            assert_eq!(recent.put(key, 0), None);
        }
        assert_eq!(recent.put('a', 1), Some(0));
        assert_eq!((recent.get(&'a'), recent.get(&'d'), recent.len()), (Some(&1), None, 3));
        let forgotten: Vec<_> = std::iter::from_fn(|| recent.forget_oldest()).collect();
        assert_eq!((forgotten, recent.len(), recent.by_touch.len()), (vec![0, 0, 1], 0, 0));
    }
}
