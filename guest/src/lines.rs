//! The lines of a batch.

use crate::prefilter::Prefilter;

/// Goes through the lines of a batch, the last one with or without a newline,
/// and gives those that some rule could match.
pub(crate) struct Lines<'a, 'p> {
    batch: &'a str,
    /// None: all lines are given that are not blank.
    prefilter: Option<&'p Prefilter>,
    place: LinePlace,
}

/// Where in a batch the next line begins.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LinePlace {
    /// Its first byte.
    pub(crate) at: usize,
    /// Its number, from 0.
    pub(crate) number: u32,
    /// How many lines before it were blank.
    blank: u32,
}

impl<'a, 'p> Lines<'a, 'p> {
    /// Those from a place on.
    pub(crate) fn new(batch: &'a str, prefilter: Option<&'p Prefilter>, place: LinePlace) -> Self {
        Self { batch, prefilter, place }
    }

    /// How many lines there were so far, blank ones included.
    pub(crate) fn line_count(&self) -> u32 {
        self.place.number
    }

    /// How many of them were not blank.
    pub(crate) fn events(&self) -> u32 {
        self.place.number - self.place.blank
    }

    /// Steps over lines that no rule can match.
    fn step_over(&mut self, prefilter: &Prefilter) {
        let bytes = self.batch.as_bytes();
        let swept = prefilter.sweep(bytes, self.place.at);
        self.place.number += swept.newlines;
        self.place.blank += swept.blank;
        let before = bytes.get(self.place.at..swept.end).unwrap_or_default();
        let line = memchr::memrchr(b'\n', before).map_or(self.place.at, |newline| self.place.at + newline + 1);
        self.place.at = line;
        if swept.end == bytes.len() && self.place.at < swept.end {
            // The last line has no newline.
            let last = bytes.get(self.place.at..).unwrap_or_default();
            self.place.number += 1;
            self.place.blank += u32::from(last.iter().all(u8::is_ascii_whitespace));
            self.place.at = bytes.len();
        }
    }
}

impl<'a> Iterator for Lines<'a, '_> {
    type Item = (LinePlace, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(prefilter) = self.prefilter {
                self.step_over(prefilter);
            }
            let rest = self.batch.get(self.place.at..)?;
            if rest.is_empty() {
                return None;
            }
            let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let line = rest.get(..end)?;
            let place = self.place;
            self.place.at += end + 1;
            self.place.number += 1;
            if !line.bytes().all(|byte| byte.is_ascii_whitespace()) {
                return Some((place, line));
            }
            self.place.blank += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::{Documents, Engine, Settings};

    fn naive(batch: &str) -> Vec<(u32, &str)> {
        let lines = (0..).zip(batch.split('\n'));
        lines.filter(|(_, line)| !line.bytes().all(|byte| byte.is_ascii_whitespace())).collect()
    }

    fn numbered<'a>(lines: &mut Lines<'a, '_>) -> Vec<(u32, &'a str)> {
        lines.map(|(place, line)| (place.number, line)).collect()
    }

    proptest! {
        #[test]
        fn leaves_out_what_has_no_text(lines in proptest::collection::vec("[a \r\t]{0,3}|x{0,40}(dpkg|\\\\u0064)?x{0,3}", 0..12), ends: bool) {
            let batch = lines.join("\n") + if ends { "\n" } else { "" };
            let (engine, _) = Engine::new(&Documents::default(), Settings::default());
            let prefilter = Prefilter::new(engine.rules()).unwrap();

            let mut all = Lines::new(&batch, None, LinePlace::default());
            prop_assert_eq!(numbered(&mut all), naive(&batch));
            let mut some = Lines::new(&batch, Some(&prefilter), LinePlace::default());
            let possible = naive(&batch).into_iter().filter(|(_, line)| line.contains("dpkg") || line.contains("\\u"));
            prop_assert_eq!(numbered(&mut some), possible.collect::<Vec<_>>());
            prop_assert_eq!((some.line_count(), some.events()), (all.line_count(), all.events()));
            prop_assert_eq!(all.line_count() as usize, batch.lines().count());
            prop_assert_eq!(all.events() as usize, naive(&batch).len());

            // From any of its lines on the rest is the same.
            let places: Vec<_> = Lines::new(&batch, Some(&prefilter), LinePlace::default()).collect();
            for (number, (place, _)) in places.iter().enumerate() {
                let mut rest = Lines::new(&batch, Some(&prefilter), *place);
                let expected: Vec<_> = places[number..].iter().map(|(place, line)| (place.number, *line)).collect();
                prop_assert_eq!(numbered(&mut rest), expected);
                prop_assert_eq!((rest.line_count(), rest.events()), (all.line_count(), all.events()));
            }
        }
    }
}
