//! A compiled detection module.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Precompiled};

use super::cache::ModuleCache;
use super::host_state::HostState;
use super::instance::Instance;
use super::limits::Limits;
use super::runtime;
use super::size;
use super::trap::Trap;
use super::v0_2::{self, DetectionModule, DetectionModulePre};
use crate::reports::{RuleSummary, RuleType};

/// The component that was built together with this library.
const BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/firstseen.wasm"));

/// What a module may import.
const ALLOWED_IMPORT: &str = "firstseen:detection/logging@0.2.";

/// What the imports and exports of a module of any version are called.
const PACKAGE: &str = "firstseen:detection/";

/// A detection module, compiled and checked: a component of the world
/// `detection-module` that imports `logging` and nothing else.
///
/// ```
/// let module = firstseen::Module::built_in()?;
/// assert_eq!(module.name(), "built-in");
/// # Ok::<(), firstseen::ModuleError>(())
/// ```
#[derive(Clone)]
pub struct Module {
    name: String,
    pre: DetectionModulePre<HostState>,
}

/// What a module says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The types of rules that it runs.
    pub rule_types: Vec<RuleType>,
    /// The rules it runs.
    pub rules: Vec<RuleSummary>,
}

/// Why a module cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum ModuleError {
    /// The file cannot be read.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is not a WebAssembly component: text, a core module, native code,
    /// too large, or damaged.
    NotAComponent {
        /// Name of the module.
        name: String,
        /// What it is instead.
        cause: String,
    },
    /// It wants more from its host than a detection module may.
    Import {
        /// Name of the module.
        name: String,
        /// The import.
        import: String,
    },
    /// It was made for another version of the contract.
    Version {
        /// Name of the module.
        name: String,
        /// One of its interfaces, with the version.
        interface: String,
    },
    /// It does not export what a detection module does.
    World {
        /// Name of the module.
        name: String,
        /// What is missing or different.
        cause: String,
    },
    /// This machine cannot run WebAssembly.
    Runtime {
        /// Why.
        cause: String,
    },
}

impl Module {
    /// The component that belongs to this version of the library.
    ///
    /// # Errors
    ///
    /// [`ModuleError::Runtime`] on a machine that cannot run it.
    pub fn built_in() -> Result<Self, ModuleError> {
        Self::built_in_with(&ModuleCache::off())
    }

    /// The same, with its native code from a cache if it is there.
    ///
    /// # Errors
    ///
    /// As [`Module::built_in`].
    pub fn built_in_with(cache: &ModuleCache) -> Result<Self, ModuleError> {
        Self::from_bytes("built-in", BUILT_IN, cache)
    }

