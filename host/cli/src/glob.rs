//! Patterns in which `*` stands for any run of characters, none too.

/// Whether a pattern takes a text.
pub(crate) fn glob(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    // What stands between stars is found leftmost first.
    for piece in middle.split('*') {
        match name.split_once(piece) {
            Some((_, after)) if !piece.is_empty() => name = after,
            Some(_) => {}
            None => return false,
        }
    }
    name.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run_of_characters() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("*", "any\nthing", true),
            ("/tmp/*", "/tmp/x/y", true),
            ("/tmp/*", "/opt/tmp/x", false),
            ("*/sh", "/bin/sh", true),
            ("*/sh", "/bin/shell", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "ac", false),
            ("a*a", "a", false),
            ("exact", "exactly", false),
            ("*ö*", "größe", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }
}
