//! Terms by fingerprint: hashed once, looked up in several places.

use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::LazyLock;

use indexmap::{Equivalent, IndexMap};

/// 128 bits that stand for the text of a term in this process.
///
/// They are keyed by chance, for terms come out of hostile logs: nobody outside
/// can look for two terms that share them. Among ten million terms any two do
/// with a chance of less than 2⁻⁸⁰.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u64; 2]);

impl Fingerprint {
    fn of(text: &str) -> Self {
        static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
        Self(KEYS.each_ref().map(|key| key.hash_one(text)))
    }
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0[0]);
    }
}

/// A term, with what stands for it in maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term<'a> {
    text: &'a str,
    fingerprint: Fingerprint,
}

impl<'a> Term<'a> {
    /// The term of this text.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, fingerprint: Fingerprint::of(text) }
    }

    /// Its text.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.text
    }

    /// What stands for it in maps of this process: equal for equal texts alone.
    #[must_use]
    pub fn fingerprint(self) -> Fingerprint {
        self.fingerprint
    }
}

/// What is kept of terms of rules, a rule being a number of some kind.
pub(super) type TermMap<R, V> = IndexMap<TermKey<R>, V, BuildTermHasher>;

/// A term of a rule, in a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TermKey<R> {
    rule: R,
    fingerprint: Fingerprint,
    text: Box<str>,
}

impl<R: Copy> TermKey<R> {
    pub(super) fn new(rule: R, term: Term<'_>) -> Self {
        Self { rule, fingerprint: term.fingerprint, text: term.text.into() }
    }

    pub(super) fn rule(&self) -> R {
        self.rule
    }

    pub(super) fn term(&self) -> Term<'_> {
        Term { text: &self.text, fingerprint: self.fingerprint }
    }
}

impl<R: Hash> Hash for TermKey<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fingerprint.hash(state);
        self.rule.hash(state);
    }
}

/// A [`TermKey`] to look up.
#[derive(Debug, Clone, Copy)]
pub(super) struct TermRef<'a, R>(pub(super) R, pub(super) Term<'a>);

impl<R: Hash> Hash for TermRef<'_, R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.1.fingerprint.hash(state);
        self.0.hash(state);
    }
}

impl<R: PartialEq> Equivalent<TermKey<R>> for TermRef<'_, R> {
    fn equivalent(&self, key: &TermKey<R>) -> bool {
        self.0 == key.rule && self.1.fingerprint == key.fingerprint && *self.1.text == *key.text
    }
}

/// Takes a [`Fingerprint`] for its own hash, which it is, and mixes in the number
/// of a rule that stands before it: for maps by `(u32, Fingerprint)`.
pub type BuildTermHasher = BuildHasherDefault<TermHasher>;

/// See [`BuildTermHasher`].
#[derive(Debug, Clone, Copy, Default)]
pub struct TermHasher(u64);

impl TermHasher {
    fn mix(&mut self, number: u64) {
        // Numbers of rules are small: an odd factor takes them to all bits.
        self.0 ^= number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for TermHasher {
    fn write_u64(&mut self, fingerprint: u64) {
        self.0 ^= fingerprint;
    }

    fn write_u32(&mut self, rule: u32) {
        self.mix(rule.into());
    }

    fn write_usize(&mut self, rule: usize) {
        self.mix(rule as u64);
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
    fn a_term_is_found_by_its_rule_and_its_text() {
        let mut map = TermMap::<u32, char>::default();
        map.insert(TermKey::new(0, Term::new("a")), 'x');
        map.insert(TermKey::new(1, Term::new("a")), 'y');
        let get = |rule, text| map.get(&TermRef(rule, Term::new(text))).copied();
        assert_eq!([get(0, "a"), get(1, "a"), get(2, "a"), get(0, "b")], [Some('x'), Some('y'), None, None]);
    }

    #[test]
    fn texts_decide_where_fingerprints_are_the_same() {
        let [one, other] = ["a", "b"].map(|text| Term { text, fingerprint: Fingerprint([1, 2]) });
        let mut map = TermMap::<u32, char>::default();
        map.insert(TermKey::new(0, one), 'x');
        assert_eq!((map.get(&TermRef(0, one)), map.get(&TermRef(0, other))), (Some(&'x'), None));
    }

    #[test]
    fn fingerprints_have_two_keys() {
        let Fingerprint([first, second]) = Fingerprint::of("");
        assert_ne!(first, second);
        assert_eq!(Fingerprint::of("[\"a\"]"), Fingerprint::of("[\"a\"]"));
        assert_ne!(Fingerprint::of("[\"a\"]"), Fingerprint::of("[\"b\"]"));
    }
}
