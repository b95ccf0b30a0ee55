//! Lines that are not shown to a module.

use firstseen_decode::decode_beginning;

use crate::outcome::{Fault, MalformedLine};

/// A line that is not shown to the module, with what the module says of it in an
/// alert of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetApart {
    /// Line of the batch, from 0; the batch has an empty line in its place.
    pub line: usize,
    /// Why.
    pub cause: SetApartCause,
    /// Identity of the event: a digest of its bytes.
    pub event: String,
    /// How the line begins, up to 1 KiB of it; what cannot be decoded replaced.
    pub beginning: String,
}

/// Why a line is not shown to the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetApartCause {
    /// It is longer than a line may be.
    TooLong,
    /// It is not UTF-8.
    NotUtf8,
    /// The module failed on it.
    Failed,
}

/// A line that is set apart, taken piece by piece.
///
/// ```
/// use firstseen::{SetApartCause, SetApartLine};
///
/// let mut line = SetApartLine::default();
/// line.push(b"{\"message\":\"");
/// line.push(b"very long");
/// let set_apart = line.finish(0, SetApartCause::TooLong);
/// assert_eq!(set_apart.beginning, "{\"message\":\"very long");
/// ```
#[derive(Clone, Debug, Default)]
pub struct SetApartLine {
    hasher: blake3::Hasher,
    beginning: Vec<u8>,
}

/// How much of a line is shown.
const BEGINNING_BYTES: usize = 1024;

impl SetApartLine {
    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        let room = BEGINNING_BYTES - self.beginning.len();
        self.beginning.extend(bytes.iter().take(room));
    }

    /// What all pieces make, as a line of a batch.
    #[must_use]
    pub fn finish(self, line: usize, cause: SetApartCause) -> SetApart {
        let hash = self.hasher.finalize();
        let event: String = hash.to_hex().chars().take(32).collect();
        // A character that is cut in two is no fault of the line.
        let mut beginning = decode_beginning(&self.beginning);
        if self.beginning.len() == BEGINNING_BYTES {
            beginning.truncate(beginning.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
        }
        SetApart { line, cause, event, beginning }
    }
}

impl SetApart {
    /// The same for what is counted; a line on which a module failed is no worse
    /// than others.
    pub(crate) fn malformed(&self) -> Option<MalformedLine> {
        let fault = match self.cause {
            SetApartCause::TooLong => Fault::TooLong,
            SetApartCause::NotUtf8 => Fault::NotUtf8,
            SetApartCause::Failed => return None,
        };
        Some(MalformedLine { line: self.line, offset: 0, fault })
    }

    /// A line of a batch.
    pub(crate) fn of(line: usize, cause: SetApartCause, bytes: &[u8]) -> Self {
        let mut pieces = SetApartLine::default();
        pieces.push(bytes.trim_ascii());
        pieces.finish(line, cause)
    }
}

/// Whether Elasticsearch could take a line for a document. The module raises its
/// alert about such lines alone.
pub(crate) fn begins_as_object(line: &str) -> bool {
    line.trim_start_matches('\u{feff}').trim_ascii_start().starts_with(['{', '/', '#'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_its_bytes_as_the_module_has_it() {
        let set_apart = SetApart::of(3, SetApartCause::NotUtf8, b"{}\r");
        assert_eq!((set_apart.line, &*set_apart.event), (3, "6e46dd10defc9b56c29a6ec56b508c21"));
    }

    #[test]
    fn beginnings_are_cut_between_characters() {
        let of = |text: &[u8]| SetApart::of(0, SetApartCause::TooLong, text).beginning;
        let long = format!("a{}", "é".repeat(1000));
        assert_eq!(of(long.as_bytes()).len(), 1023);
        assert_eq!(of(b"{\xff}"), "{\u{fffd}}");
        assert_eq!(of(&b"\0{\0}".repeat(500)).len(), 512);
    }
}
