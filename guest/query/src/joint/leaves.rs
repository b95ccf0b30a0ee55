//! The leaves of many programs, each once.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::brief::Brief;
use crate::clause::Condition;
use crate::program::chain::Leaf;
use crate::texts::signature::Signature;

/// The conditions that several programs consist of, each once, however many of them have it.
///
/// Filled by [`Program::compile_among`](crate::Program::compile_among).
#[derive(Debug, Default)]
pub struct Leaves {
    all: Vec<Arc<Leaf>>,
    /// The same in brief, and the signatures of their patterns.
    briefs: Vec<Option<Brief>>,
    signatures: Vec<Signature>,
    /// By what most of them differ in, the numbers of those that share it.
    by_hash: BTreeMap<u64, Vec<u32>>,
    /// Those of conditions that programs share, by field and conditions.
    known: Vec<Known>,
    /// Whether they are not counted at all.
    is_none: bool,
}

/// A leaf that conditions on a field came to, the same in memory for several programs.
#[derive(Debug)]
struct Known {
    field: Box<str>,
    conditions: Arc<[Condition]>,
    number: LeafNumber,
    leaf: Arc<Leaf>,
}

/// The number of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LeafNumber(pub(super) u32);

impl LeafNumber {
    /// That of a leaf that is not counted.
    const NONE: Self = Self(u32::MAX);

    pub(super) const fn place(self) -> usize {
        self.0 as usize
    }
}

impl Leaves {
    /// Leaves are not counted: each program has its own.
    pub(crate) fn none() -> Self {
        Self { is_none: true, ..Self::default() }
    }

    /// The number of a leaf, and the one that is kept for all that are the same.
    pub(crate) fn number(&mut self, leaf: Leaf) -> (LeafNumber, Arc<Leaf>) {
        if self.is_none {
            return (LeafNumber::NONE, Arc::new(leaf));
        }
        let mut hasher = Fnv::default();
        leaf.hash(&mut hasher);
        let alike = self.by_hash.entry(hasher.finish()).or_default();
        for &number in alike.iter() {
            if let Some(known) = self.all.get(number as usize)
                && **known == leaf
            {
                return (LeafNumber(number), Arc::clone(known));
            }
        }
        // Each takes more memory than its number could count.
        let number = self.all.len() as u32;
        alike.push(number);
        let leaf = Arc::new(leaf);
        self.briefs.push(Brief::of(&leaf, &mut self.signatures));
        self.all.push(Arc::clone(&leaf));
        (LeafNumber(number), leaf)
    }

    /// A leaf in brief; none of one that is never answered for itself.
    pub(crate) fn brief(&self, number: LeafNumber) -> Option<Brief> {
        *self.briefs.get(number.place())?
    }

    pub(super) fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The leaf of conditions on a field that are the same in memory, if there is one.
    pub(crate) fn known(&self, field: &str, conditions: &Arc<[Condition]>) -> Option<(LeafNumber, Arc<Leaf>)> {
        let is_it = |known: &&Known| *known.field == *field && Arc::ptr_eq(&known.conditions, conditions);
        self.known.iter().find(is_it).map(|known| (known.number, Arc::clone(&known.leaf)))
    }

    /// The number of a leaf that conditions on a field came to.
    pub(crate) fn number_known(
        &mut self,
        field: &str,
        conditions: &Arc<[Condition]>,
        leaf: Leaf,
    ) -> (LeafNumber, Arc<Leaf>) {
        let (number, leaf) = self.number(leaf);
        if !self.is_none {
            let (field, conditions) = (field.into(), Arc::clone(conditions));
            self.known.push(Known { field, conditions, number, leaf: Arc::clone(&leaf) });
        }
        (number, leaf)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (LeafNumber, &Arc<Leaf>)> {
        (0..).map(LeafNumber).zip(&self.all)
    }
}

/// The hash of Fowler, Noll and Vo, 64 bits, variant 1a. Those who write rules gain nothing from
/// leaves with the same hash.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
