//! What may have slipped into a query in EQL.

use firstseen_eql::ast::{CompareOp, Constant, EventFilter, Expr, ExprKind, Literal, MatchOp, Query, QueryKind};
use firstseen_query::Span;

use super::Found;

/// What may have slipped into a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slip {
    Star,
    Anchor,
    Range,
    Category,
}

impl Slip {
    const fn explanation(self) -> &'static str {
        match self {
            Self::Star => "`==`, `!=` and `in` take a star as it stands; `:` and `like` take it for any text",
            Self::Anchor => {
                "a regular expression is laid over the whole value, and `^` and `$` are ordinary characters; leave \
                 them out"
            }
            Self::Range => {
                "`regex~` ignores the case of single characters, not of ranges; write `[a-zA-Z]` to mean both"
            }
            Self::Category => "categories are in lower case in ECS, and their case counts",
        }
    }
}

/// One sentence for each slip of a query, which is the tree of `text`.
pub(crate) fn of(text: &str, query: &Query) -> Vec<String> {
    let mut finder = Finder { text, found: Found::default() };
    match &query.kind {
        QueryKind::Event(filter) => finder.filter(filter),
        QueryKind::Sequence(sequence) => sequence.items.iter().for_each(|item| finder.filter(&item.filter)),
        QueryKind::Sample(sample) => sample.items.iter().for_each(|item| finder.filter(&item.filter)),
        _ => {}
    }
    finder.found.sentences(Slip::explanation)
}

struct Finder<'t> {
    text: &'t str,
    found: Found<'t, Slip>,
}

impl Finder<'_> {
    fn filter(&mut self, filter: &EventFilter) {
        if let Some(category) = &filter.category
            && category.contains(char::is_uppercase)
        {
            // It stands at the beginning.
            let written = self.text.get(filter.span.range()).unwrap_or_default();
            // `where` may stand in it.
            let after = written.get(category.len()..).and_then(|rest| rest.find("where"));
            let end = after.map_or(written.len(), |after| category.len() + after);
            self.found.note(Slip::Category, written.get(..end).unwrap_or_default().trim_end());
        }
        self.expr(&filter.condition);
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Or(all) | ExprKind::And(all) | ExprKind::Call { arguments: all, .. } => {
                all.iter().for_each(|expr| self.expr(expr));
            }
            ExprKind::Not(expr) | ExprKind::Negate(expr) => self.expr(expr),
            ExprKind::Compare { op, left, right } => {
                if matches!(op, CompareOp::Eq | CompareOp::Ne) {
                    self.plain(left, right);
                    self.plain(right, left);
                }
                self.expr(left);
                self.expr(right);
            }
            ExprKind::In { value, list, .. } => {
                list.iter().for_each(|item| self.plain(value, item));
                self.expr(value);
            }
            ExprKind::Match { op, value, patterns } => {
                if matches!(value.kind, ExprKind::Field(_)) {
                    patterns.iter().for_each(|pattern| self.pattern(*op, pattern));
                }
                self.expr(value);
            }
            ExprKind::Arithmetic { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            _ => {}
        }
    }

    /// A text that a field is compared with.
    fn plain(&mut self, value: &Expr, other: &Expr) {
        let ExprKind::Literal(Literal::String(text)) = &other.kind else { return };
        let has_star = text.starts_with('*') || text.ends_with('*');
        // A star alone is the name of everything in many a policy.
        if matches!(value.kind, ExprKind::Field(_))
            && has_star
            && text.trim_matches('*').contains(char::is_alphanumeric)
        {
            self.note(Slip::Star, other.span);
        }
    }

    /// A pattern that is laid over a field; on what is computed Java's are, in which these mean what they
    /// seem to.
    fn pattern(&mut self, op: MatchOp, pattern: &Constant) {
        let ignore_case = match op {
            MatchOp::Regex => false,
            MatchOp::RegexInsensitive => true,
            _ => return,
        };
        let Literal::String(text) = &pattern.literal else { return };
        if text.starts_with('^') || (text.ends_with('$') && !text.ends_with("\\$")) {
            self.note(Slip::Anchor, pattern.span);
        }
        let ranges = [("a-z", "A-Z"), ("A-Z", "a-z")];
        if ignore_case && ranges.iter().any(|(one, other)| text.contains(one) && !text.contains(other)) {
            self.note(Slip::Range, pattern.span);
        }
    }

    fn note(&mut self, slip: Slip, span: Span) {
        self.found.note(slip, self.text.get(span.range()).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(text: &str) -> Vec<String> {
        of(text, &firstseen_eql::parse(text).unwrap())
    }

    #[test]
    fn slips_are_found() {
        for (query, slip, place) in [
            (r#"any where a == "b*""#, Slip::Star, r#""b*""#),
            (r#"any where not "*b" != a"#, Slip::Star, r#""*b""#),
            (r#"any where a in ("x", "b*")"#, Slip::Star, r#""b*""#),
            (r#"any where a regex ("x", "^b")"#, Slip::Anchor, r#""^b""#),
            (r#"any where a regex~ "b$""#, Slip::Anchor, r#""b$""#),
            (r#"any where a regex~ "[a-z]+""#, Slip::Range, r#""[a-z]+""#),
            (r#"Process where true"#, Slip::Category, "Process"),
            (r#""Process" where true"#, Slip::Category, r#""Process""#),
            (r#""Nowhere" where true"#, Slip::Category, r#""Nowhere""#),
            (r#"sequence [any where true] [any where a == "b*"]"#, Slip::Star, r#""b*""#),
        ] {
            assert_eq!(hints(query), [format!("`{place}`: {}", slip.explanation())], "{query}");
        }
    }

    #[test]
    fn what_is_meant_is_left_alone() {
        for query in [
            r#"process where a : "b*" and c like "*d""#,
            r#"any where a == "*" or length(a) == 3"#,
            r#"any where a regex "[a-z]+" or a regex~ "[a-zA-Z]+""#,
            r#"any where a regex """b\$""""#,
            r#"any where substring(a, 1) regex "^b$" or concat(a, b) regex~ "[a-z]+""#,
        ] {
            assert_eq!(hints(query), [""; 0], "{query}");
        }
    }
}
