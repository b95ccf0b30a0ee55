//! What is picked from an event, by number.

/// The number of something that is picked from each event: the values of a field as a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// What is picked from an event, and the slot of each part. Programs of several queries share the
/// slots of one layout; equal paths get equal slots.
///
/// A path is that of nested objects and dotted keys alike, `process.parent.name`.
pub trait Layout {
    /// The slot of the values at a path, arrays flattened.
    fn values(&mut self, path: &str) -> Slot;

    /// The slot of all values at a path and below it, each with its own path from the event (or
    /// nested object) on. The path `""` is that of the whole event.
    fn leaves(&mut self, path: &str) -> Slot;

    /// The slot of the objects at a path, arrays flattened, and the layout of what is picked from
    /// each of them, by paths within it.
    fn objects(&mut self, path: &str) -> (Slot, &mut dyn Layout);
}
