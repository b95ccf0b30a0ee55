//! Characters that differ in case only.

use super::chars::Chars;

/// Characters that belong together though their mappings to upper and lower case do not say so, or
/// not all of them. Those of Unicode's simple case folding.
const GROUPS: [&[char]; 34] = [
    &['K', 'k', '\u{212a}'],
    &['S', 's', 'ſ'],
    &['µ', 'Μ', 'μ'],
    &['Å', 'å', '\u{212b}'],
    &['ß', 'ẞ'],
    &['Ǆ', 'ǅ', 'ǆ'],
    &['Ǉ', 'ǈ', 'ǉ'],
    &['Ǌ', 'ǋ', 'ǌ'],
    &['Ǳ', 'ǲ', 'ǳ'],
    &['\u{345}', 'Ι', 'ι', '\u{1fbe}'],
    &['\u{390}', '\u{1fd3}'],
    &['Β', 'β', 'ϐ'],
    &['Ε', 'ε', 'ϵ'],
    &['Θ', 'θ', 'ϑ', 'ϴ'],
    &['Κ', 'κ', 'ϰ'],
    &['Π', 'π', 'ϖ'],
    &['Ρ', 'ρ', 'ϱ'],
    &['Σ', 'ς', 'σ'],
    &['Φ', 'φ', 'ϕ'],
    &['Ω', 'ω', '\u{2126}'],
    &['\u{3b0}', '\u{1fe3}'],
    &['В', 'в', '\u{1c80}'],
    &['Д', 'д', '\u{1c81}'],
    &['О', 'о', '\u{1c82}'],
    &['С', 'с', '\u{1c83}'],
    &['Т', 'т', '\u{1c84}', '\u{1c85}'],
    &['Ъ', 'ъ', '\u{1c86}'],
    &['Ѣ', 'ѣ', '\u{1c87}'],
    &['Ꙋ', 'ꙋ', '\u{1c88}'],
    &['Ṡ', 'ṡ', 'ẛ'],
    &['\u{fb05}', '\u{fb06}'],
    // Where the mapping that Unicode prefers is to several characters, and there is one to one.
    &['ᾳ', 'ᾼ'],
    &['ῃ', 'ῌ'],
    &['ῳ', 'ῼ'],
];

/// The character and all that Lucene takes for it where case is ignored (`CaseFolding` there).
pub(super) fn variants(c: char) -> Chars {
    if let Some(group) = GROUPS.iter().find(|group| group.contains(&c)) {
        return group.iter().copied().collect();
    }
    [c, upper(c), lower(c)].into_iter().collect()
}

/// In upper case, if that is one character.
fn upper(c: char) -> char {
    match c {
        // Greek with an iota below, whose preferred mapping is to two.
        '\u{1f80}'..='\u{1faf}' => char::from_u32(u32::from(c) | 8).unwrap_or(c),
        _ => only(c.to_uppercase()).unwrap_or(c),
    }
}

/// In lower case, if that is one character.
fn lower(c: char) -> char {
    match c {
        // The preferred mapping keeps the dot, by a character of its own.
        'İ' => 'i',
        _ => only(c.to_lowercase()).unwrap_or(c),
    }
}

fn only(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next();
    if chars.next().is_none() { first } else { None }
}

/// Is an ASCII character the same as another one of ASCII at most?
pub(super) fn is_plain(c: char) -> bool {
    c.is_ascii() && variants(c).spans().iter().all(|span| span.last < 0x80)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn listed(c: char) -> Vec<char> {
        variants(c).spans().iter().flat_map(|span| (span.first..=span.last).filter_map(char::from_u32)).collect()
    }

    #[test]
    fn variants_are_those_of_lucene() {
        for (c, expected) in [
            ('a', "Aa"),
            ('1', "1"),
            ('k', "Kk\u{212a}"),
            ('S', "Ssſ"),
            ('é', "Éé"),
            ('ß', "ßẞ"),
            ('İ', "iİ"),
            ('i', "Ii"),
            ('ı', "Iı"),
            ('ς', "Σςσ"),
            ('\u{1f80}', "\u{1f80}\u{1f88}"),
            ('\u{1f88}', "\u{1f80}\u{1f88}"),
            ('ŉ', "ŉ"),
            ('ﬁ', "ﬁ"),
            ('ᾳ', "ᾳᾼ"),
            ('😀', "😀"),
            ('𐐀', "𐐀𐐨"),
        ] {
            let expected: Vec<char> = expected.chars().collect();
            assert_eq!(listed(c), expected, "{c}");
        }
    }

    #[test]
    fn of_ascii_only_k_and_s_have_others() {
        let others: Vec<char> = (0..128_u8).map(char::from).filter(|&c| !is_plain(c)).collect();
        assert_eq!(others, ['K', 'S', 'k', 's']);
        assert!(!is_plain('é'));
    }
}
