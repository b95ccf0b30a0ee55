//! Walking a part of an event that a projection kept as it stands.

use firstseen_query::{JsonStr, Scalar};

use super::grammar::Cursor;
use super::malformed::MAX_DEPTH;
use super::projection::without_last_dots;

/// Calls `test` with each value of a JSON text and its path, which begins as
/// `path` and is that again afterwards, until it answers true.
///
/// The text is one that a scan stepped over, so it may be anything. What nests
/// deeper than [`MAX_DEPTH`] is not looked at: a line with it is no event.
pub(super) fn any_leaf(json: &str, path: &mut String, test: &mut impl FnMut(&str, Scalar<'_>) -> bool) -> bool {
    let cursor = Cursor { bytes: json.as_bytes(), at: 0 };
    let mut walk = Walk { json, cursor };
    // A path of one empty key is empty too.
    let is_root = path.is_empty();
    walk.value(path, is_root, 0, test)
}

/// Calls `test` with the text of each object of a JSON text that is an object,
/// or an array with objects in it at any depth, until it answers true.
pub(super) fn any_object<'a>(json: &'a str, test: &mut impl FnMut(&'a str) -> bool) -> bool {
    let cursor = Cursor { bytes: json.as_bytes(), at: 0 };
    let mut walk = Walk { json, cursor };
    walk.objects(0, test)
}

struct Walk<'a> {
    json: &'a str,
    cursor: Cursor<'a>,
}

impl<'a> Walk<'a> {
    fn value(
        &mut self,
        path: &mut String,
        is_root: bool,
        depth: usize,
        test: &mut impl FnMut(&str, Scalar<'_>) -> bool,
    ) -> bool {
        match self.cursor.token() {
            b'{' | b'[' if depth >= MAX_DEPTH => {
                self.cursor.at = self.cursor.bytes.len();
                false
            }
            b'{' => self.elements(b'}', |walk| walk.member(path, is_root, depth + 1, test)),
            b'[' => self.elements(b']', |walk| walk.value(path, is_root, depth + 1, test)),
            _ => self.scalar().is_some_and(|scalar| test(path, scalar)),
        }
    }

    fn member(
        &mut self,
        path: &mut String,
        is_root: bool,
        depth: usize,
        test: &mut impl FnMut(&str, Scalar<'_>) -> bool,
    ) -> bool {
        let Some(key) = self.key() else { return false };
        let parent = path.len();
        if !is_root {
            path.push('.');
        }
        path.push_str(without_last_dots(&key.decode()));
        let found = self.value(path, false, depth, test);
        path.truncate(parent);
        found
    }

    fn objects(&mut self, depth: usize, test: &mut impl FnMut(&'a str) -> bool) -> bool {
        let byte = self.cursor.token();
        let start = self.cursor.at;
        match byte {
            b'{' => self.cursor.skip(0).is_ok() && test(self.json.get(start..self.cursor.at).unwrap_or_default()),
            b'[' if depth < MAX_DEPTH => self.elements(b']', |walk| walk.objects(depth + 1, test)),
            _ => {
                // What is no object is stepped over.
                let _ = self.cursor.skip(0);
                false
            }
        }
    }

    /// Goes through a container. It need not be left in order once something
    /// was found.
    fn elements(&mut self, closing: u8, mut element: impl FnMut(&mut Self) -> bool) -> bool {
        self.cursor.at += 1;
        if self.cursor.token() == closing {
            self.cursor.at += 1;
            return false;
        }
        loop {
            if element(self) {
                return true;
            }
            let more = self.cursor.token() == b',';
            self.cursor.at += 1;
            if !more {
                return false;
            }
        }
    }

    fn key(&mut self) -> Option<JsonStr<'a>> {
        let key = self.cursor.string().ok()?;
        self.cursor.expect(b':').ok()?;
        Some(JsonStr::new(self.json.get(key.start..key.end)?, key.escaped))
    }

    fn scalar(&mut self) -> Option<Scalar<'a>> {
        let byte = self.cursor.token();
        let start = self.cursor.at;
        match byte {
            b'"' => {
                let text = self.cursor.string().ok()?;
                Some(Scalar::String(JsonStr::new(self.json.get(text.start..text.end)?, text.escaped)))
            }
            _ => {
                self.cursor.skip(0).ok()?;
                match self.json.get(start..self.cursor.at)? {
                    "null" => None,
                    "true" => Some(Scalar::Bool(true)),
                    "false" => Some(Scalar::Bool(false)),
                    number => Some(Scalar::Number(number)),
                }
            }
        }
    }
}
