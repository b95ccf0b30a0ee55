//! Patterns with question marks.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::clause::Part;

/// A pattern with question marks.
///
/// What stands between stars is looked for once, as far left as it can be. For each character of
/// the text that takes a step for every 64 characters of the pattern, whatever the text holds.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct Glob {
    /// The runs of characters around the stars, one more than there are stars; empty ones between
    /// two stars are left out.
    runs: Box<[Run]>,
}

/// Characters in a row; none stands for any one.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
struct Run {
    chars: Vec<Option<char>>,
    /// For each character of the run, in order, the places where it fits, a bit each; those of a
    /// question mark included. Only of a run that is looked for.
    places: Vec<(char, Box<[u64]>)>,
    /// The places where any character fits.
    any: Box<[u64]>,
}

impl Glob {
    /// `fold`: how the texts will be, whose characters the pattern has to have.
    pub(super) fn new(parts: &[Part], fold: impl Fn(char) -> char) -> Self {
        let mut runs = vec![Vec::new()];
        for part in parts {
            match (part, runs.last_mut()) {
                (Part::Text(text), Some(run)) => run.extend(text.chars().map(|c| Some(fold(c)))),
                (Part::One, Some(run)) => run.push(None),
                _ => runs.push(Vec::new()),
            }
        }
        let last = runs.len() - 1;
        let is_end = |place: usize| place == 0 || place == last;
        let runs = runs.into_iter().enumerate().filter(|(place, run)| is_end(*place) || !run.is_empty());
        let runs = runs.map(|(place, chars)| if is_end(place) { Run::at_end(chars) } else { Run::inner(chars) });
        Self { runs: runs.collect() }
    }

    /// About how much a byte of a text costs.
    pub(crate) fn weight(&self) -> u64 {
        4 + self.runs.iter().map(|run| run.any.len() as u64).max().unwrap_or_default()
    }

    /// Calls `visit` with the texts that each match contains.
    pub(crate) fn for_each_text(&self, visit: &mut impl FnMut(&str)) {
        for text in self.runs.iter().flat_map(|run| run.chars.split(Option::is_none)) {
            visit(&text.iter().flatten().collect::<String>());
        }
    }

    /// The longest text that each match contains, perhaps empty.
    pub(crate) fn longest(&self) -> String {
        let texts = self.runs.iter().flat_map(|run| run.chars.split(Option::is_none));
        texts.max_by_key(|text| text.len()).unwrap_or_default().iter().flatten().collect()
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        match &*self.runs {
            [] => text.is_empty(),
            [only] => begins_with(text, only).is_some_and(str::is_empty),
            [first, inner @ .., last] => {
                let rest = begins_with(text, first).and_then(|rest| ends_with(rest, last));
                rest.and_then(|rest| inner.iter().try_fold(rest, behind)).is_some()
            }
        }
    }
}

/// What of a text comes after a run that it begins with.
fn begins_with<'t>(text: &'t str, run: &Run) -> Option<&'t str> {
    let mut chars = text.chars();
    let fits = run.chars.iter().all(|&wanted| chars.next().is_some_and(|c| wanted.is_none_or(|wanted| wanted == c)));
    fits.then_some(chars.as_str())
}

/// What of a text comes before a run that it ends with.
fn ends_with<'t>(text: &'t str, run: &Run) -> Option<&'t str> {
    let mut chars = text.chars();
    let mut wanted = run.chars.iter().rev();
    let fits = wanted.all(|&wanted| chars.next_back().is_some_and(|c| wanted.is_none_or(|wanted| wanted == c)));
    fits.then_some(chars.as_str())
}

/// So many words of a run take no memory of their own.
const FEW_WORDS: usize = 4;

/// What of a text comes after the first place where a run is.
fn behind<'t>(text: &'t str, run: &Run) -> Option<&'t str> {
    let mut chars = text.chars();
    // A bit for each place of the run: it and all before it have just come.
    let (mut few, mut many) = ([0; FEW_WORDS], Vec::new());
    let come = match few.get_mut(..run.any.len()) {
        Some(few) => few,
        None => {
            many.resize(run.any.len(), 0);
            &mut *many
        }
    };
    while let Some(c) = chars.next() {
        let fits = run.places_of(c);
        let mut carry = 1;
        for (come, fits) in come.iter_mut().zip(fits) {
            let next = *come >> 63;
            *come = (*come << 1 | carry) & fits;
            carry = next;
        }
        if run.is_complete(come) {
            return Some(chars.as_str());
        }
    }
    None
}

impl Run {
    /// One that a text begins or ends with.
    fn at_end(chars: Vec<Option<char>>) -> Self {
        Self { chars, ..Self::default() }
    }

    /// One that may be anywhere.
    fn inner(chars: Vec<Option<char>>) -> Self {
        let mut run = Self { chars, ..Self::default() };
        let mut known: Vec<char> = run.chars.iter().flatten().copied().collect();
        known.sort_unstable();
        known.dedup();
        run.any = run.bits(|wanted| wanted.is_none());
        run.places = known.iter().map(|&c| (c, run.bits(|wanted| wanted.is_none_or(|wanted| wanted == c)))).collect();
        run
    }

    fn bits(&self, fits: impl Fn(Option<char>) -> bool) -> Box<[u64]> {
        let word = |chars: &[Option<char>]| {
            (0..).zip(chars).fold(0, |word, (place, &wanted)| word | u64::from(fits(wanted)) << place)
        };
        self.chars.chunks(64).map(word).collect()
    }

    fn places_of(&self, c: char) -> &[u64] {
        let found = self.places.binary_search_by_key(&c, |(known, _)| *known);
        found.ok().and_then(|place| self.places.get(place)).map_or(&self.any, |(_, places)| places)
    }

    fn is_complete(&self, come: &[u64]) -> bool {
        let last = self.chars.len().wrapping_sub(1);
        come.get(last / 64).is_some_and(|word| word >> (last % 64) & 1 == 1)
    }
}
