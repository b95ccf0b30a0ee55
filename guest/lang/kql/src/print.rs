//! Syntax tree to text.
//!
//! What is written parses to an equal tree, unless escapes take it beyond the limit on size.
//! Leaves that were written as one value group are written as one again.

use alloc::sync::Arc;
use core::fmt::{self, Display, Formatter, Write as _};

use firstseen_query::is_forbidden;

use crate::ast::{Node, NodeKind, Operand, OperandKind, Query};
use crate::lex;

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_node(f, self, Place::Or, false)
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            OperandKind::Text { text, quoted: true } => write_quoted(f, text),
            OperandKind::Text { text, .. } if text.is_empty() => f.write_str(EMPTY),
            OperandKind::Text { text, .. } => write_unquoted(f, text),
            OperandKind::Bool(value) => write!(f, "{value}"),
            OperandKind::Null => f.write_str("null"),
            OperandKind::Wildcard(pieces) => {
                for (number, piece) in pieces.iter().enumerate() {
                    if number > 0 {
                        f.write_char('*')?;
                    }
                    write_unquoted(f, piece)?;
                }
                Ok(())
            }
        }
    }
}

/// What may stand at a place without parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// One condition: the operand of `not`.
    Primary,
    /// Also a `not`: the operands of `and`.
    Not,
    /// Also an `and`: the operands of `or`.
    And,
    /// Anything.
    Or,
}

/// The narrowest place where a node needs no parentheses.
const fn place_of(node: &Node) -> Place {
    match node.kind {
        NodeKind::Or(_) => Place::Or,
        NodeKind::And(_) => Place::And,
        NodeKind::Not(_) => Place::Not,
        NodeKind::Is { .. } | NodeKind::Range { .. } | NodeKind::Nested { .. } => Place::Primary,
    }
}

/// Writes a node; `in_group` if its field is written already, ahead of a value group.
fn write_node(f: &mut Formatter<'_>, node: &Node, place: Place, in_group: bool) -> fmt::Result {
    let several = matches!(node.kind, NodeKind::And(_) | NodeKind::Or(_));
    if several
        && !in_group
        && let Some(field) = shared_field(node)
    {
        write!(f, "{field}:(")?;
        write_node(f, node, Place::Or, true)?;
        return f.write_char(')');
    }
    if place_of(node) > place {
        f.write_char('(')?;
        write_node(f, node, Place::Or, in_group)?;
        return f.write_char(')');
    }
    match &node.kind {
        NodeKind::And(nodes) => write_joined(f, nodes, " and ", Place::Not, in_group),
        NodeKind::Or(nodes) => write_joined(f, nodes, " or ", Place::And, in_group),
        NodeKind::Not(negated) => {
            f.write_str("not ")?;
            write_node(f, negated, Place::Primary, in_group)
        }
        NodeKind::Is { field, value } => match field {
            Some(field) if !in_group => write!(f, "{field}:{value}"),
            _ => value.fmt(f),
        },
        NodeKind::Range { field, op, value } => write!(f, "{field} {} {value}", op.symbol()),
        NodeKind::Nested { path, query } => {
            write!(f, "{path}:{{ ")?;
            write_node(f, query, Place::Or, false)?;
            f.write_str(" }")
        }
    }
}

fn write_joined(f: &mut Formatter<'_>, nodes: &[Node], joint: &str, place: Place, in_group: bool) -> fmt::Result {
    for (number, node) in nodes.iter().enumerate() {
        if number > 0 {
            f.write_str(joint)?;
        }
        write_node(f, node, place, in_group)?;
    }
    Ok(())
}

/// The field that all leaves of a node share because they were written as one value group.
///
/// Leaves that merely name the same field do not count: writing them as a group could nest
/// deeper than the query did.
fn shared_field(node: &Node) -> Option<&Arc<Operand>> {
    match &node.kind {
        NodeKind::Is { field, .. } => field.as_ref(),
        NodeKind::Not(negated) => shared_field(negated),
        NodeKind::And(nodes) | NodeKind::Or(nodes) => {
            let (first, others) = nodes.split_first()?;
            let field = shared_field(first)?;
            others.iter().all(|node| shared_field(node).is_some_and(|other| Arc::ptr_eq(field, other))).then_some(field)
        }
        NodeKind::Range { .. } | NodeKind::Nested { .. } => None,
    }
}

/// Unquoted text that is trimmed to nothing.
const EMPTY: &str = r"\u0020";

