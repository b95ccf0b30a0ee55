//! Which lines no rule can match, told from their bytes.
//!
//! A rule that asks for `process.name:dpkg` cannot match a line without `dpkg`
//! in it, unless JSON spells it with `\u` escapes. If every rule has such a
//! text, lines with none of them need not be read at all.

mod literal;
mod teddy;

pub(crate) use teddy::Swept;

use self::literal::Literal;
use self::teddy::Teddy;
use crate::rule::Rule;

/// Most texts that are looked for at a time: with more, hardly a line would be
/// without one.
const LITERALS_MAX: usize = 64;

/// A search for texts of which a line has one that some rule could match.
#[derive(Debug)]
pub(crate) struct Prefilter {
    teddy: Teddy,
}

impl Prefilter {
    /// The search for a set of rules; none if a rule could match most lines, for
    /// all that can be told from their bytes.
    pub(crate) fn new(rules: &[Rule]) -> Option<Self> {
        let mut literals = Vec::new();
        for rule in rules.iter().filter(|rule| !rule.program.never_matches()) {
            let sets = rule.program.required_literals().iter().filter_map(|set| Literal::all_of(set));
            literals.extend(sets.min_by_key(|set| literal::commonness(set))?);
        }
        literals.sort();
        literals.dedup();
        if literals.len() > LITERALS_MAX {
            return None;
        }
        Some(Self { teddy: Teddy::new(literals) })
    }

    /// Looks through `bytes` from `from` on, up to a place that a rule could have
    /// to do with.
    pub(crate) fn sweep(&self, bytes: &[u8], from: usize) -> Swept {
        self.teddy.sweep(bytes, from)
    }
}
