//! Where what the operator should know goes, from any thread.

/// Takes a line at a time.
pub(crate) struct Tell(Box<dyn Fn(&str) + Send + Sync>);

impl Tell {
    /// `warn` gets each line.
    pub(crate) fn new(warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Box::new(warn))
    }

    /// Tells of something that is not as it should be.
    pub(crate) fn warn(&self, text: &str) {
        (self.0)(text);
    }
}
