//! `:`, `like` and `regex`.

use alloc::vec::Vec;

use firstseen_query::{
    Clause, Condition, Like, Part, Regex, RegexErrorKind, ScriptExpr, ScriptPattern, ScriptValue, Span,
};

use super::compare::of_script;
use super::error::{Kind, VerificationError, VerificationErrorKind};
use super::operand::{Operand, constant};
use super::truth::Truth;
use super::{Compiler, of_field};
use crate::ast::{Constant, Expr, Literal, MatchOp};

/// The texts that something is matched with, and where they stand. A `null` is none.
type Texts<'p> = Vec<(&'p str, Span)>;

impl Compiler<'_> {
    pub(super) fn matches(
        self,
        op: MatchOp,
        value: &Expr,
        patterns: &[Constant],
        span: Span,
    ) -> Result<Truth, VerificationError> {
        let operand = self.text_operand(value)?;
        let texts = texts(patterns)?;
        if texts.is_empty() {
            return Ok(Truth::Null);
        }
        match operand {
            operand if operand.is_null() => Ok(self.of_null(op, &texts, span)?),
            Operand::Field(field) => {
                let whole = field.whole(value.span)?;
                let clause = |(condition, span)| of_field(whole, condition, span);
                let conditions = self.conditions(op, &texts, span)?;
                Ok(Truth::Clause(Clause::Or(conditions.into_iter().map(clause).collect())))
            }
            operand => {
                let value = operand.into_script(value.span)?;
                let patterns = self.script_patterns(op, &texts)?;
                Ok(of_script(ScriptExpr::Matches { value: value.into(), patterns }, span))
            }
        }
    }

    /// The same as a part of a script.
    pub(super) fn matches_script(
        self,
        op: MatchOp,
        value: &Expr,
        patterns: &[Constant],
    ) -> Result<ScriptExpr, VerificationError> {
        let operand = self.text_operand(value)?;
        let patterns = self.script_patterns(op, &texts(patterns)?)?;
        Ok(ScriptExpr::Matches { value: operand.into_script(value.span)?.into(), patterns })
    }

    fn text_operand(self, value: &Expr) -> Result<Operand, VerificationError> {
        let operand = self.operand(value)?;
        operand.must_be(Kind::Text, value.span)?;
        Ok(operand)
    }

    /// What a constant `null` comes to. Without wildcards `like` is an equality, which asks whether the
    /// other side is `null`, and one of which every text is is an existence test.
    fn of_null(self, op: MatchOp, texts: &Texts<'_>, span: Span) -> Result<Truth, VerificationError> {
        let of_text = |text: &str| match op {
            _ if is_existence(text) => Truth::Const(false),
            MatchOp::Like if !has_wildcards(text) => Truth::Const(false),
            _ => Truth::Null,
        };
        Ok(match op {
            MatchOp::Regex | MatchOp::RegexInsensitive => {
                let regex = self.regex(op, texts, span)?;
                let is_equality = op == MatchOp::Regex && regex.word().is_some();
                if is_equality || regex.is_total() { Truth::Const(false) } else { Truth::Null }
            }
            _ => Truth::or(texts.iter().map(|(text, _)| of_text(text)).collect()),
        })
    }

    /// What one value of a field must meet, one of these.
    fn conditions(
        self,
        op: MatchOp,
        texts: &Texts<'_>,
        span: Span,
    ) -> Result<Vec<(Condition, Span)>, VerificationError> {
        let ignore_case = ignores_case(op);
        let of_text = |&(text, span): &(&str, Span)| {
            let condition = match text {
                text if is_existence(text) => Condition::Exists,
                text if has_wildcards(text) => Condition::Like(Like::plain(text, ignore_case)),
                text => Condition::Term { value: text.into(), ignore_case },
            };
            (condition, span)
        };
        Ok(match op {
            MatchOp::Regex | MatchOp::RegexInsensitive => {
                let regex = self.regex(op, texts, span)?;
                let condition = match regex.word() {
                    _ if regex.is_total() => Condition::Exists,
                    Some(word) => Condition::Term { value: word.into(), ignore_case },
                    None => Condition::Regex(regex),
                };
                Vec::from([(condition, span)])
            }
            _ => texts.iter().map(of_text).collect(),
        })
    }

    /// What a computed text must meet, one of these.
    fn script_patterns(self, op: MatchOp, texts: &Texts<'_>) -> Result<Vec<ScriptPattern>, VerificationError> {
        let ignore_case = ignores_case(op);
        let of_text = |&(text, span): &(&str, Span)| {
            Ok(match op {
                MatchOp::Regex | MatchOp::RegexInsensitive => {
                    let regex = self.regexes.java(text, ignore_case).map_err(|error| refused(error.kind, span))?;
                    ScriptPattern::Regex(regex)
                }
                _ if has_wildcards(text) => {
                    ScriptPattern::Wildcard { parts: Like::plain(text, ignore_case).parts, ignore_case }
                }
                _ => ScriptPattern::Text { text: text.into(), ignore_case },
            })
        };
        texts.iter().map(of_text).collect()
    }

    /// Several of them are alternatives of one.
    fn regex(self, op: MatchOp, texts: &Texts<'_>, span: Span) -> Result<Regex, VerificationError> {
        let patterns: Vec<&str> = texts.iter().map(|(text, _)| *text).collect();
        self.regexes.lucene(&patterns.join("|"), ignores_case(op)).map_err(|error| {
            let mut start = 0;
            let at_fault = texts.iter().find(|(text, _)| {
                start += text.len() + 1;
                error.offset < start
            });
            let is_of_all =
                matches!(error.kind, RegexErrorKind::TooComplex | RegexErrorKind::TooMany) && texts.len() > 1;
            refused(error.kind, at_fault.filter(|_| !is_of_all).map_or(span, |(_, span)| *span))
        })
    }
}

fn texts(patterns: &[Constant]) -> Result<Texts<'_>, VerificationError> {
    let mut texts = Vec::with_capacity(patterns.len());
    for pattern in patterns {
        match &pattern.literal {
            Literal::String(text) => texts.push((text.as_str(), pattern.span)),
            Literal::Null => {}
            other => Operand::Constant(constant(other)).must_be(Kind::Text, pattern.span)?,
        }
    }
    Ok(texts)
}

const fn refused(kind: RegexErrorKind, span: Span) -> VerificationError {
    VerificationError::new(VerificationErrorKind::Regex(kind), span)
}

const fn ignores_case(op: MatchOp) -> bool {
    matches!(op, MatchOp::Seq | MatchOp::LikeInsensitive | MatchOp::RegexInsensitive)
}

fn has_wildcards(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Stars alone are met by every text.
fn is_existence(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

/// What a function that looks for a text in a field asks, given the pattern that Elasticsearch makes
/// of that text.
pub(super) fn lucene(pattern: &str, ignore_case: bool) -> Condition {
    let like = Like { ignore_case, ..Like::lucene(pattern) };
    if like.parts.iter().all(|part| *part == Part::Any) { Condition::Exists } else { Condition::Like(like) }
}

/// What begins with a text.
pub(super) fn prefix(text: &str, ignore_case: bool) -> Condition {
    if text.is_empty() { Condition::Exists } else { Condition::Like(Like { ignore_case, ..Like::prefix(text) }) }
}

/// The text of a constant.
pub(super) fn text_of(operand: &Operand) -> Option<&str> {
    if let Operand::Constant(ScriptValue::Text(text)) = operand { Some(text) } else { None }
}
