//! What may have slipped into a query in KQL.

use firstseen_kql::ast::{Node, NodeKind, Operand, OperandKind, Query};

use super::{Found, ends_in_escaped_star};

/// What may have slipped into a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slip {
    CurlyQuotes,
    Regex,
    LuceneExists,
    LuceneRange,
    COperators,
    QuotedStar,
    EscapedStar,
}

impl Slip {
    const fn explanation(self) -> &'static str {
        match self {
            Self::CurlyQuotes => "typographic quotes are a part of the text; write `\"`",
            Self::Regex => {
                "KQL has no regular expressions, so this is looked for as it stands; write wildcards (`*`), or EQL"
            }
            Self::LuceneExists => "that is Lucene's syntax; write `field:*` to ask whether there is a value",
            Self::LuceneRange => {
                "that is Lucene's syntax, and looked for as it stands; write `field >= 1 and field <= 5`"
            }
            Self::COperators => "`&&` and `||` are a part of the text; write `and` and `or`",
            Self::QuotedStar => "a star in quotes stands for itself; leave the quotes out to mean any text",
            Self::EscapedStar => {
                "an escaped star stands for itself; write `\\\\*` to mean a backslash and any text after it"
            }
        }
    }

    /// Of a value; `written` is how it stands in the query.
    fn of_value(value: &Operand, written: &str) -> Option<Self> {
        if let OperandKind::Text { text, quoted: true } = value.kind() {
            let has_star = text.starts_with('*') || text.ends_with('*');
            // A star alone is the name of everything in many a policy.
            return (has_star && text.trim_matches('*').chars().any(char::is_alphanumeric)).then_some(Self::QuotedStar);
        }
        if is_in_curly_quotes(written) {
            Some(Self::CurlyQuotes)
        } else if is_regex(written) {
            Some(Self::Regex)
        } else if written.starts_with('[') && written.contains(" TO ") {
            Some(Self::LuceneRange)
        } else if written.contains(" && ") || written.contains(" || ") {
            Some(Self::COperators)
        } else if written.len() > 2 && ends_in_escaped_star(written) {
            Some(Self::EscapedStar)
        } else {
            None
        }
    }

    fn of_field(field: &str) -> Option<Self> {
        match field {
            "_exists_" | "_missing_" => Some(Self::LuceneExists),
            field if is_in_curly_quotes(field) => Some(Self::CurlyQuotes),
            _ => None,
        }
    }
}

/// One sentence for each slip of a query, which is the tree of `text`.
pub(crate) fn of(text: &str, query: &Query) -> Vec<String> {
    let mut finder = Finder { text, found: Found::default() };
    finder.node(query.root());
    finder.found.sentences(Slip::explanation)
}

struct Finder<'t> {
    text: &'t str,
    found: Found<'t, Slip>,
}

impl Finder<'_> {
    fn node(&mut self, node: &Node) {
        match node.kind() {
            NodeKind::And(nodes) | NodeKind::Or(nodes) => nodes.iter().for_each(|node| self.node(node)),
            NodeKind::Not(node) => self.node(node),
            NodeKind::Is { field, value } => {
                if let Some(field) = field {
                    self.field(field);
                }
                self.value(value);
            }
            NodeKind::Range { field, value, .. } => {
                self.field(field);
                self.value(value);
            }
            NodeKind::Nested { path, query } => {
                self.field(path);
                self.node(query);
            }
            _ => {}
        }
    }

    fn field(&mut self, field: &Operand) {
        if let OperandKind::Text { text, .. } = field.kind() {
            self.note(Slip::of_field(text), field);
        }
    }

    fn value(&mut self, value: &Operand) {
        let written = self.text.get(value.span().range()).unwrap_or_default().trim();
        self.note(Slip::of_value(value, written), value);
    }

    fn note(&mut self, slip: Option<Slip>, operand: &Operand) {
        let written = self.text.get(operand.span().range()).unwrap_or_default().trim();
        if let Some(slip) = slip {
            self.found.note(slip, written);
        }
    }
}

fn is_in_curly_quotes(text: &str) -> bool {
    let is_curly = |c| matches!(c, '\u{2018}'..='\u{201f}' | '«' | '»');
    text.starts_with(is_curly) || text.ends_with(is_curly)
}

/// Does a text look like a regular expression between slashes? A folder does not.
fn is_regex(text: &str) -> bool {
    let inner = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).unwrap_or_default();
    [".*", ".+", ".?", "^", "$", "|", "["].iter().any(|part| inner.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(text: &str) -> Vec<String> {
        of(text, &firstseen_kql::parse(text).unwrap())
    }

    #[test]
    fn slips_are_found() {
        for (query, slip, place) in [
            ("a:“b c”", Slip::CurlyQuotes, "“b c”"),
            ("a:(x or ‘b’)", Slip::CurlyQuotes, "‘b’"),
            ("“a”:b", Slip::CurlyQuotes, "“a”"),
            ("a:/ab.*/", Slip::Regex, "/ab.*/"),
            ("a:/^x+$/", Slip::Regex, "/^x+$/"),
            ("_exists_:a and b:c", Slip::LuceneExists, "_exists_"),
            ("a:[1 TO 5]", Slip::LuceneRange, "[1 TO 5]"),
            ("a:b && c", Slip::COperators, "b && c"),
            ("a:\"b*\"", Slip::QuotedStar, "\"b*\""),
            (r"a:C\:\\x\*", Slip::EscapedStar, r"C\:\\x\*"),
            (r"not a:{ b:x\* }", Slip::EscapedStar, r"x\*"),
        ] {
            assert_eq!(hints(query), [format!("`{place}`: {}", slip.explanation())], "{query}");
        }
    }

    #[test]
    fn what_is_meant_is_left_alone() {
        for query in [
            "a:b",
            "",
            "a:\"“b”\"",
            "a:/usr/bin/",
            "a:/usr/*/",
            "a:\"/x.*/\"",
            "a:it’s",
            "a:\"*\"",
            "a:\"a*b\"",
            "a:\"**\"",
            r"a:\*",
            r"a:C\:\\*",
            "a:b*",
            "a:[x]",
            "a >= 1 and a <= 5",
            "a:*",
        ] {
            assert_eq!(hints(query), [""; 0], "{query}");
        }
    }

    #[test]
    fn there_is_one_sentence_a_slip() {
        let query = format!("_exists_:(a or b) and x:(“1” or “2” or “3” or “4” or “{}”)", "é".repeat(100));
        let hints = hints(&query);
        assert_eq!(hints.len(), 2);
        assert!(hints[0].starts_with("`“1”`, `“2”`, `“3”` and 2 more: "), "{}", hints[0]);
        assert!(hints[1].starts_with("`_exists_`: "), "{}", hints[1]);
    }
}
