//! Lucene's query syntax, as far as Kibana lets a wildcard value through to it.
//!
//! On a field that is no keyword, or that no data view lists, as the leaves of a flattened one,
//! Kibana sends a wildcard value as a `query_string`. All special characters are escaped, so what is
//! left of that language is: white space parts the clauses, capital `AND`, `OR` and `NOT` are
//! operators.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::clause::{Clause, Condition, Like, Name, Part};
use crate::error::ErrorKind;
use crate::span::Span;

/// A token: a word without stars, or one with them.
#[derive(Default)]
struct Token {
    parts: Vec<Part>,
}

enum Operator {
    And,
    Or,
    Not,
}

impl Token {
    fn operator(&self) -> Option<Operator> {
        match &*self.parts {
            [Part::Text(text)] => match text.as_str() {
                "AND" => Some(Operator::And),
                "OR" => Some(Operator::Or),
                "NOT" => Some(Operator::Not),
                _ => None,
            },
            _ => None,
        }
    }

    fn plain(&self) -> Option<&str> {
        match &*self.parts {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

/// Must the pattern be taken apart before it is laid over words?
pub(crate) fn splits(like: &Like) -> bool {
    like.splits && like.parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains(is_space)))
}

/// The clauses of a pattern for a field, joined as Lucene's classic parser does with `OR` as its
/// default operator: where one is required, those that are not do not count.
pub(crate) fn clause(like: &Like, name: &Name, span: Span) -> Result<Clause, ErrorKind> {
    let (mut required, mut optional, mut prohibited) = (Vec::new(), Vec::new(), Vec::new());
    // The clause before, if it may still become required by an `AND` after it.
    let mut last: Option<Clause> = None;
    let mut tokens = tokens(like).into_iter().peekable();
    let mut first = true;
    while tokens.peek().is_some() {
        let mut joined_by_and = false;
        let mut negated = false;
        let mut operators = 0;
        while let Some(operator) = tokens.peek().and_then(Token::operator) {
            match operator {
                Operator::And | Operator::Or if first || operators > 0 => return Err(ErrorKind::DanglingOperator),
                Operator::And => joined_by_and = true,
                Operator::Or => {}
                Operator::Not if negated => return Err(ErrorKind::DanglingOperator),
                Operator::Not => negated = true,
            }
            operators += 1;
            tokens.next();
        }
        let Some(token) = tokens.next() else { return Err(ErrorKind::DanglingOperator) };
        let condition = match token.plain() {
            Some(text) => {
                let mut value = String::from(text);
                while let Some(more) = tokens.next_if(|next| next.plain().is_some() && next.operator().is_none()) {
                    value.push(' ');
                    value.push_str(more.plain().unwrap_or_default());
                }
                Condition::Equals { value, phrase: false }
            }
            None if token.parts == [Part::Any] => Condition::Exists,
            None => Condition::Like(Like { parts: token.parts, ..like.clone() }),
        };
        let clause = Clause::Field { name: name.clone(), condition, span };
        if let Some(before) = last.take() {
            if joined_by_and { &mut required } else { &mut optional }.push(before);
        }
        match (negated, joined_by_and) {
            (true, _) => prohibited.push(clause),
            (false, true) => required.push(clause),
            (false, false) => last = Some(clause),
        }
        first = false;
    }
    optional.extend(last);
    if required.is_empty() {
        if !optional.is_empty() {
            required.push(Clause::Or(optional));
        } else if prohibited.is_empty() {
            return Ok(Clause::Or(Vec::new()));
        }
    }
    required.extend(prohibited.into_iter().map(|clause| Clause::Not(Box::new(clause))));
    Ok(Clause::And(required))
}

fn tokens(like: &Like) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut token = Token::default();
    for part in &like.parts {
        let Part::Text(text) = part else {
            token.parts.push(part.clone());
            continue;
        };
        for (number, word) in text.split(is_space).enumerate() {
            if number > 0 && !token.parts.is_empty() {
                tokens.push(core::mem::take(&mut token));
            }
            if !word.is_empty() {
                token.parts.push(Part::Text(word.into()));
            }
        }
    }
    if !token.parts.is_empty() {
        tokens.push(token);
    }
    tokens
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{3000}')
}
