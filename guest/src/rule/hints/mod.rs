//! What a rule probably does not mean, though Kibana would run it without a
//! word, too.

mod eql;
mod kql;

use std::collections::BTreeMap;

pub(super) use eql::of as of_eql;
pub(super) use kql::of as of_kql;

/// Places that are named of each slip; the rest are counted.
const NAMED_MAX: usize = 3;

/// Longest place that is shown, in characters.
const SHOWN_CHARS: usize = 60;

/// The places of a query where something may have slipped, as they are written.
struct Found<'t, S> {
    places: BTreeMap<S, Vec<&'t str>>,
}

impl<S> Default for Found<'_, S> {
    fn default() -> Self {
        Self { places: BTreeMap::new() }
    }
}

impl<'t, S: Ord + Copy> Found<'t, S> {
    fn note(&mut self, slip: S, written: &'t str) {
        let places = self.places.entry(slip).or_default();
        // The values of a group share their field.
        if !places.last().is_some_and(|last| std::ptr::eq(*last, written)) {
            places.push(written);
        }
    }

    /// One sentence for each slip.
    fn sentences(self, explanation: impl Fn(S) -> &'static str) -> Vec<String> {
        let sentence = |(slip, places): (S, Vec<&str>)| {
            let named: Vec<String> = places.iter().take(NAMED_MAX).map(|place| format!("`{}`", shown(place))).collect();
            let more = match places.len().saturating_sub(NAMED_MAX) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{}{more}: {}", named.join(", "), explanation(slip))
        };
        self.places.into_iter().map(sentence).collect()
    }
}

/// Does a text end in a star that a backslash makes an ordinary character?
pub(crate) fn ends_in_escaped_star(text: &str) -> bool {
    let before = text.strip_suffix('*').unwrap_or_default();
    let backslashes = before.bytes().rev().take_while(|&byte| byte == b'\\').count();
    backslashes % 2 == 1
}

/// The beginning of a text.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_places_are_cut() {
        assert_eq!(shown(&"é".repeat(61)), "é".repeat(60) + "…");
        assert_eq!(shown(&"é".repeat(60)), "é".repeat(60));
    }
}
