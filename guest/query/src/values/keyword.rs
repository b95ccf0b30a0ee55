//! Values as a keyword has them.

use alloc::borrow::Cow;

use crate::texts::analysis::lowercase_text;

/// How a value becomes the text that is indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeywordForm {
    pub(crate) ignore_above: Option<u32>,
    pub(crate) lowercase: bool,
}

impl KeywordForm {
    pub(crate) const PLAIN: Self = Self { ignore_above: None, lowercase: false };
    /// Of strings that are not mapped: what Elastic's templates make of them.
    pub(crate) const DYNAMIC: Self = Self { ignore_above: Some(1024), lowercase: false };

    /// Is a text short enough to be indexed?
    pub(crate) fn keeps(self, text: &str) -> bool {
        let Some(limit) = self.ignore_above else { return true };
        let limit = limit as usize;
        // There are no more UTF-16 units than bytes.
        text.len() <= limit || text.chars().map(char::len_utf16).sum::<usize>() <= limit
    }

    /// The text that is indexed; none if it is too long.
    pub(crate) fn indexed(self, text: Cow<'_, str>) -> Option<Cow<'_, str>> {
        if !self.keeps(&text) {
            return None;
        }
        if !self.lowercase {
            return Some(text);
        }
        match lowercase_text(&text) {
            Cow::Borrowed(_) => Some(text),
            Cow::Owned(folded) => Some(Cow::Owned(folded)),
        }
    }
}