    /// The bytes of the built-in component, for other hosts to run.
    pub fn built_in_bytes() -> &'static [u8] {
        BUILT_IN
    }

    /// Reads a component from a file.
    ///
    /// # Errors
    ///
    /// [`ModuleError`] says what is wrong with it.
    pub fn from_file(path: impl AsRef<Path>, cache: &ModuleCache) -> Result<Self, ModuleError> {
        let path = path.as_ref();
        let io = |error| ModuleError::Io { path: path.to_owned(), error };
        let mut bytes = Vec::new();
        File::open(path).map_err(io)?.take(size::BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
        Self::from_bytes(&path.display().to_string(), &bytes, cache)
    }

    /// Takes a component from memory; `name` appears in messages.
    ///
    /// # Errors
    ///
    /// [`ModuleError`] says what is wrong with it.
    pub fn from_bytes(name: &str, bytes: &[u8], cache: &ModuleCache) -> Result<Self, ModuleError> {
        let not_a_component =
            |cause: &str| ModuleError::NotAComponent { name: name.to_owned(), cause: cause.to_owned() };
        let runtime = |error: wasmtime::Error| ModuleError::Runtime { cause: format!("{error:#}") };
        if bytes.len() > size::BYTES_MAX {
            return Err(not_a_component("larger than 16 MiB"));
        }
        // Native code could do anything, so it is never taken from outside.
        match Engine::detect_precompiled(bytes) {
            Some(Precompiled::Component | Precompiled::Module) => {
                return Err(not_a_component("precompiled native code; give the .wasm it was made from"));
            }
            None if !bytes.starts_with(b"\0asm") => return Err(not_a_component("not WebAssembly")),
            None if bytes.get(4..8) == Some(&[1, 0, 0, 0]) => {
                return Err(not_a_component("a core module; make a component of it (`wasm-tools component new`)"));
            }
            None => {}
        }
        let engine = runtime::engine().map_err(runtime)?;
        let component = cache
            .component(&engine, bytes, || {
                size::check(bytes).map_err(wasmtime::Error::msg)?;
                Component::from_binary(&engine, bytes)
            })
            .map_err(|error| not_a_component(&format!("{error:#}")))?;
        check_interfaces(name, &component, &engine)?;
        let mut linker = Linker::new(&engine);
        v0_2::add_to_linker(&mut linker).map_err(runtime)?;
        let world = |error: wasmtime::Error| ModuleError::World { name: name.to_owned(), cause: format!("{error:#}") };
        let pre = linker.instantiate_pre(&component).and_then(DetectionModulePre::new).map_err(world)?;
        Ok(Self { name: name.to_owned(), pre })
    }

    /// The name it was loaded under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks the module what it is. Before rules are loaded these are the ones it
    /// has built in.
    ///
    /// # Errors
    ///
    /// [`Trap`] if it cannot be started or does not answer.
    pub fn describe(&self) -> Result<Description, Trap> {
        Instance::new(self, Limits::default())?.describe()
    }

    pub(super) fn engine(&self) -> &Engine {
        self.pre.engine()
    }

    pub(super) fn instantiate(&self, store: &mut wasmtime::Store<HostState>) -> wasmtime::Result<DetectionModule> {
        self.pre.instantiate(store)
    }
}

/// The linker would refuse both too, but would not say that an import is a matter
/// of policy, and an export one of versions.
fn check_interfaces(name: &str, component: &Component, engine: &Engine) -> Result<(), ModuleError> {
    let kind = component.component_type();
    let of_contract = |interface: &str| interface.starts_with(PACKAGE);
    let mut exports = kind.exports(engine).map(|(export, _)| export);
    if let Some(export) = exports.find(|export| of_contract(export) && !export.contains("@0.2.")) {
        return Err(ModuleError::Version { name: name.to_owned(), interface: export.to_owned() });
    }
    let mut imports = kind.imports(engine).map(|(import, _)| import);
    match imports.find(|import| !import.starts_with(ALLOWED_IMPORT)) {
        Some(import) if of_contract(import) && !import.contains("@0.2.") => {
            Err(ModuleError::Version { name: name.to_owned(), interface: import.to_owned() })
        }
        Some(import) => Err(ModuleError::Import { name: name.to_owned(), import: import.to_owned() }),
        None => Ok(()),
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, .. } => write!(f, "module {} cannot be read", path.display()),
            Self::NotAComponent { name, cause } => write!(f, "module {name} is not a WebAssembly component: {cause}"),
            Self::Import { name, import } => write!(
                f,
                "module {name} imports `{import}`; a detection module may import firstseen:detection/logging, nothing \
                 else"
            ),
            Self::Version { name, interface } => write!(
                f,
                "module {name} was made for another version of the contract: it has `{interface}`, and this version \
                 runs modules of firstseen:detection@0.2; build it again from the wit/ of this version, or leave \
                 --module out to run the built-in one"
            ),
            Self::World { name, cause } => {
                write!(f, "module {name} is not of the world firstseen:detection/detection-module: {cause}")
            }
            Self::Runtime { cause } => write!(f, "this machine cannot run WebAssembly: {cause}"),
        }
    }
}

impl std::error::Error for ModuleError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
