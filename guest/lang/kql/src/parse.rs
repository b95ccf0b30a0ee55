//! Text to syntax tree.
//!
//! Kibana's grammar is a parsing expression grammar, but no alternative of it can succeed after
//! another one has got beyond their common start. So reading once from left to right gives the
//! same trees, and the same places of errors: the farthest place where something else was wanted.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use firstseen_query::{Limit, MAX_DEPTH, MAX_LEAVES, MAX_QUERY_BYTES, RangeOp, Span, forbidden};

use crate::ast::{Node, NodeKind, Operand, Query};
use crate::error::{Error, ErrorKind, Expected};
use crate::lex;

/// Parses a query as Kibana does, with leading wildcards allowed.
///
/// # Errors
///
/// Text that Kibana's grammar does not allow, invisible characters (see
/// [`ErrorKind::ForbiddenCharacter`]), or a query beyond [`MAX_QUERY_BYTES`], [`MAX_DEPTH`] or
/// [`MAX_LEAVES`]. It accepts the whole grammar: what cannot be evaluated is refused by
/// [`Program::compile`](firstseen_query::Program::compile).
pub fn parse(query: &str) -> Result<Query, Error> {
    if query.len() > MAX_QUERY_BYTES {
        let span = Span::new(MAX_QUERY_BYTES, query.len());
        return Err(Error::new(ErrorKind::Limit(Limit::Length), span));
    }
    if let Some((at, c)) = forbidden(query) {
        let span = Span::new(at, at + c.len_utf8());
        return Err(Error::new(ErrorKind::ForbiddenCharacter(c), span));
    }
    let mut parser = Parser::new(query);
    match parser.query() {
        Ok(root) => Ok(Query { root }),
        Err(Fail) => Err(parser.into_error()),
    }
}

/// Reading cannot go on; the parser knows why.
struct Fail;

type Read<T> = Result<T, Fail>;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    leaves: usize,
    /// The farthest place where something was wanted in vain so far, and what.
    farthest: usize,
    expected: Expected,
    /// Set when a limit, not the grammar, ends the reading.
    limit: Option<Error>,
}