fn write_quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for (at, c) in text.char_indices() {
        match c {
            '"' => f.write_str("\\\"")?,
            // Alone it stands for itself, unless it and what follows would be an escape.
            '\\' => {
                let next = at + 1;
                let escapes = lex::peek(text, next).is_none_or(is_escaped) || lex::is_quoted_escape(text, next);
                f.write_str(if escapes { r"\\" } else { r"\" })?;
            }
            c => write_char(f, c)?,
        }
    }
    f.write_char('"')
}

fn write_unquoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    let mut after_space = false;
    let mut rest = text.chars();
    loop {
        let left = rest.as_str();
        let Some(c) = rest.next() else { break };
        let is_joint = after_space && (starts_word(left, "or") || starts_word(left, "and"));
        if starts_word(left, "not") {
            // `\not` would be a line feed and "ot".
            write!(f, "\\u{:04x}", u32::from(c))?;
        } else if is_joint || lex::is_special(c) {
            write!(f, "\\{c}")?;
        } else {
            write_char(f, c)?;
        }
        after_space = lex::is_space(c);
    }
    Ok(())
}

/// Does `text` start with a keyword that would be read as one? At the end of the text it might
/// be, for white space can follow.
fn starts_word(text: &str, word: &str) -> bool {
    let (Some(start), Some(rest)) = (text.get(..word.len()), text.get(word.len()..)) else {
        return false;
    };
    start.eq_ignore_ascii_case(word) && (rest.is_empty() || rest.starts_with(lex::is_space))
}

/// Is the character written as an escape though the grammar asks for none?
fn is_escaped(c: char) -> bool {
    matches!(c, '\t' | '\r' | '\n') || is_forbidden(c)
}

