//! A long list, a part at a time.

/// A part of a list that is too long for one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Some of it, in order; none at all may be, though there is more.
    pub items: Vec<T>,
    /// Behind what the next part begins; none at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The first `max` of a list that is in the order of `key`.
    pub fn of(list: impl IntoIterator<Item = T>, max: usize, key: impl Fn(&T) -> &str) -> Self {
        let mut list = list.into_iter().peekable();
        let items: Vec<T> = list.by_ref().take(max).collect();
        let last = items.last().map(|last| key(last).to_owned());
        Self { next: last.filter(|_| list.peek().is_some()), items }
    }
}