/// What the operands of `and`, `or` and `not` are: conditions, or the values of one field.
#[derive(Clone, Copy)]
enum Operands<'f> {
    Conditions,
    Values(&'f Arc<Operand>),
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0, leaves: 0, farthest: 0, expected: Expected::default(), limit: None }
    }

    fn query(&mut self) -> Read<Node> {
        self.space();
        if self.at == self.text.len() {
            return Ok(Node::match_all(Span::new(0, self.at)));
        }
        let root = self.or(Operands::Conditions)?;
        self.space();
        if self.at < self.text.len() {
            self.want(Expected::END);
            return Err(Fail);
        }
        Ok(root)
    }

    fn or(&mut self, operands: Operands<'_>) -> Read<Node> {
        self.chain("or", Expected::OR, NodeKind::Or, |parser| {
            parser.chain("and", Expected::AND, NodeKind::And, |parser| parser.not(operands))
        })
    }

    /// One operand, or several joined by a keyword.
    fn chain(
        &mut self,
        word: &str,
        expected: Expected,
        kind: fn(Vec<Node>) -> NodeKind,
        mut operand: impl FnMut(&mut Self) -> Read<Node>,
    ) -> Read<Node> {
        let first = operand(self)?;
        let mut nodes = Vec::new();
        while let Some(end) = lex::joint(self.text, self.at, word) {
            self.at = end;
            nodes.push(operand(self)?);
        }
        self.want(expected);
        let Some(last) = nodes.last() else {
            return Ok(first);
        };
        let span = Span::new(first.span.start, last.span.end);
        nodes.insert(0, first);
        let kind = kind(nodes);
        Ok(Node { kind, span })
    }

    fn not(&mut self, operands: Operands<'_>) -> Read<Node> {
        let start = self.at;
        let Some(end) = lex::not(self.text, start) else {
            self.want(Expected::NOT);
            return self.primary(operands);
        };
        self.at = end;
        let negated = self.primary(operands)?;
        let span = Span::new(start, negated.span.end);
        let kind = NodeKind::Not(Box::new(negated));
        Ok(Node { kind, span })
    }

    fn primary(&mut self, operands: Operands<'_>) -> Read<Node> {
        if self.next_is('(') {
            self.group('(', ')', Expected::CLOSE_PAREN, operands)
        } else {
            self.want(Expected::OPEN_PAREN);
            match operands {
                Operands::Conditions => self.condition(),
                Operands::Values(field) => self.value(field),
            }
        }
    }

    /// What stands in parentheses or braces. The span of the node includes them.
    fn group(&mut self, open: char, close: char, expected: Expected, operands: Operands<'_>) -> Read<Node> {
        let start = self.at;
        if self.depth == MAX_DEPTH {
            return self.stop(Limit::Depth, Span::new(start, start + open.len_utf8()));
        }
        self.depth += 1;
        self.at += open.len_utf8();
        self.space();
        let mut node = self.or(operands)?;
        self.space();
        if !self.next_is(close) {
            self.want(expected);
            return Err(Fail);
        }
        self.at += close.len_utf8();
        self.depth -= 1;
        node.span = Span::new(start, self.at);
        Ok(node)
    }

    /// A condition that is no group: one on a field, a nested query or a bare value.
    fn condition(&mut self) -> Read<Node> {
        let start = self.at;
        let operand = self.literal(Expected::OPERAND)?;
        let after = self.at;
        self.space();
        if self.next_is(':') {
            return self.field(operand);
        }
        self.want(Expected::COLON);
        if let Some(op) = self.comparison() {
            return self.range(operand, op);
        }
        self.want(Expected::COMPARISON);
        self.at = after;
        let span = Span::new(start, operand.span.end);
        self.is(None, operand, span)
    }

    /// What follows a field name, from its colon on.
    fn field(&mut self, name: Operand) -> Read<Node> {
        let start = name.span.start;
        let name = Arc::new(name);
        self.at += 1;
        self.space();
        if self.next_is('{') {
            let query = self.group('{', '}', Expected::CLOSE_BRACE, Operands::Conditions)?;
            let span = Span::new(start, self.at);
            let query = Box::new(query);
            let kind = NodeKind::Nested { path: name, query };
            return Ok(Node { kind, span });
        }
        self.want(Expected::OPEN_BRACE);
        let mut node = self.primary(Operands::Values(&name))?;
        node.span.start = start;
        Ok(node)
    }

    fn comparison(&mut self) -> Option<RangeOp> {
        // The longer ones first: `<` is also the start of `<=`.
        let ops = [RangeOp::Lte, RangeOp::Gte, RangeOp::Lt, RangeOp::Gt];
        let rest = lex::rest(self.text, self.at);
        let op = ops.into_iter().find(|op| rest.starts_with(op.symbol()))?;
        self.at += op.symbol().len();
        Some(op)
    }

    fn range(&mut self, field: Operand, op: RangeOp) -> Read<Node> {
        self.space();
        let start = field.span.start;
        let value = self.literal(Expected::VALUE)?;
        self.count_leaf(value.span)?;
        let span = Span::new(start, value.span.end);
        let field = Arc::new(field);
        let kind = NodeKind::Range { field, op, value };
        Ok(Node { kind, span })
    }

    fn value(&mut self, field: &Arc<Operand>) -> Read<Node> {
        let value = self.literal(Expected::VALUE)?;
        let span = value.span;
        self.is(Some(Arc::clone(field)), value, span)
    }

    fn is(&mut self, field: Option<Arc<Operand>>, value: Operand, span: Span) -> Read<Node> {
        self.count_leaf(span)?;
        let kind = NodeKind::Is { field, value };
        Ok(Node { kind, span })
    }

    fn literal(&mut self, expected: Expected) -> Read<Operand> {
        let Some((operand, end)) = lex::literal(self.text, self.at) else {
            self.want(expected);
            return Err(Fail);
        };
        self.at = end;
        Ok(operand)
    }

    fn count_leaf(&mut self, span: Span) -> Read<()> {
        if self.leaves == MAX_LEAVES {
            return self.stop(Limit::Leaves, span);
        }
        self.leaves += 1;
        Ok(())
    }

    fn next_is(&self, c: char) -> bool {
        lex::rest(self.text, self.at).starts_with(c)
    }

    fn space(&mut self) {
        self.at = lex::skip_space(self.text, self.at);
        self.want(Expected::SPACE);
    }

    /// Notes that `expected` could have stood here, and does not.
    fn want(&mut self, expected: Expected) {
        if self.at > self.farthest {
            self.farthest = self.at;
            self.expected = Expected::default();
        }
        if self.at == self.farthest {
            self.expected = self.expected.and(expected);
        }
    }

    fn stop<T>(&mut self, limit: Limit, span: Span) -> Read<T> {
        self.limit = Some(Error::new(ErrorKind::Limit(limit), span));
        Err(Fail)
    }

    fn into_error(self) -> Error {
        if let Some(limit) = self.limit {
            return limit;
        }
        let at = self.farthest;
        let found = lex::peek(self.text, at);
        let end = at + found.map_or(0, char::len_utf8);
        let wants_operand = self.expected.contains(Expected::OPERAND) || self.expected.contains(Expected::VALUE);
        let kind = match found {
            Some('"') if wants_operand => ErrorKind::UnclosedQuote,
            Some('\\') if !lex::is_unquoted_escape(self.text, end) => ErrorKind::BadEscape,
            _ if lex::not(self.text, at).is_some() => ErrorKind::MisplacedNot,
            _ => ErrorKind::Unexpected { found, expected: self.expected },
        };
        let end = match kind {
            ErrorKind::MisplacedNot => at + "not".len(),
            _ => end,
        };
        Error::new(kind, Span::new(at, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! fails {
        ($($name:ident: $query:expr => $kind:pat, $at:expr;)*) => {$(
            #[test]
            fn $name() {
                let error = parse($query).unwrap_err();
                assert!(matches!(error.kind, $kind), "{error:?}");
                assert_eq!(error.span.start, $at, "{error:?}");
            }
        )*};
    }

    fails! {
        no_value: "foo:" => ErrorKind::Unexpected { found: None, .. }, 4;
        second_colon: "a:b c:d" => ErrorKind::Unexpected { found: Some(':'), .. }, 5;
        text_after_quote: "a:\"b\" c" => ErrorKind::Unexpected { found: Some('c'), .. }, 6;
        quote_after_text: "a:b \"c\"" => ErrorKind::Unexpected { found: Some('"'), .. }, 4;
        trailing_or: "foo or " => ErrorKind::Unexpected { found: None, .. }, 7;
        no_space_after_not: "not(foo)" => ErrorKind::Unexpected { found: Some('('), .. }, 3;
        no_space_before_and: "(a)and (b)" => ErrorKind::Unexpected { found: Some('a'), .. }, 3;
        twice_not: "not not a" => ErrorKind::MisplacedNot, 4;
        not_after_colon: "f:not a" => ErrorKind::MisplacedNot, 2;
        not_in_a_word: "foo:cannot connect" => ErrorKind::MisplacedNot, 7;
        empty_group: "f:()" => ErrorKind::Unexpected { found: Some(')'), .. }, 3;
        empty_parens: "()" => ErrorKind::Unexpected { found: Some(')'), .. }, 1;
        empty_braces: "n:{ }" => ErrorKind::Unexpected { found: Some('}'), .. }, 4;
        field_in_a_group: "f:(a or g:b)" => ErrorKind::Unexpected { found: Some(':'), .. }, 9;
        comparison_after_colon: "f:>5" => ErrorKind::Unexpected { found: Some('>'), .. }, 2;
        unclosed_quote: "a:\"b or c" => ErrorKind::UnclosedQuote, 2;
        unclosed_paren: "(a:b" => ErrorKind::Unexpected { found: None, .. }, 4;
        bad_escape: r"f:b\c" => ErrorKind::BadEscape, 3;
        escaped_space: r"f:\ b" => ErrorKind::BadEscape, 2;
        bidi: "f:a\u{202e}b" => ErrorKind::ForbiddenCharacter('\u{202e}'), 3;
        bell: "f:\"\u{7}\"" => ErrorKind::ForbiddenCharacter('\u{7}'), 3;
        next_line: "f:a\u{85}" => ErrorKind::ForbiddenCharacter('\u{85}'), 3;
    }

    #[test]
    fn spans_cut_the_text() {
        let text = " f.g:(a or \"b c\" ) and not x:y  ";
        let cut = |span: Span| text.get(span.range()).unwrap();
        let query = parse(text).unwrap();
        assert_eq!(cut(query.root.span), "f.g:(a or \"b c\" ) and not x:y");
        let NodeKind::And(nodes) = query.root.kind else { panic!("an and") };
        assert_eq!(cut(nodes[1].span), "not x:y");
        let NodeKind::Or(values) = &nodes[0].kind else { panic!("an or") };
        assert_eq!(cut(values[1].span), "\"b c\"");
    }

    #[test]
    fn a_group_shares_its_field() {
        let query = parse("f:(a or not b)").unwrap();
        assert_eq!(query, parse("f:a or not f:b").unwrap());
        assert_eq!(query, parse(" ( f : ( a ) ) or not f:b").unwrap());
    }

    #[test]
    fn empty_is_match_all() {
        for query in ["", " \t\r\n\u{a0}", "*:*", "*:(*)", "(* : *)"] {
            assert_eq!(parse(query).unwrap().root, Node::match_all(Span::default()));
        }
    }
}
