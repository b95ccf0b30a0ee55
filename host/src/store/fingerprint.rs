//! Terms by fingerprint: what a store in memory needs of them.

use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};

/// 128 bits that stand for a term.
///
/// They are keyed by chance, for terms come out of hostile logs: nobody outside
/// can look for two terms that share them. Among ten million terms any two do
/// with a chance of less than 2⁻⁸⁰.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint([u64; 2]);

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0[0]);
    }
}

/// Makes the fingerprints of one store.
#[derive(Debug, Default)]
pub(super) struct Fingerprints([RandomState; 2]);

impl Fingerprints {
    pub(super) fn of(&self, term: &str) -> Fingerprint {
        Fingerprint(self.0.each_ref().map(|half| half.hash_one(term)))
    }
}

/// Takes a fingerprint for its own hash, which it is.
pub(super) type BuildIdentity = BuildHasherDefault<Identity>;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Identity(u64);

impl Hasher for Identity {
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_for_the_same_term_of_the_same_store_only() {
        let fingerprints = Fingerprints::default();
        assert_eq!(fingerprints.of("[\"a\"]"), fingerprints.of("[\"a\"]"));
        assert_ne!(fingerprints.of("[\"a\"]"), fingerprints.of("[\"b\"]"));
        assert_ne!(fingerprints.of("[\"a\"]"), Fingerprints::default().of("[\"a\"]"));
        let Fingerprint([first, second]) = fingerprints.of("");
        assert_ne!(first, second, "two keys");
    }
}
