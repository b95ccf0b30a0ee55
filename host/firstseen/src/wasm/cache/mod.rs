//! Native code of modules, kept for the next start: compiling takes seconds.
//!
//! Native code is trusted with the whole process, so it comes from nowhere but
//! a directory that nobody else can write to. Whatever is wrong with that
//! directory or with what lies in it, the module is compiled instead.

mod directory;
mod entry;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

use directory::Directory;
use entry::Key;

/// Most entries that are kept; one has some MiB.
const ENTRIES_MAX: usize = 8;

/// A directory in which the native code of modules is kept, so that the next
/// start need not compile them.
///
/// It is made for its owner only. One that belongs to somebody else, that others
/// can write to, or that is a symbolic link, is not used; then a module is
/// compiled at every start. Damaged entries, and those of another version or
/// machine, are written anew.
///
/// ```no_run
/// use firstseen::{Module, ModuleCache};
///
/// let module = Module::built_in_with(&ModuleCache::of_user())?;
/// # Ok::<(), firstseen::ModuleError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ModuleCache {
    path: Option<PathBuf>,
}

impl ModuleCache {
    /// Keeps nothing.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// Keeps native code in this directory, made if it is not there.
    #[must_use]
    pub fn in_directory(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()) }
    }

    /// Where the environment wants it: in `$FIRSTSEEN_CACHE_DIR`, or nowhere if
    /// that is empty; if it is not set, in `$XDG_CACHE_HOME/firstseen` or
    /// `~/.cache/firstseen`.
    #[must_use]
    pub fn of_user() -> Self {
        Self { path: path(|name| env::var_os(name)) }
    }

    /// The component of a WebAssembly binary: its native code if that is here,
    /// else what `compile` gives, kept for the next time.
    pub(super) fn component(
        &self,
        engine: &Engine,
        wasm: &[u8],
        compile: impl FnOnce() -> wasmtime::Result<Component>,
    ) -> wasmtime::Result<Component> {
        let Some(directory) = self.path.as_deref().and_then(|path| Directory::open(path).ok()) else {
            return compile();
        };
        let key = Key::of(engine, wasm);
        let name = key.file_name();
        if let Ok(file) = directory.read(&name)
            && let Some(native) = entry::native(&file, &key)
            && let Some(component) = load(engine, native)
        {
            return Ok(component);
        }
        let component = compile()?;
        // Without it, or if it cannot be kept, the next start takes its time.
        if let Ok(native) = component.serialize() {
            let kept = directory.write(&name, &[&entry::head(&key, &native), &native]);
            let _ = kept.and_then(|()| directory.keep_newest(ENTRIES_MAX, entry::is_file_name));
        }
        Ok(component)
    }
}

/// Takes native code as it is. None if it is of another version of wasmtime, for
/// another machine, or under other settings.
#[allow(unsafe_code, reason = "native code can do anything, and only its origin speaks for it")]
fn load(engine: &Engine, native: &[u8]) -> Option<Component> {
    // SAFETY: it has to be what wasmtime's `serialize` gave. `native` was read
    // from a file and a directory that are this user's and that nobody else can
    // write to, and its checksum says that it is what was written there.
    unsafe { Component::deserialize(engine, native) }.ok()
}

fn path(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // A relative path would be another directory wherever the process starts.
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    if let Some(path) = variable("FIRSTSEEN_CACHE_DIR") {
        return absolute(path);
    }
    let caches = variable("XDG_CACHE_HOME").and_then(absolute);
    let home = || variable("HOME").and_then(absolute);
    Some(caches.or_else(|| Some(home()?.join(".cache")))?.join(Path::new("firstseen")))
}

#[cfg(test)]
mod tests;
