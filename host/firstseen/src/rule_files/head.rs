//! The head of a rule of detection-rules, without reading the rest: what a rule
//! that is not run is known by.

use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

/// Fields of the table `[rule]`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RuleHead<'t> {
    /// The byte at which the table begins.
    pub(super) offset: usize,
    pub(super) rule_id: &'t str,
    pub(super) name: &'t str,
    pub(super) kind: &'t str,
}

/// The longest statement that says anything here has so many tokens.
const TOKENS_MAX: usize = 4;

impl<'t> RuleHead<'t> {
    /// Finds the head of a rule; none unless all of it stands there as plain as
    /// in Elastic's files. What stands behind it is not looked at.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        if memchr::memchr(b'\r', text.as_bytes()).is_some() {
            return None;
        }
        let mut reader = HeadReader { text, table: "", offset: 0, fields: [None; 3] };
        let mut statement = Vec::with_capacity(TOKENS_MAX);
        let mut depth = 0_usize;
        for token in Source::new(text).lex() {
            match token.kind() {
                TokenKind::Newline | TokenKind::Eof if depth == 0 => {
                    reader.statement(&statement)?;
                    statement.clear();
                    if let [Some(rule_id), Some(name), Some(kind)] = reader.fields {
                        return Some(Self { offset: reader.offset, rule_id, name, kind });
                    }
                    continue;
                }
                TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => depth += 1,
                TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => depth = depth.checked_sub(1)?,
                TokenKind::Whitespace | TokenKind::Comment | TokenKind::Newline => continue,
                _ => {}
            }
            if statement.len() < TOKENS_MAX {
                statement.push(token);
            }
        }
        None
    }
}

struct HeadReader<'t> {
    text: &'t str,
    /// The table that statements are in; empty for the root and for tables that
    /// do not matter.
    table: &'t str,
    /// Where `[rule]` stands.
    offset: usize,
    fields: [Option<&'t str>; 3],
}

impl<'t> HeadReader<'t> {
    /// Reads a statement; none if the whole text has to be read.
    fn statement(&mut self, tokens: &[Token]) -> Option<()> {
        use TokenKind::{Atom, BasicString, Equals, LeftSquareBracket, LiteralString, RightSquareBracket};
        let [first, second, third] = tokens else {
            // A table of more than one name, among others.
            if tokens.first().is_some_and(|token| token.kind() == LeftSquareBracket) {
                self.table = "";
            }
            return Some(());
        };
        match (first.kind(), second.kind(), third.kind()) {
            (LeftSquareBracket, Atom, RightSquareBracket) => {
                self.table = self.text_of(second)?;
                if self.table == "rule" {
                    self.offset = first.span().start();
                }
            }
            (LeftSquareBracket, ..) => self.table = "",
            (Atom, Equals, BasicString | LiteralString) => match (self.table, self.text_of(first)?) {
                ("rule", "rule_id") => self.put(0, third)?,
                ("rule", "name") => self.put(1, third)?,
                ("rule", "type") => self.put(2, third)?,
                // Such a rule is switched off.
                ("metadata", "maturity") if self.text_of(third)?.contains("deprecated") => return None,
                _ => {}
            },
            _ => {}
        }
        Some(())
    }

    /// Takes a string that means what is written.
    fn put(&mut self, field: usize, token: &Token) -> Option<()> {
        let written = self.text_of(token)?;
        let quote = |c| matches!(c, '"' | '\'');
        let value = written.strip_prefix(quote)?.strip_suffix(quote)?;
        let is_plain = !value.is_empty() && !value.contains('\\') && value.trim().len() == value.len();
        self.fields.get_mut(field)?.replace(value).is_none().then_some(())?;
        is_plain.then_some(())
    }

    fn text_of(&self, token: &Token) -> Option<&'t str> {
        self.text.get(token.span().start()..token.span().end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EQL: &str = "# eql\n[metadata]\nmaturity = \"production\"\n\n[rule] # it\nname = \"N [\"\nindex = [\n \"a\",\n]\n\
                       note = \"\"\"\n[rule]\ntype = \"query\"\n\"\"\"\nrule_id = 'r'\ntype = \"eql\"\n\
                       [[rule.threat]]\nname = \"T\"\n[rule.threat.tactic]\nname = \"U\"\n";

    #[test]
    fn the_head_is_found_among_the_rest() {
        let offset = EQL.find("[rule]").unwrap();
        assert_eq!(RuleHead::of(EQL), Some(RuleHead { offset, rule_id: "r", name: "N [", kind: "eql" }));
    }

    #[test]
    fn what_is_not_plain_is_left_to_those_who_read_all() {
        let cases = [
            ("'r'", "'r\n"),
            ("'r'", "' r'"),
            ("'r'", "''"),
            ("'r'", "1"),
            ("'r'", "\"\\u0041\""),
            ("rule_id", "\"rule_id\""),
            ("rule_id = 'r'\n", ""),
            ("rule_id = 'r'\n", "rule_id = 'r'\nrule_id = 's'\n"),
            ("production", "deprecated"),
            ("[rule]", "[[rule]]"),
            ("[rule]", "[rules]"),
            ("[rule]", ""),
            ("\n", "\r\n"),
            ("]\nnote", "]]\nnote"),
        ];
        for (from, to) in cases {
            assert_eq!(RuleHead::of(&EQL.replace(from, to)), None, "{from} {to}");
        }
    }
}
