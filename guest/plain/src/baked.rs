//! The text that `firstseen module bake` puts into a module.

#![allow(unsafe_code, reason = "the text lies in no piece of ours; only what lies in the memory is read")]

use core::sync::atomic::{AtomicUsize, Ordering};

/// Where the text is, and how long. A module into which nothing was baked has zeros here; what
/// bakes one finds the place by this name.
#[unsafe(export_name = "firstseen_baked")]
static PLACE: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

const PAGE_BYTES: usize = 1 << 16;

/// The text; nothing if there is none, or none that could be.
pub(crate) fn baked() -> &'static [u8] {
    let [address, length] = PLACE.each_ref().map(|word| word.load(Ordering::Relaxed));
    let memory = core::arch::wasm32::memory_size::<0>().saturating_mul(PAGE_BYTES);
    match address.checked_add(length) {
        // It lies behind all that the module had to begin with, in pages that no allocator was
        // given: nothing else writes there.
        Some(end) if address > 0 && end <= memory => unsafe {
            core::slice::from_raw_parts(core::ptr::with_exposed_provenance(address), length)
        },
        _ => &[],
    }
}
