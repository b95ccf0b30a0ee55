//! The word that was meant.

/// Longest text that may be one that was meant otherwise, in bytes.
const MAX_BYTES: usize = 40;

/// Of words that are known the one that a text is another spelling of: in
/// capitals, with a hyphen, or with a slip of the pen.
fn closest<'w>(text: &str, known: &[&'w str]) -> Option<&'w str> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let folded = text.trim().to_lowercase().replace(['-', ' '], "_");
    let (distance, word) = known.iter().map(|word| (strsim::osa_distance(&folded, word), *word)).min()?;
    // A third of a word is not a slip.
    (distance * 3 <= word.len().min(6)).then_some(word)
}

/// What to ask whoever wrote a text in the place of a word, as the end of a
/// sentence.
pub(crate) fn did_you_mean(text: &str, known: &[&str]) -> String {
    match closest(text, known) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings() {
        const KNOWN: [&str; 4] = ["new_terms", "query", "eql", "threat_match"];
        for (text, expected) in [
            ("new-terms", Some("new_terms")),
            ("New Terms", Some("new_terms")),
            ("newterms", Some("new_terms")),
            ("new_term", Some("new_terms")),
            ("Query", Some("query")),
            (" qeury", Some("query")),
            ("EQL", Some("eql")),
            ("threat-match", Some("threat_match")),
            ("sql", Some("eql")),
            ("brew", None),
            ("", None),
            ("q", None),
        ] {
            assert_eq!(closest(text, &KNOWN), expected, "{text}");
        }
        assert_eq!(closest(&"query".repeat(9), &KNOWN), None);
        assert_eq!(closest("query", &[]), None);
    }
}
