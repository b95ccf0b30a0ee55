//! An event as a tree over its own text.
//!
//! Scalars stay as they are written: a number keeps its digits, and no key of
//! an event can mean anything to the parser, both of which a general document
//! type does not give.

use std::borrow::Cow;
use std::collections::BTreeSet;

use firstseen_query::{JsonStr, same_text};

use crate::event::Cursor;

/// A value of an event.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node<'a> {
    /// A string, number, `true`, `false` or `null`, as written.
    Scalar(&'a str),
    Array(Vec<Node<'a>>),
    Object(Members<'a>),
}

/// Most objects of an event have no more members.
const MEMBERS_EXPECTED: usize = 8;

/// The members of an object, in the order of the text; of members with the
/// same name the last one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, Node<'a>)>);

impl<'a> Members<'a> {
    /// Parses an object that the scanner accepted, so nesting is bounded.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let mut cursor = Cursor { bytes: line.as_bytes(), at: 0 };
        cursor.object_start().ok()?;
        match Node::parse(line, &mut cursor)? {
            Node::Object(members) => Some(members),
            _ => None,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Node<'a>)> {
        self.0.iter().map(|(key, node)| (&**key, node))
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the members that `keep` says yes to.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&str, &mut Node<'a>) -> bool) {
        self.0.retain_mut(|(key, node)| keep(key, node));
    }

    /// The value of a field: nested objects or a literal dotted key, or any
    /// mixture.
    pub(super) fn get(&self, field: &str) -> Option<&Node<'a>> {
        if let Some((_, node)) = self.0.iter().find(|(key, _)| same_text(key, field)) {
            return Some(node);
        }
        field.match_indices('.').find_map(|(dot, _)| {
            let (head, tail) = (field.get(..dot)?, field.get(dot + 1..)?);
            match self.0.iter().find(|(key, _)| same_text(key, head))? {
                (_, Node::Object(members)) => members.get(tail),
                _ => None,
            }
        })
    }

    /// Writes the members as JSON, without the braces around them.
    pub(super) fn write_inner(&self, out: &mut String) {
        for (number, (key, node)) in self.0.iter().enumerate() {
            if number > 0 {
                out.push(',');
            }
            match key {
                // As it stands in the event, without escapes.
                Cow::Borrowed(key) => write_plain_key(key, out),
                Cow::Owned(key) => write_key(key, out),
            }
            node.write(out);
        }
    }
}

impl<'a> Node<'a> {
    fn parse(line: &'a str, cursor: &mut Cursor<'a>) -> Option<Self> {
        match cursor.token() {
            b'{' => {
                let mut members = Vec::with_capacity(MEMBERS_EXPECTED);
                Self::elements(cursor, b'}', |cursor| {
                    let key = cursor.string().ok()?;
                    cursor.expect(b':').ok()?;
                    let key = JsonStr::new(line.get(key.start..key.end)?, key.escaped).decode();
                    members.push((key, Self::parse(line, cursor)?));
                    Some(())
                })?;
                Some(Self::Object(Members(without_repeated(members))))
            }
            b'[' => {
                let mut elements = Vec::new();
                Self::elements(cursor, b']', |cursor| {
                    elements.push(Self::parse(line, cursor)?);
                    Some(())
                })?;
                Some(Self::Array(elements))
            }
            _ => {
                let start = cursor.at;
                cursor.scalar().ok()?;
                Some(Self::Scalar(line.get(start..cursor.at)?))
            }
        }
    }

    /// Reads what stands between the brackets here.
    fn elements(
        cursor: &mut Cursor<'a>,
        closing: u8,
        mut element: impl FnMut(&mut Cursor<'a>) -> Option<()>,
    ) -> Option<()> {
        cursor.at += 1;
        if cursor.token() == closing {
            cursor.at += 1;
            return Some(());
        }
        loop {
            element(cursor)?;
            let byte = cursor.token();
            cursor.at += 1;
            match byte {
                b',' => {}
                byte if byte == closing => return Some(()),
                _ => return None,
            }
        }
    }

    /// Takes empty arrays and objects out; says whether something is left.
    pub(super) fn prune(&mut self) -> bool {
        match self {
            Self::Scalar(_) => true,
            Self::Array(elements) => {
                elements.retain_mut(Self::prune);
                !elements.is_empty()
            }
            Self::Object(members) => {
                members.retain(|_, node| node.prune());
                !members.0.is_empty()
            }
        }
    }

    /// The value, or the first of an array that is one, other than `null`; none
    /// for an object.
    pub(super) fn first_scalar(&self) -> Option<&'a str> {
        match self {
            Self::Scalar("null") | Self::Object(_) => None,
            Self::Scalar(text) => Some(text),
            Self::Array(elements) => elements.iter().find_map(Self::first_scalar),
        }
    }

    /// The text of a string.
    pub(super) fn as_string(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Scalar(text) => {
                let inner = text.strip_prefix('"')?.strip_suffix('"')?;
                Some(JsonStr::new(inner, inner.contains('\\')).decode())
            }
            _ => None,
        }
    }

    /// Writes the value as JSON.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Scalar(text) => out.push_str(text),
            Self::Array(elements) => {
                out.push('[');
                for (number, element) in elements.iter().enumerate() {
                    if number > 0 {
                        out.push(',');
                    }
                    element.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                members.write_inner(out);
                out.push('}');
            }
        }
    }
}

