//! Comments in `/* … */`, which nest.
//!
//! A `/*` within a comment may open one or be text, and Elasticsearch's lexer takes what makes the
//! longest comment that is complete. So `/* all of /tmp/* */` ends where it seems to; but with a
//! further comment behind it, it goes on to the end of that one, and what is between is none of
//! the query. The lexer prefers an end over text, and an opening over text, and gives up what it
//! prefers less once a comment is complete; the readings here are its own, in its order.

use alloc::vec::Vec;
use core::mem;

use firstseen_query::{Limit, MAX_DEPTH};

/// A way to read the comment so far: how many are open, and what the last character began.
#[derive(Clone, Copy)]
struct Reading {
    open: usize,
    half: Half,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    No,
    /// The `/` of `/*`.
    Opening,
    /// The `*` of `*/`.
    Closing,
}

/// Readings in order, each once.
#[derive(Default)]
struct Readings {
    list: Vec<Reading>,
    /// By what was begun, a bit for each count of those open.
    known: [u128; 3],
}

const _: () = assert!(MAX_DEPTH < u128::BITS as usize);

impl Readings {
    fn push(&mut self, open: usize, half: Half) {
        let Some(known) = self.known.get_mut(half as usize) else { return };
        if *known & (1 << open) == 0 {
            *known |= 1 << open;
            self.list.push(Reading { open, half });
        }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.known = [0; 3];
    }
}

/// Where the comment ends that `text` starts with; none if it has no end.
///
/// # Errors
///
/// One that nests deeper than [`MAX_DEPTH`].
pub(crate) fn comment_end(text: &str) -> Result<Option<usize>, Limit> {
    let (mut readings, mut next) = (Readings::default(), Readings::default());
    readings.push(1, Half::No);
    let mut end = None;
    for (at, byte) in text.bytes().enumerate().skip("/*".len()) {
        if !matches!(byte, b'/' | b'*') {
            readings.list.retain(|reading| reading.half == Half::No);
            continue;
        }
        next.clear();
        for &Reading { open, half } in &readings.list {
            match (half, byte) {
                (Half::Opening, b'*') if open == MAX_DEPTH => {
                    // Only the first reading takes all for marks that may be; others end sooner.
                    if next.list.is_empty() {
                        return Err(Limit::Depth);
                    }
                }
                (Half::Opening, b'*') => next.push(open + 1, Half::No),
                (Half::Closing, b'/') if open == 1 => {
                    end = Some(at + 1);
                    break;
                }
                (Half::Closing, b'/') => next.push(open - 1, Half::No),
                (Half::No, _) => {
                    next.push(open, if byte == b'/' { Half::Opening } else { Half::Closing });
                    next.push(open, Half::No);
                }
                (Half::Opening | Half::Closing, _) => {}
            }
        }
        mem::swap(&mut readings, &mut next);
        if readings.list.is_empty() {
            break;
        }
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    macro_rules! ends {
        ($($name:ident: $text:expr => $left:expr;)*) => {$(
            #[test]
            fn $name() {
                let end = comment_end($text).unwrap();
                assert_eq!(end.and_then(|end| $text.get(end..)), $left);
            }
        )*};
    }

    // What the lexer does that ANTLR makes of the rule.
    ends! {
        plain: "/* a */ x */" => Some(" x */");
        empty: "/**/ x */" => Some(" x */");
        stars: "/***/ x" => Some(" x");
        slash_within: "/*/ x */ y" => Some(" y");
        in_one: "/* a /* b */ c */ x */" => Some(" x */");
        open_within_is_text: "/* a /* b */ x" => Some(" x");
        open_within_takes_the_next: "/* a /tmp/*.sh */ x /* c */ y" => Some(" y");
        two_within_are_text: "/* /* /* */ a */ x" => Some(" x");
        sharing_a_star: "/*/*/ x" => Some(" x");
        sharing_a_star_and_closed: "/*/*/ x */ y */ z" => Some(" z");
        sharing_a_star_is_not_given_back: "/*/*/ x /* c */ y" => Some(" x /* c */ y");
        never: "/* a" => None;
        never_after_a_slash: "/*/" => None;
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| "/*".repeat(depth) + &"*/".repeat(depth);
        assert_eq!(comment_end(&nested(MAX_DEPTH)), Ok(Some(4 * MAX_DEPTH)));
        assert_eq!(comment_end(&nested(MAX_DEPTH + 1)), Err(Limit::Depth));
    }

    fn comments() -> impl Strategy<Value = String> {
        // No text of it ends or starts with a part of a mark.
        let text = "( [a*/]? |\n){0,3}";
        text.prop_recursive(4, 16, 3, move |inner| {
            proptest::collection::vec((text, inner, text), 0..3).prop_map(|parts| {
                let parts =
                    parts.into_iter().map(|(ahead, inner, behind)| alloc::format!("{ahead}/*{inner}*/{behind}"));
                parts.collect()
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn comments_that_nest_end_where_they_do(content in comments(), behind in "[ a*/]{0,8}") {
            let comment = alloc::format!("/*{content}*/");
            prop_assert_eq!(comment_end(&(comment.clone() + &behind)), Ok(Some(comment.len())));
        }
    }
}