/// A character that needs no escape by the grammar; invisible ones get one all the same.
fn write_char(f: &mut Formatter<'_>, c: char) -> fmt::Result {
    match c {
        '\t' => f.write_str(r"\t"),
        '\r' => f.write_str(r"\r"),
        '\n' => f.write_str(r"\n"),
        // All of them are in the basic plane: four digits do.
        c if is_forbidden(c) => write!(f, "\\u{:04x}", u32::from(c)),
        c => f.write_char(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use alloc::string::{String, ToString};
    use alloc::vec;
    use alloc::vec::Vec;
    use firstseen_query::{RangeOp, Span};
    use proptest::prelude::*;

    use crate::parse;

    macro_rules! prints {
        ($($name:ident: $query:expr => $text:expr;)*) => {$(
            #[test]
            fn $name() {
                let tree = parse($query).unwrap();
                assert_eq!(tree.to_string(), $text);
                assert_eq!(parse($text).unwrap(), tree);
            }
        )*};
    }

    prints! {
        empty: " " => "*:*";
        space: " a : b\tAND  c :\"d\" " => "a:b and c:\"d\"";
        precedence: "(a:b or (c:d and (not (e:f))))" => "a:b or c:d and not e:f";
        kept_parens: "(a:b or c:d) and (e:f and g:h)" => "(a:b or c:d) and (e:f and g:h)";
        double_not: "not (not a:b)" => "not (not a:b)";
        value_group: "f : ( a OR ( b and not c* ) )" => "f:(a or b and not c*)";
        group_in_group: "f:(a and (b or c))" => "f:(a and (b or c))";
        group_negated: "not f:(a or b) or not f:(not c)" => "not f:(a or b) or not (not f:c)";
        no_new_group: "f:a or f:b" => "f:a or f:b";
        group_of_one: "f:((a))" => "f:a";
        range: "a>=1 and b < \"2\"" => "a >= 1 and b < \"2\"";
        nested_query: "n:{a:b or m:{c:(d or e)}}" => "n:{ a:b or m:{ c:(d or e) } }";
        bare: "a b or \"c\"" => "a b or \"c\"";
        operands: "true:* and null:null and *x*:f**" => "true:* and null:null and *x*:f**";
        specials: r#"a\:b:\(\*\)*"# => r"a\:b:\(\*\)*";
        keywords: r"x \or:a \OR b \and" => r"x \or:a \OR b \and";
        not_keyword: r"f:k\NOT a" => r"f:k\u004eOT a";
        control: "f:(a\\u0007\\u202eb or \"\\u0007\\n\")" => "f:(a\\u0007\\u202eb or \"\\u0007\\n\")";
        quoted_backslash: r#"f:"C:\W\\\t\\\users\\u0041\\""# => r#"f:"C:\W\\\t\\\users\\u0041\\""#;
        unquoted_nothing: r"f:\u0020" => r"f:\u0020";
    }

    fn unquoted(text: &str) -> Option<OperandKind> {
        let text = text.trim_matches(lex::is_js_space).to_string();
        let kind = OperandKind::Text { text, quoted: false };
        // What stands for something else than text is not to be had unquoted.
        match &kind {
            OperandKind::Text { text, .. } if matches!(&**text, "true" | "false" | "null") => None,
            _ => Some(kind),
        }
    }

    fn wildcard(mut pieces: Vec<String>) -> OperandKind {
        if let Some(first) = pieces.first_mut() {
            *first = first.trim_start_matches(lex::is_js_space).into();
        }
        if let Some(last) = pieces.last_mut() {
            *last = last.trim_end_matches(lex::is_js_space).into();
        }
        OperandKind::Wildcard(pieces)
    }

    fn text() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            Just("or"),
            Just("and"),
            Just("NOT"),
            Just("not"),
            Just(" "),
            Just("  "),
            Just("\u{a0}"),
            Just("\n"),
            Just("\\"),
            Just("\""),
            Just("*"),
            Just("u0041"),
            Just("t"),
            Just("kn"),
            Just("("),
            Just("}"),
            Just("<"),
            Just(":"),
            Just("\u{7}"),
            Just("\u{2067}"),
            Just("é😀"),
        ];
        prop_oneof![proptest::collection::vec(word, 0..7).prop_map(|words| words.concat()), any::<String>(),]
    }

    fn operand() -> impl Strategy<Value = Operand> {
        let kind = prop_oneof![
            4 => text().prop_filter_map("a word of the language", |text| unquoted(&text)),
            4 => text().prop_map(|text| OperandKind::Text { text, quoted: true }),
            1 => any::<bool>().prop_map(OperandKind::Bool),
            1 => Just(OperandKind::Null),
            4 => proptest::collection::vec(text(), 2..5).prop_map(wildcard),
        ];
        kind.prop_map(|kind| Operand { kind, span: Span::default() })
    }

    fn at_nowhere(kind: NodeKind) -> Node {
        let span = Span::default();
        Node { kind, span }
    }

    fn operators(leaf: impl Strategy<Value = Node> + 'static) -> impl Strategy<Value = Node> {
        leaf.prop_recursive(4, 24, 4, |inner| {
            let nodes = proptest::collection::vec(inner.clone(), 2..5);
            prop_oneof![
                nodes.clone().prop_map(NodeKind::And),
                nodes.prop_map(NodeKind::Or),
                inner.prop_map(|node| NodeKind::Not(Box::new(node))),
            ]
            .prop_map(at_nowhere)
        })
    }

    fn group() -> impl Strategy<Value = Node> {
        let value = operand().prop_map(|value| at_nowhere(NodeKind::Is { field: None, value }));
        (operand(), operators(value)).prop_map(|(field, mut group)| {
            set_field(&mut group, &Arc::new(field));
            group
        })
    }

    fn set_field(node: &mut Node, name: &Arc<Operand>) {
        match &mut node.kind {
            NodeKind::Is { field, .. } => *field = Some(Arc::clone(name)),
            NodeKind::Not(node) => set_field(node, name),
            NodeKind::And(nodes) | NodeKind::Or(nodes) => {
                nodes.iter_mut().for_each(|node| set_field(node, name));
            }
            NodeKind::Range { .. } | NodeKind::Nested { .. } => {}
        }
    }

    fn query() -> impl Strategy<Value = Node> {
        let op = prop_oneof![Just(RangeOp::Lt), Just(RangeOp::Lte), Just(RangeOp::Gt), Just(RangeOp::Gte)];
        let leaf = prop_oneof![
            3 => (proptest::option::of(operand()), operand()).prop_map(|(field, value)| {
                at_nowhere(NodeKind::Is { field: field.map(Arc::new), value })
            }),
            1 => (operand(), op, operand()).prop_map(|(field, op, value)| {
                at_nowhere(NodeKind::Range { field: Arc::new(field), op, value })
            }),
            2 => group(),
        ];
        let nested = (operand(), operators(leaf.boxed()))
            .prop_map(|(path, query)| at_nowhere(NodeKind::Nested { path: Arc::new(path), query: Box::new(query) }));
        operators(prop_oneof![group(), nested].boxed())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn printed_trees_parse_to_themselves(root in query()) {
            let query = Query { root };
            let text = query.to_string();
            prop_assert_eq!(parse(&text), Ok(query), "{}", text);
        }
    }
}
