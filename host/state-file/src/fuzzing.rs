//! For the fuzz target: whatever is read, nothing panics and nothing is made up.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::journal::{self, Journal, replay};
use crate::live::Live;
use crate::rows::{Key, take_row};
use crate::table::Known;

/// Reads `bytes` as a segment of a journal, of a state that knows nothing, and as
/// a record of one.
///
/// # Errors
///
/// The text says what was read that nobody wrote.
pub fn read(bytes: &[u8], folder: &Path) -> Result<(), String> {
    read_rows(bytes)?;
    let stem = folder.join("journal");
    let _ = fs::write(journal::path(&stem, 1), bytes);
    let mut live = Live::new(Known::default(), Journal::new(&stem, 0, 1));
    let now = Instant::now();
    // A record is taken for one by its checksum; what is in it may be anything.
    let _ = replay(&stem, 0, 1, |record| live.apply(record, now));
    let _ = live.apply(bytes, now);
    Ok(())
}

/// What is read as a row is written as it was.
fn read_rows(bytes: &[u8]) -> Result<(), String> {
    let mut rest = bytes;
    while let Some(((key, value), behind)) = take_row(rest) {
        let written = 8 + key.len() + value.map_or(0, <[u8]>::len);
        if written + behind.len() != rest.len() {
            return Err("a row is not as long as it says".to_owned());
        }
        if let Some(read) = Key::read(key)
            && read.bytes() != key
        {
            return Err(format!("{read:?} has two keys"));
        }
        rest = behind;
    }
    Ok(())
}
