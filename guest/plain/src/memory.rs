//! What a host may write to: the pieces of memory that it was given.

use std::collections::BTreeMap;

/// Most bytes that a host may have at a time. The module needs as much again.
const BYTES_MAX: usize = 512 << 20;

/// Most pieces that a host may have at a time.
const PIECES_MAX: usize = 4096;

/// The pieces that a host has, by their addresses. Whatever address a host names is
/// looked up here, so none is followed that leads elsewhere.
#[derive(Debug, Default)]
pub struct Memory {
    pieces: BTreeMap<usize, Box<[u8]>>,
    bytes: usize,
}

impl Memory {
    /// Gives a piece of so many bytes, all zero; none where that is too much. One of no
    /// bytes has an address too.
    pub fn give(&mut self, length: usize) -> Option<usize> {
        let length = length.max(1);
        if length > BYTES_MAX - self.bytes || self.pieces.len() >= PIECES_MAX {
            return None;
        }
        let mut piece = Vec::new();
        piece.try_reserve_exact(length).ok()?;
        piece.resize(length, 0);
        let piece = piece.into_boxed_slice();
        let address = piece.as_ptr().addr();
        self.pieces.insert(address, piece);
        self.bytes += length;
        Some(address)
    }

    /// Takes a piece back. What is no piece stays as it is.
    pub fn take_back(&mut self, address: usize) {
        if let Some(piece) = self.pieces.remove(&address) {
            self.bytes -= piece.len();
        }
    }

    /// The bytes at an address; none if they do not lie in one piece. No bytes lie
    /// everywhere.
    #[must_use]
    pub fn bytes(&self, address: usize, length: usize) -> Option<&[u8]> {
        if length == 0 {
            return Some(&[]);
        }
        let (start, piece) = self.pieces.range(..=address).next_back()?;
        let offset = address - start;
        piece.get(offset..offset.checked_add(length)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_by_any_address_in_them() {
        let mut memory = Memory::default();
        let address = memory.give(8).unwrap();
        assert_eq!(memory.bytes(address, 8), Some(&[0; 8][..]));
        assert_eq!(memory.bytes(address + 2, 3).map(|bytes| bytes.as_ptr().addr()), Some(address + 2));
        assert_eq!(memory.bytes(address + 8, 0), Some(&[][..]));
        for (at, length) in [(address, 9), (address + 8, 1), (address + 1, usize::MAX), (0, 1), (usize::MAX, 1)] {
            assert_eq!(memory.bytes(at, length), None);
        }
    }

    #[test]
    fn what_is_taken_back_is_gone_and_no_more() {
        let mut memory = Memory::default();
        let (first, second) = (memory.give(4).unwrap(), memory.give(0).unwrap());
        memory.take_back(first + 1);
        assert!(memory.bytes(first, 4).is_some());
        memory.take_back(first);
        memory.take_back(first);
        assert!(memory.bytes(first, 4).is_none() && memory.bytes(second, 1).is_some());
        assert_eq!(memory.bytes, 1);
    }

    #[test]
    fn there_is_a_bound() {
        let mut memory = Memory::default();
        assert_eq!(memory.give(BYTES_MAX + 1), None);
        assert_eq!(memory.give(usize::MAX), None);
        let pieces = (0..=PIECES_MAX).filter_map(|_| memory.give(1)).count();
        assert_eq!(pieces, PIECES_MAX);
    }
}
