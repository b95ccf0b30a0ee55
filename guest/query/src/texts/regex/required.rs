//! Texts that each match contains.

use alloc::string::String;
use alloc::vec::Vec;

use super::tree::Tree;

/// What is known of all matches of a tree.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The only match.
    whole: Option<String>,
    /// How each begins, and how each ends.
    prefix: String,
    suffix: String,
    /// The longest text that each contains.
    longest: String,
}

/// The longest text that is found to be in each match of a tree, perhaps empty. `keeps`: whether a
/// character may be part of it.
pub(super) fn required(tree: &Tree, keeps: fn(char) -> bool) -> String {
    known(tree, keeps).longest
}

fn known(tree: &Tree, keeps: fn(char) -> bool) -> Known {
    match tree {
        Tree::Chars(chars) => {
            chars.single().filter(|&c| keeps(c)).map(|c| Known::only(String::from(c))).unwrap_or_default()
        }
        Tree::Sequence(trees) => {
            trees.iter().map(|tree| known(tree, keeps)).fold(Known::only(String::new()), Known::then)
        }
        Tree::Intersection(trees) => {
            let longest = trees.iter().map(|tree| known(tree, keeps).longest).max_by_key(String::len);
            Known { longest: longest.unwrap_or_default(), ..Known::default() }
        }
        Tree::Repeat { of, min: 1, max: Some(1) } => known(of, keeps),
        Tree::Repeat { of, min: 1.., .. } => Known { whole: None, ..known(of, keeps) },
        Tree::Union(_) | Tree::Complement(_) | Tree::Repeat { .. } => Known::default(),
    }
}

impl Known {
    fn only(text: String) -> Self {
        Self { prefix: text.clone(), suffix: text.clone(), longest: text.clone(), whole: Some(text) }
    }

    /// What is known of matches of one behind those of another.
    fn then(mut self, next: Self) -> Self {
        let prefix = match &mut self.whole {
            Some(whole) => {
                whole.push_str(&next.prefix);
                whole.clone()
            }
            None => self.prefix,
        };
        let between = self.suffix.clone() + &next.prefix;
        let suffix = if next.whole.is_some() { self.suffix + &next.suffix } else { next.suffix };
        let whole = self.whole.filter(|_| next.whole.is_some());
        // Of equals the first.
        let texts: Vec<_> = Vec::from([self.longest, between, next.longest]);
        let longest = texts.into_iter().rev().max_by_key(String::len).unwrap_or_default();
        Self { whole, prefix, suffix, longest }
    }
}