/// Writes `"key":`.
pub(super) fn write_key(key: &str, out: &mut String) {
    if key.bytes().any(|byte| matches!(byte, b'"' | b'\\' | ..b' ')) {
        out.push_str(&serde_json::Value::from(key).to_string());
        out.push(':');
    } else {
        write_plain_key(key, out);
    }
}

/// The same for a key that needs no escapes.
fn write_plain_key(key: &str, out: &mut String) {
    out.reserve(key.len() + 3);
    out.push('"');
    out.push_str(key);
    out.push_str("\":");
}

/// Of so many members each is compared with each.
const FEW_MEMBERS: usize = 40;

fn without_repeated<'a>(mut members: Vec<(Cow<'a, str>, Node<'a>)>) -> Vec<(Cow<'a, str>, Node<'a>)> {
    let are_distinct = match members.len() {
        ..=FEW_MEMBERS => members.iter().enumerate().all(|(place, (key, _))| {
            let mut before = members.iter().take(place);
            before.all(|(other, _)| !same_text(key, other))
        }),
        count => members.iter().map(|(key, _)| &**key).collect::<BTreeSet<_>>().len() == count,
    };
    if are_distinct {
        return members;
    }
    let mut known = BTreeSet::new();
    members.reverse();
    members.retain(|(key, _)| known.insert(key.clone()));
    members.reverse();
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(line: &str) -> String {
        let mut out = String::new();
        Node::Object(Members::parse(line).unwrap()).write(&mut out);
        out
    }

    #[test]
    fn scalars_keep_their_text() {
        for line in [
            r#"{"a":1.0,"b":123456789012345678901234567890,"c":1e400,"d":-0,"e":"\u0041\/é"}"#,
            r#"{"a":[],"b":{},"c":[[{"d":null}],true]}"#,
            r#"{"$serde_json::private::Number":"oops"}"#,
            r#"{"a\"b":1,"\\":2,"\n":3}"#,
            "{}",
        ] {
            assert_eq!(rewritten(line), line);
        }
        assert_eq!(rewritten("{ \"\\u0061\" : [ 1 , 2 ] }\r"), r#"{"a":[1,2]}"#);
        let line = "\u{feff}//x\r{/*\"*/\"a\"/*:*/:/*{*/[/*]*/1/*,*/,2/**/]/*}*/}//x";
        assert_eq!(rewritten(line), r#"{"a":[1,2]}"#);
    }

    #[test]
    fn the_last_of_repeated_members_stays() {
        assert_eq!(rewritten(r#"{"a":1,"b":2,"a":3}"#), r#"{"b":2,"a":3}"#);
    }

    #[test]
    fn dotted_and_nested_are_one_field() {
        let members = Members::parse(r#"{"a":{"b":{"c":1}},"d.e":{"f":2},"g":{"h.i":3}}"#).unwrap();
        assert_eq!(members.get("a.b.c"), Some(&Node::Scalar("1")));
        assert_eq!(members.get("d.e.f"), Some(&Node::Scalar("2")));
        assert_eq!(members.get("g.h.i"), Some(&Node::Scalar("3")));
        assert_eq!(members.get("a.b.x"), None);
    }
}
