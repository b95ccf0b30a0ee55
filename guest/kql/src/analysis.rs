//! stub
use alloc::borrow::Cow;
use alloc::string::String;
pub(crate) fn lowercase(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}
pub(crate) fn lowercase_text(text: &str) -> Cow<'_, str> {
    Cow::Owned(text.chars().map(lowercase).collect::<String>())
}
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|t| !t.is_empty()).map(|t| lowercase_text(t))
}
