//! Texts that each match contains.

use alloc::string::String;

use super::tree::Tree;

/// What is known of all matches of a tree.
#[derive(Clone, Debug)]
enum Known {
    /// There is only this one.
    Whole(String),
    /// There may be others.
    Parts {
        /// How each begins.
        prefix: String,
        /// How each ends.
        suffix: String,
        /// The longest text that is found to be in each.
        longest: String,
    },
}

/// The longest text that is found to be in each match of a tree, perhaps empty; of equals the first.
/// `keeps`: whether a character may be part of it.
pub(super) fn required(tree: &Tree, keeps: fn(char) -> bool) -> String {
    match known(tree, keeps) {
        Known::Whole(text) => text,
        Known::Parts { longest, .. } => longest,
    }
}

fn known(tree: &Tree, keeps: fn(char) -> bool) -> Known {
    match tree {
        Tree::Chars(chars) => match chars.single().filter(|&c| keeps(c)) {
            Some(c) => Known::Whole(String::from(c)),
            None => Known::nothing(),
        },
        Tree::Sequence(trees) => sequence(trees, keeps),
        Tree::Intersection(trees) => {
            let longest = trees.iter().map(|tree| required(tree, keeps)).fold(String::new(), longer);
            Known::Parts { prefix: String::new(), suffix: String::new(), longest }
        }
        Tree::Repeat { of, min: 1, max: Some(1) } => known(of, keeps),
        Tree::Repeat { of, min: 1.., .. } => match known(of, keeps) {
            Known::Whole(text) => Known::Parts { prefix: text.clone(), suffix: text.clone(), longest: text },
            parts @ Known::Parts { .. } => parts,
        },
        Tree::Union(_) | Tree::Complement(_) | Tree::Repeat { .. } => Known::nothing(),
    }
}

fn sequence(trees: &[Tree], keeps: fn(char) -> bool) -> Known {
    let mut begin = None;
    // What is known of the end so far.
    let mut run = String::new();
    let mut longest = String::new();
    for tree in trees {
        match known(tree, keeps) {
            Known::Whole(text) => run.push_str(&text),
            Known::Parts { prefix, suffix, longest: inner } => {
                run.push_str(&prefix);
                if begin.is_none() {
                    begin = Some(run.clone());
                }
                longest = longer(longer(longest, run), inner);
                run = suffix;
            }
        }
    }
    match begin {
        None => Known::Whole(run),
        Some(prefix) => Known::Parts { prefix, longest: longer(longest, run.clone()), suffix: run },
    }
}

/// The longer one, the first of equals.
fn longer(one: String, other: String) -> String {
    if other.len() > one.len() { other } else { one }
}

impl Known {
    const fn nothing() -> Self {
        Self::Parts { prefix: String::new(), suffix: String::new(), longest: String::new() }
    }
}
