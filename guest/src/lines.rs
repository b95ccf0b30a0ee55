//! The lines of a batch.

use crate::prefilter::Prefilter;

/// Goes through the lines of a batch, the last one with or without a newline,
/// and gives those that some rule could match.
pub(crate) struct Lines<'a, 'p> {
    batch: &'a str,
    /// None: all lines are given that are not blank.
    prefilter: Option<&'p Prefilter>,
    /// Where the next line begins.
    at: usize,
    /// Its number, from 0.
    number: u32,
    /// How many were blank.
    blank: u32,
}

impl<'a, 'p> Lines<'a, 'p> {
    pub(crate) fn new(batch: &'a str, prefilter: Option<&'p Prefilter>) -> Self {
        Self { batch, prefilter, at: 0, number: 0, blank: 0 }
    }

    /// How many lines there were so far, blank ones included.
    pub(crate) fn line_count(&self) -> u32 {
        self.number
    }

    /// How many of them were not blank.
    pub(crate) fn events(&self) -> u32 {
        self.number - self.blank
    }

    /// Steps over lines that no rule can match.
    fn step_over(&mut self, prefilter: &Prefilter) {
        let bytes = self.batch.as_bytes();
        let swept = prefilter.sweep(bytes, self.at);
        self.number += swept.newlines;
        self.blank += swept.blank;
        let before = bytes.get(self.at..swept.end).unwrap_or_default();
        let line = memchr::memrchr(b'\n', before).map_or(self.at, |newline| self.at + newline + 1);
        self.at = line;
        if swept.end == bytes.len() && self.at < swept.end {
            // The last line has no newline.
            let last = bytes.get(self.at..).unwrap_or_default();
            self.number += 1;
            self.blank += u32::from(last.iter().all(u8::is_ascii_whitespace));
            self.at = bytes.len();
        }
    }
}

impl<'a> Iterator for Lines<'a, '_> {
    type Item = (u32, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(prefilter) = self.prefilter {
                self.step_over(prefilter);
            }
            let rest = self.batch.get(self.at..)?;
            if rest.is_empty() {
                return None;
            }
            let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let line = rest.get(..end)?;
            let number = self.number;
            self.at += end + 1;
            self.number += 1;
            if !line.bytes().all(|byte| byte.is_ascii_whitespace()) {
                return Some((number, line));
            }
            self.blank += 1;
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

    proptest! {
        #[test]
        fn leaves_out_what_has_no_text(lines in proptest::collection::vec("[a \r\t]{0,3}|x{0,40}(dpkg|\\\\u0064)?x{0,3}", 0..12), ends: bool) {
            let batch = lines.join("\n") + if ends { "\n" } else { "" };
            let (engine, _) = Engine::new(&Documents::default(), Settings::default());
            let prefilter = Prefilter::new(engine.rules()).unwrap();

            let mut all = Lines::new(&batch, None);
            prop_assert_eq!((&mut all).collect::<Vec<_>>(), naive(&batch));
            let mut some = Lines::new(&batch, Some(&prefilter));
            let possible = naive(&batch).into_iter().filter(|(_, line)| line.contains("dpkg") || line.contains("\\u"));
            prop_assert_eq!((&mut some).collect::<Vec<_>>(), possible.collect::<Vec<_>>());
            prop_assert_eq!((some.line_count(), some.events()), (all.line_count(), all.events()));
            prop_assert_eq!(all.line_count() as usize, batch.lines().count());
            prop_assert_eq!(all.events() as usize, naive(&batch).len());
        }
    }
}
