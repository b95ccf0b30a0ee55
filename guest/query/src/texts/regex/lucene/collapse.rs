//! Repetitions in a row.

use alloc::vec::Vec;

/// The characters of a pattern with their places, where of `+`, `*` and `?` in a row one is left.
///
/// Elasticsearch does that to the text, ahead of Lucene (9.5, `collapseConsecutiveQuantifiers` of
/// `AutomatonQueries`), which would make an automaton twice as large for each. What it leaves alone
/// is what *it* takes for escaped, quoted or in brackets, by the backslash first; and it takes the
/// first of a group for a repetition, which to Lucene stands for itself. `(*+)` so becomes `(*)`.
pub(super) fn collapsed(pattern: &str) -> Vec<(usize, char)> {
    let mut collapsed: Vec<(usize, char)> = Vec::with_capacity(pattern.len());
    let (mut closing, mut repeated) = (None, false);
    let mut chars = pattern.char_indices();
    while let Some((place, c)) = chars.next() {
        let repeats = closing.is_none() && matches!(c, '+' | '*' | '?');
        match collapsed.last_mut() {
            Some((_, last)) if repeats && repeated => *last = if *last == c { c } else { '*' },
            _ => collapsed.push((place, c)),
        }
        repeated = repeats;
        match (c, closing) {
            ('\\', _) => collapsed.extend(chars.next()),
            ('"', None) => closing = Some('"'),
            ('[', None) => closing = Some(']'),
            (c, Some(end)) if c == end => closing = None,
            _ => {}
        }
    }
    collapsed
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn of_repetitions_in_a_row_one_is_left() {
        for (pattern, left) in [
            ("", ""),
            ("a+b*c?", "a+b*c?"),
            ("a++", "a+"),
            ("a+?", "a*"),
            ("a??", "a?"),
            ("a*+?b", "a*b"),
            (r"a\++", r"a\++"),
            (r"a+\+", r"a+\+"),
            ("[+*?]*?", "[+*?]*"),
            ("\"+*?\"+?", "\"+*?\"*"),
            ("(*+)", "(*)"),
            ("a{2}?+", "a{2}*"),
            (r#""\"++"#, r#""\"++"#),
            (r"a+\", r"a+\"),
            ("[]+*]", "[]*]"),
        ] {
            let text: String = collapsed(pattern).into_iter().map(|(_, c)| c).collect();
            assert_eq!(text, left, "{pattern}");
        }
    }

    #[test]
    fn places_are_those_of_the_pattern() {
        assert_eq!(collapsed("é+?b"), [(0, 'é'), (2, '*'), (4, 'b')]);
    }
}
