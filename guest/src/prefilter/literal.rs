//! Texts as they stand in the bytes of a line.

/// Bytes by how common they are in events, the most common first. Those that
/// are not here are rare.
const COMMON: &[u8] = b"\"0e1t3a2o,:n5s4i6r7d9c8/.lp_mu-{}bf\\hgvykwx[]zqj ABCDEFSTLIMPN";

/// Words that ECS prescribes for its categorization fields and operating
/// systems: nearly every event has some of them.
const EVERYDAY: &str = "access admin alert allowed api asset authentication change configuration connection container \
    creation database deletion denied device directory driver email end enrichment error event failure file \
    fork exec group host iam info indicator installation intrusion_detection library linux logs malware metric network \
    package pipeline_error process protocol registry session signal start state success threat true false unknown \
    user vulnerability web windows macos endpoint default";

/// Most texts that are looked for at a time: with more, hardly a line would be
/// without one.
pub(super) const LITERALS_MAX: usize = 64;

/// How much of a text is compared. Events may have its beginning over and over,
/// and each time all of it would be.
const LENGTH_MAX: usize = 16;

/// A text that is looked for, with the part of it that is least common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal {
    /// The text: no byte of it has another spelling in JSON than itself and a
    /// `\u` escape.
    pub(super) text: Box<[u8]>,
    /// Where in the text its least common three bytes begin.
    pub(super) window: usize,
}

impl Literal {
    /// What to look for instead of a set of texts; none if one of them is too
    /// short or too common.
    pub(super) fn all_of(texts: &[String]) -> Option<Vec<Self>> {
        texts.iter().map(|text| Self::new(text)).collect()
    }

    fn new(text: &str) -> Option<Self> {
        // In front of these JSON has, or may have, a backslash.
        let is_spelled_otherwise = |c: char| matches!(c, '"' | '\\' | '/') || c.is_control();
        let pieces = text.split(is_spelled_otherwise).filter(|piece| piece.len() >= 3 && !EVERYDAY.contains(piece));
        pieces.map(Self::of_piece).min_by_key(Self::commonness)
    }

    fn of_piece(piece: &str) -> Self {
        let windows = piece.as_bytes().windows(3).enumerate();
        let rarest = windows.min_by_key(|(_, window)| commonness_of(window)).map_or(0, |(at, _)| at);
        let start = rarest.saturating_sub((LENGTH_MAX - 3) / 2);
        let around = piece.as_bytes().get(start..).unwrap_or_default();
        let text = around.get(..LENGTH_MAX).unwrap_or(around);
        Self { text: text.into(), window: rarest - start }
    }

    /// The three bytes of the window.
    pub(super) fn key(&self) -> [u8; 3] {
        let window = self.text.get(self.window..).and_then(<[u8]>::first_chunk);
        window.copied().unwrap_or_default()
    }

    /// Whether the text is there, with its window at `at`.
    pub(super) fn has_key_at(&self, bytes: &[u8], at: usize) -> bool {
        let start = at.checked_sub(self.window);
        start.and_then(|start| bytes.get(start..)).is_some_and(|rest| rest.starts_with(&self.text))
    }

    fn commonness(&self) -> usize {
        commonness_of(&self.key())
    }
}

/// How common what is looked for is likely to be.
pub(super) fn commonness(literals: &[Literal]) -> usize {
    literals.iter().map(Literal::commonness).sum()
}

fn commonness_of(bytes: &[u8]) -> usize {
    let of_byte = |byte: &u8| COMMON.iter().position(|common| common == byte).map_or(0, |place| COMMON.len() - place);
    bytes.iter().map(of_byte).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_look_for() {
        let found = |text: &str| Literal::new(text).map(|literal| String::from_utf8(literal.text.into()).unwrap());
        for (text, expected) in [
            ("dpkg", Some("dpkg")),
            ("/usr/bin/dpkg", Some("dpkg")),
            (r"C:\Windows\Temp\", Some("Windows")),
            ("say \"hello\"", Some("say ")),
            ("é", None),
            ("éa", Some("éa")),
            ("-i", None),
            ("linux", None),
            ("start", None),
            ("art", None),
            ("/a/b/c", None),
            ("tab\tulator", Some("ulator")),
            ("", None),
        ] {
            assert_eq!(found(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn windows_lie_where_bytes_are_rare() {
        let literal = Literal::of_piece("eeeeXYQeee");
        assert_eq!((literal.window, literal.key()), (4, *b"XYQ"));
    }

    #[test]
    fn long_texts_are_cut() {
        let literal = Literal::of_piece(&("e".repeat(40) + "XYQ" + &"e".repeat(40)));
        assert_eq!((literal.text.len(), literal.key()), (LENGTH_MAX, *b"XYQ"));
        let literal = Literal::of_piece(&("XYQ".to_owned() + &"e".repeat(40)));
        assert_eq!((literal.text.len(), literal.key()), (LENGTH_MAX, *b"XYQ"));
    }

    #[test]
    fn a_set_is_as_good_as_its_worst_text() {
        assert!(Literal::all_of(&["dpkg".to_owned(), "-i".to_owned()]).is_none());
        assert_eq!(Literal::all_of(&["dpkg".to_owned(), "rpm".to_owned()]).unwrap().len(), 2);
    }
}
