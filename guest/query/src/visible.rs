//! Characters that make a query read other than it is.

/// May a character not stand in a query as such? Those are controls other than line breaks and
/// tabs, and what embeds, overrides or isolates a direction of writing.
#[must_use]
pub fn is_forbidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\r' | '\n'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The first [forbidden](is_forbidden) character and where it stands.
#[must_use]
pub fn forbidden(text: &str) -> Option<(usize, char)> {
    // All of it and not up to the first that is not: many bytes at a time.
    let is_plain = |byte: u8| byte.wrapping_sub(b' ') < 0x5f || byte == b'\n';
    if text.bytes().fold(true, |are_plain, byte| are_plain & is_plain(byte)) {
        return None;
    }
    text.char_indices().find(|&(_, c)| is_forbidden(c))
}
