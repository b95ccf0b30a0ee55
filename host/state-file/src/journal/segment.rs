//! The bytes of a segment; see the [module](super) for their form.

const MAGIC: &[u8; 8] = b"1stjrnl2";
/// What it begins with in whatever version.
pub(super) const MAGIC_START: &[u8] = b"1stjrnl";
pub(super) const HEAD_BYTES: usize = 36;
pub(super) const FRAME_BYTES: usize = 16;

/// Longest record, in bytes.
pub(super) const RECORD_BYTES_MAX: usize = 1 << 30;

pub(super) fn head(id: u64, number: u64, before: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for value in [id, number, before] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// Reads what [`head`] made: id and number, and the records before.
pub(super) fn parse_head(bytes: &[u8]) -> Option<((u64, u64), u64)> {
    let (numbers, _) = bytes.strip_prefix(MAGIC)?.as_chunks();
    let [id, number, before] = *numbers else { return None };
    let [id, number, before] = [id, number, before].map(u64::from_le_bytes);
    (bytes == head(id, number, before)).then_some(((id, number), before))
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
