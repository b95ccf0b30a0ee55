//! What the author of a mapping file should know.

/// Most warnings of a document.
const MAX_WARNINGS: usize = 50;

/// Sentences, each once, up to a number.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    list: Vec<String>,
    more: usize,
}

impl Warnings {
    /// Adds one, unless it is there or there are too many.
    pub(super) fn add(&mut self, warning: String) {
        if self.list.len() >= MAX_WARNINGS {
            self.more += 1;
        } else if !self.list.contains(&warning) {
            self.list.push(warning);
        }
    }

    /// Is there none?
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl From<Warnings> for Vec<String> {
    fn from(warnings: Warnings) -> Self {
        let Warnings { mut list, more } = warnings;
        if more > 0 {
            list.push(format!("and {more} more"));
        }
        list
    }
}
