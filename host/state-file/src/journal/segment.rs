//! The bytes of a segment; see the [module](super) for their form.

/// The form of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is written.
    Padded,
    /// As version 0.1 wrote it: no longer than what is in it, under its name from its
    /// first byte on.
    Earlier,
}

impl Form {
    fn magic(self) -> &'static [u8; 8] {
        match self {
            Self::Padded => b"1stjrnl3",
            Self::Earlier => b"1stjrnl2",
        }
    }
}
/// What it begins with in whatever version.
pub(super) const MAGIC_START: &[u8] = b"1stjrnl";
pub(super) const HEAD_BYTES: usize = 36;
pub(super) const FRAME_BYTES: usize = 16;

/// What the length of a segment is a multiple of.
pub(super) const STEP: u64 = 1 << 16;

/// How long a segment is with so many bytes in it: at least one is behind them.
pub(super) fn padded(bytes: u64) -> u64 {
    (bytes / STEP + 1) * STEP
}

/// Longest record, in bytes.
pub(super) const RECORD_BYTES_MAX: usize = 1 << 30;

pub(super) fn head(id: u64, number: u64, before: u64) -> Vec<u8> {
    head_of(Form::Padded, id, number, before)
}

fn head_of(form: Form, id: u64, number: u64, before: u64) -> Vec<u8> {
    let mut bytes = form.magic().to_vec();
    for value in [id, number, before] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// What the head of a segment says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) id: u64,
    pub(super) number: u64,
    /// Records of the segment before it.
    pub(super) before: u64,
}

/// Reads what [`head`] made.
pub(super) fn parse_head(form: Form, bytes: &[u8]) -> Option<Head> {
    let (numbers, _) = bytes.strip_prefix(form.magic())?.as_chunks();
    let [id, number, before] = *numbers else { return None };
    let [id, number, before] = [id, number, before].map(u64::from_le_bytes);
    (bytes == head_of(form, id, number, before)).then_some(Head { id, number, before })
}

/// Whether a segment of `length` bytes was cut: its whole records end at `end`, and
/// `found` is what stands there, as much of a frame as there is.
pub(super) fn is_cut(length: u64, end: u64, found: &[u8]) -> bool {
    if !length.is_multiple_of(STEP) || length <= end {
        return true;
    }
    let is_padding = found.iter().all(|byte| *byte == 0);
    // Room is made for a record before any of it is written.
    match length_of(found) {
        _ if is_padding => false,
        Some(_) if found.len() < FRAME_BYTES => true,
        Some(payload) => length < padded(end + FRAME_BYTES as u64 + payload as u64),
        // Not what was written, so it says nothing of what was.
        None => found.len() < 4,
    }
}

/// What stands before a payload. The checksum is of all that a record could be
/// taken for another by.
pub(super) fn frame(id: u64, number: u64, place: u64, payload: &[u8]) -> Vec<u8> {
    let mut sum = crc32fast::Hasher::new();
    for value in [id, number, place] {
        sum.update(&value.to_le_bytes());
    }
    sum.update(payload);
    // At most `RECORD_BYTES_MAX`.
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes()[..], &sum.finalize().to_le_bytes(), &(place ^ id).to_le_bytes()].concat()
}

pub(super) fn length_of(frame: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(*frame.first_chunk()?);
    usize::try_from(length).ok().filter(|length| *length <= RECORD_BYTES_MAX)
}

fn place_of(id: u64, frame: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(*frame.get(8..)?.first_chunk()?) ^ id)
}

/// Whether a whole record lies somewhere in `bytes`, from place `from` on.
pub(super) fn holds_record(bytes: &[u8], id: u64, number: u64, from: u64) -> bool {
    let places = from..from.saturating_add(bytes.len() as u64);
    (0..bytes.len()).any(|start| {
        let record = bytes.get(start..).and_then(|bytes| bytes.split_at_checked(FRAME_BYTES));
        let Some((frame, behind)) = record else { return false };
        let Some(place) = place_of(id, frame).filter(|place| places.contains(place)) else { return false };
        let payload = length_of(frame).and_then(|length| behind.get(..length));
        payload.is_some_and(|payload| frame == self::frame(id, number, place, payload))
    })
}
