//! The members of an object, by what they should be.

use serde_json::{Map, Value};

/// An object of a document, asked for its members. One that is `null` is as
/// good as absent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Members<'o>(&'o Map<String, Value>);

/// What a member should be, and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    Text,
    Array,
    /// An array it is, but one of its elements is no text.
    Texts,
    WholeNumber,
    Flag,
    Object,
}

impl Mismatch {
    /// As errors about rules say it.
    pub(crate) const fn cause(self) -> &'static str {
        match self {
            Self::Text => "not a string",
            Self::Array => "not an array",
            Self::Texts => "an element is not a string",
            Self::WholeNumber => "not a whole number",
            Self::Flag => "neither true nor false",
            Self::Object => "not an object",
        }
    }
}

impl<'o> Members<'o> {
    pub(crate) const fn of(object: &'o Map<String, Value>) -> Self {
        Self(object)
    }

    /// A member, whatever it is.
    pub(crate) fn value(self, name: &str) -> Option<&'o Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Is it there, be it `null`?
    pub(crate) fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn text(self, name: &str) -> Result<Option<&'o str>, Mismatch> {
        self.read(name, Value::as_str, Mismatch::Text)
    }

    pub(crate) fn array(self, name: &str) -> Result<Option<&'o [Value]>, Mismatch> {
        self.read(name, |value| value.as_array().map(Vec::as_slice), Mismatch::Array)
    }

    /// An array of texts.
    pub(crate) fn texts(self, name: &str) -> Result<Option<Vec<String>>, Mismatch> {
        let Some(elements) = self.array(name)? else { return Ok(None) };
        let texts = elements.iter().map(|element| element.as_str().map(str::to_owned));
        texts.collect::<Option<_>>().map(Some).ok_or(Mismatch::Texts)
    }

    pub(crate) fn whole_number(self, name: &str) -> Result<Option<u64>, Mismatch> {
        self.read(name, Value::as_u64, Mismatch::WholeNumber)
    }

    pub(crate) fn flag(self, name: &str) -> Result<Option<bool>, Mismatch> {
        self.read(name, Value::as_bool, Mismatch::Flag)
    }

    pub(crate) fn object(self, name: &str) -> Result<Option<Self>, Mismatch> {
        self.read(name, |value| value.as_object().map(Self), Mismatch::Object)
    }

    fn read<T>(
        self,
        name: &str,
        read: impl FnOnce(&'o Value) -> Option<T>,
        mismatch: Mismatch,
    ) -> Result<Option<T>, Mismatch> {
        self.value(name).map(|value| read(value).ok_or(mismatch)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_is_what_it_should_be_or_absent() {
        let json =
            json!({"t": "x", "n": null, "a": ["x", "y"], "m": ["x", 1], "w": 7, "f": -1, "b": false, "o": {"t": "y"}});
        let members = Members::of(json.as_object().unwrap());
        assert_eq!((members.text("t"), members.text("n"), members.text("-")), (Ok(Some("x")), Ok(None), Ok(None)));
        assert_eq!((members.has("n"), members.has("-")), (true, false));
        assert_eq!(members.text("w"), Err(Mismatch::Text));
        assert_eq!(members.texts("a"), Ok(Some(vec!["x".to_owned(), "y".to_owned()])));
        assert_eq!((members.texts("m"), members.texts("t")), (Err(Mismatch::Texts), Err(Mismatch::Array)));
        assert_eq!((members.whole_number("w"), members.whole_number("f")), (Ok(Some(7)), Err(Mismatch::WholeNumber)));
        assert_eq!((members.flag("b"), members.flag("w")), (Ok(Some(false)), Err(Mismatch::Flag)));
        assert_eq!(members.object("o").unwrap().unwrap().text("t"), Ok(Some("y")));
        assert_eq!(members.object("a").unwrap_err(), Mismatch::Object);
    }
}
