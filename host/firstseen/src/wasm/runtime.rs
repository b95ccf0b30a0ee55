//! The wasmtime engine and the clock that bounds calls.

use std::num::NonZeroUsize;
use std::time::Duration;

use wasmtime::{Config, Engine};

/// How often the epoch advances. A call's timeout is counted in epochs.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// Makes an engine with the settings all modules run under, and a thread that
/// advances its epoch for as long as it lives.
pub(super) fn engine() -> wasmtime::Result<Engine> {
    let engine = Engine::new(&config())?;
    let weak = engine.weak();
    std::thread::Builder::new().name("firstseen-epoch".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(TICK);
            match weak.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    })?;
    Ok(engine)
}

/// A module needs plain wasm with SIMD; everything newer is off, whatever
/// features other crates switch on, to keep the surface small.
fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_wide_arithmetic(false)
        .concurrency_support(false)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        // Instances live for hours, so tables are filled at the start.
        .table_lazy_init(false)
        .wasm_backtrace_max_frames(NonZeroUsize::new(16));
    config
}
