//! Going through bytes 64 at a time, up to a place of interest.

use crate::lanes::Lanes;

/// Bytes looked at in one step.
pub(super) const STEP: usize = 64;

/// Bytes at hand in one step: a look at a place reaches two bytes beyond it.
pub(super) type Step = [u8; STEP + 2];

/// What a sweep came across.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sweep {
    /// Where something was found; the length of the bytes if nothing was.
    pub(crate) end: usize,
    /// Newlines before it.
    pub(crate) newlines: u32,
    /// How many of them end a line with nothing but white space.
    pub(crate) blank: u32,
}

impl Sweep {
    /// Counts newlines, one bit for each from `at` on.
    #[inline(always)]
    fn count(&mut self, mut newlines: u64, bytes: &[u8], from: usize, at: usize) {
        self.newlines += newlines.count_ones();
        while newlines != 0 {
            let newline = at + newlines.trailing_zeros() as usize;
            self.blank += u32::from(ends_blank_line(bytes, from, newline));
            newlines &= newlines - 1;
        }
    }
}

/// Something that is looked for.
pub(super) trait Sought {
    /// A function that says at which of sixteen places of a step, from an offset
    /// on, it could be: those that are not zero.
    fn near(&self) -> impl Fn(&Step, usize) -> Lanes;

    /// Whether it is at `at`, of which `near` gave a byte that is not zero; all
    /// ones stand for any such byte.
    fn is_at(&self, bytes: &[u8], at: usize, near: u8) -> bool;
}

/// Looks through `bytes` from `from` on, which is the start of a line.
#[inline(never)]
pub(super) fn sweep(bytes: &[u8], from: usize, sought: &impl Sought) -> Sweep {
    let near = sought.near();
    let mut swept = Sweep { end: bytes.len(), ..Sweep::default() };
    let mut at = from;
    while let Some(step) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let [one, two, three, four] = [0, 16, 32, 48].map(|offset| Look::at(step, offset, &near));
        let all = one.or(two).or(three.or(four));
        if all.near.is_something() {
            if look_closer(bytes, from, at, sought, &mut swept) {
                return swept;
            }
        } else if all.newlines.is_something() {
            let newlines = [one, two, three, four].map(|look| u64::from(look.newlines.not_zero()));
            let [one, two, three, four] = newlines;
            swept.count(one | two << 16 | three << 32 | four << 48, bytes, from, at);
        }
        at += STEP;
    }
    sweep_rest(bytes, from, at, sought, &mut swept);
    swept
}

/// Counts the newlines of the step at `start`, up to what is sought; true if it
/// is there.
#[inline(never)]
fn look_closer(bytes: &[u8], from: usize, start: usize, sought: &impl Sought, swept: &mut Sweep) -> bool {
    let Some(step) = bytes.get(start..).and_then(|rest| rest.first_chunk()) else { return false };
    let near = sought.near();
    for offset in [0, 16, 32, 48] {
        let look = Look::at(step, offset, &near);
        let at = start + offset;
        let found = look.found(bytes, at, sought);
        let mut newlines = look.newlines.not_zero();
        if let Some(found) = found {
            newlines &= (1 << found) - 1;
            swept.end = at + found as usize;
        }
        swept.count(newlines.into(), bytes, from, at);
        if found.is_some() {
            return true;
        }
    }
    false
}

/// The last bytes, one by one.
fn sweep_rest(bytes: &[u8], from: usize, start: usize, sought: &impl Sought, swept: &mut Sweep) {
    for at in start..bytes.len() {
        if sought.is_at(bytes, at, u8::MAX) {
            swept.end = at;
            return;
        }
        if bytes.get(at) == Some(&b'\n') {
            swept.newlines += 1;
            swept.blank += u32::from(ends_blank_line(bytes, from, at));
        }
    }
}

/// What there is at sixteen places.
#[derive(Clone, Copy)]
struct Look {
    /// Not zero where something could be.
    near: Lanes,
    /// Not zero where a newline is.
    newlines: Lanes,
}

impl Look {
    #[inline(always)]
    fn at(step: &Step, offset: usize, near: &impl Fn(&Step, usize) -> Lanes) -> Self {
        Self { near: near(step, offset), newlines: lanes(step, offset).that_are_as(Lanes::all(b'\n')) }
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self { near: self.near.in_either(other.near), newlines: self.newlines.in_either(other.newlines) }
    }

    /// The first of the places, which begin at `at`, where it is.
    fn found(self, bytes: &[u8], at: usize, sought: &impl Sought) -> Option<u32> {
        let mut places = self.near.not_zero();
        if places == 0 {
            return None;
        }
        let near = self.near.to_array();
        while places != 0 {
            let place = places.trailing_zeros();
            let near = near.get(place as usize).copied().unwrap_or(0);
            if sought.is_at(bytes, at + place as usize, near) {
                return Some(place);
            }
            places &= places - 1;
        }
        None
    }
}

/// Sixteen bytes of a step.
#[inline(always)]
pub(super) fn lanes(step: &Step, offset: usize) -> Lanes {
    match step.get(offset..).and_then(<[u8]>::first_chunk) {
        Some(bytes) => Lanes::load(bytes),
        // There are sixteen up to an offset of 50.
        None => Lanes::load(&[0; 16]),
    }
}

/// Whether the newline at `at` ends a line of nothing but white space; the
/// first line begins at `from`.
#[inline]
fn ends_blank_line(bytes: &[u8], from: usize, at: usize) -> bool {
    let before = bytes.get(from..at).unwrap_or_default();
    match before.last() {
        Some(byte) if !byte.is_ascii_whitespace() => false,
        _ => is_blank_back_to_line(before),
    }
}

#[cold]
fn is_blank_back_to_line(before: &[u8]) -> bool {
    let last = before.iter().rev().find(|&&byte| byte == b'\n' || !byte.is_ascii_whitespace());
    last.is_none_or(|&byte| byte == b'\n')
}
