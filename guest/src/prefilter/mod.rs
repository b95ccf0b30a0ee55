//! Which lines no rule can match, told from their bytes.
//!
//! A rule that asks for `process.name:dpkg` cannot match a line without `dpkg`
//! in it, unless JSON spells it with `\u` escapes. If every rule has such a
//! text, lines with none of them need not be read at all.

mod literal;
mod pairs;
mod sweep;
mod teddy;

pub(crate) use sweep::Sweep;

use self::literal::{LITERALS_MAX, Literal};
use self::pairs::Pairs;
use self::sweep::sweep;
use self::teddy::Teddy;
use crate::rule::Rule;

/// A search for texts of which a line has one that some rule could match, or for
/// a `\u` escape, which may spell one.
#[derive(Debug)]
pub(crate) struct Prefilter {
    texts: Texts,
}

/// The texts, by how they are looked for.
#[derive(Debug)]
enum Texts {
    One(Pairs<1>),
    Two(Pairs<2>),
    Many(Box<Teddy>),
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
        (literals.len() <= LITERALS_MAX).then(|| Self { texts: Texts::new(literals) })
    }

    /// Looks through `bytes` from `from` on, the start of a line, up to a place
    /// that a rule could have to do with.
    pub(crate) fn sweep(&self, bytes: &[u8], from: usize) -> Sweep {
        match &self.texts {
            Texts::One(one) => sweep(bytes, from, one),
            Texts::Two(two) => sweep(bytes, from, two),
            Texts::Many(many) => sweep(bytes, from, &**many),
        }
    }
}

impl Texts {
    fn new(literals: Vec<Literal>) -> Self {
        let literals = match <[Literal; 1]>::try_from(literals) {
            Ok(one) => return Self::One(Pairs::new(one)),
            Err(literals) => literals,
        };
        match <[Literal; 2]>::try_from(literals) {
            Ok(two) => Self::Two(Pairs::new(two)),
            Err(literals) => Self::Many(Box::new(Teddy::new(literals))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(texts: &[String], bytes: &[u8], from: usize) -> Sweep {
        let window_ends = |literal: &Literal| {
            let found = memchr::memmem::find_iter(bytes, &literal.text).map(|at| at + literal.window);
            found.filter(|&key| key >= from).collect::<Vec<_>>()
        };
        let literals = Literal::all_of(texts).unwrap();
        let escapes = memchr::memmem::find_iter(bytes, b"\\u").filter(|&at| at >= from);
        let end = literals.iter().flat_map(window_ends).chain(escapes).min().unwrap_or(bytes.len());
        let swept = &bytes[from..end];
        let lines: Vec<&[u8]> = swept.split(|&byte| byte == b'\n').collect();
        let whole = &lines[..lines.len() - 1];
        let blank = whole.iter().filter(|line| line.iter().all(u8::is_ascii_whitespace)).count();
        Sweep { end, newlines: whole.len() as u32, blank: blank as u32 }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

        #[test]
        fn finds_what_a_naive_search_finds(
            texts in prop_oneof![proptest::collection::vec("[xyzé]{3,6}", 0..4), proptest::collection::vec("[xyzé]{3,6}", 0..40)],
            before in "[xyz \n\\\\ué]{0,20}", bytes in "[a-z \n\r\t\\\\ué{}]{0,120}", put in proptest::option::of(0..40_usize),
        ) {
            let literals = Literal::all_of(&texts).unwrap();
            let prefilter = Prefilter { texts: Texts::new(literals) };
            let text = put.and_then(|put| texts.get(put)).map_or("", String::as_str);
            let all = format!("{before}\n{bytes}{text}{bytes}");
            let from = before.len() + 1;
            prop_assert_eq!(prefilter.sweep(all.as_bytes(), from), naive(&texts, all.as_bytes(), from));
            prop_assert_eq!(prefilter.sweep(all.as_bytes(), 0), naive(&texts, all.as_bytes(), 0));
        }
    }

    #[test]
    fn every_text_is_found_everywhere() {
        for count in [1, 2, 3, 64] {
            let texts: Vec<String> = (0..count).map(|number| format!("key{number:02}")).collect();
            let prefilter = Prefilter { texts: Texts::new(Literal::all_of(&texts).unwrap()) };
            for text in &texts {
                // Over the border of a step, and far from the end.
                for lead in 0..140 {
                    let bytes = format!("{}{text}{}", "-".repeat(lead), "-".repeat(300 - lead));
                    let swept = prefilter.sweep(bytes.as_bytes(), 0);
                    assert!((lead..lead + text.len()).contains(&swept.end), "{text} behind {lead}");
                }
            }
            let without = "key".repeat(100);
            assert_eq!(prefilter.sweep(without.as_bytes(), 0).end, without.len());
        }
    }
}
