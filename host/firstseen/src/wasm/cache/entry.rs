//! A file of native code: whose it is, and whether it is whole.

use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};
use wasmtime::Engine;

/// Begins every entry; the number is that of this layout.
const MAGIC: &[u8; 16] = b"firstseen code 1";

/// Ends the names of entries.
const ENDING: &str = ".code";

type Digest256 = [u8; 32];

/// What native code was made of, and for which machine, runtime and settings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key(Digest256);

impl Key {
    pub(super) fn of(engine: &Engine, wasm: &[u8]) -> Self {
        let mut hasher = KeyHasher(Sha256::new());
        // Wasmtime's version is among what it covers.
        engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.write(wasm);
        Self(hasher.0.finalize().into())
    }

    pub(super) fn file_name(&self) -> String {
        let digits = self.0.iter().map(|byte| format!("{byte:02x}"));
        digits.chain([ENDING.to_owned()]).collect()
    }
}

/// Whether a file is an entry, or one in the making.
pub(super) fn is_file_name(name: &str) -> bool {
    let Some((key, rest)) = name.split_at_checked(2 * size_of::<Digest256>()) else { return false };
    key.bytes().all(|byte| byte.is_ascii_hexdigit()) && rest.starts_with(ENDING)
}

/// What comes before the native code in an entry.
pub(super) fn head(key: &Key, native: &[u8]) -> Vec<u8> {
    [&MAGIC[..], &key.0, &checksum(native)].concat()
}

/// The native code in an entry; none if it is another's or not as it was
/// written.
pub(super) fn native<'f>(file: &'f [u8], key: &Key) -> Option<&'f [u8]> {
    let rest = file.strip_prefix(MAGIC)?.strip_prefix(&key.0)?;
    let (sum, native) = rest.split_first_chunk::<{ size_of::<Digest256>() }>()?;
    (*sum == checksum(native)).then_some(native)
}

fn checksum(native: &[u8]) -> Digest256 {
    Sha256::digest(native).into()
}

/// The standard library's hashes are too short for a name.
struct KeyHasher(Sha256);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Nobody asks: the whole digest is taken.
    fn finish(&self) -> u64 {
        0
    }
}
