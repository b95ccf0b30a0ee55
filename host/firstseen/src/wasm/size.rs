//! How large a module may be. Compiling it cannot be stopped on the way, so what
//! there is to compile is bounded before.
//!
//! What a function costs grows with the square of its length, and with its length
//! times its locals. The limits are some times what the built-in module needs; what
//! is at all of them together takes about 15 seconds of one core, and 300 MB.

use std::collections::VecDeque;

use wasmparser::{BinaryReaderError, CompositeInnerType, FunctionBody, Parser, Payload, SubType};

/// Greatest size of a module in bytes. The built-in one has 1.8 million.
pub(super) const BYTES_MAX: usize = 16 << 20;

/// Most bytes of code, of all functions together. The built-in one has 1.4 million.
const CODE_BYTES_MAX: u64 = 4 << 20;

/// Most bytes of one function. The built-in one has 32,000.
const FUNCTION_BYTES_MAX: u64 = 128 << 10;

/// Most functions. The built-in one has 1,700.
const FUNCTIONS_MAX: u64 = 20_000;

/// Most work of compiling, in the units of [`work`]. The built-in one has 50 million.
const WORK_MAX: u64 = 500_000_000;

/// Whether a module is small enough to be compiled.
///
/// # Errors
///
/// Says what is too large, or that it is no WebAssembly.
pub(super) fn check(module: &[u8]) -> Result<(), String> {
    let mut code = Code::default();
    for payload in Parser::new(0).parse_all(module) {
        let too_much = payload.and_then(|payload| code.add(payload)).map_err(|error| error.to_string())?;
        if let Some((max, what)) = too_much {
            return Err(format!("too much to compile: it has more than {max} {what}"));
        }
    }
    Ok(())
}

/// The code of a component, counted.
#[derive(Default)]
struct Code {
    functions: u64,
    bytes: u64,
    work: u64,
    /// Of the core module that is read: how many parameters its types of functions
    /// have, and the types of the functions whose bodies come next.
    parameters: Vec<u64>,
    types: VecDeque<u32>,
}

impl Code {
    /// Counts a part; answers which limit it is over.
    fn add(&mut self, payload: Payload<'_>) -> Result<Option<(u64, &'static str)>, BinaryReaderError> {
        match payload {
            Payload::Version { .. } => {
                self.parameters.clear();
                self.types.clear();
            }
            Payload::TypeSection(groups) => {
                for group in groups {
                    let parameters = |kind: &SubType| match &kind.composite_type.inner {
                        CompositeInnerType::Func(function) => function.params().len() as u64,
                        _ => 0,
                    };
                    self.parameters.extend(group?.types().map(parameters));
                }
            }
            Payload::FunctionSection(types) => self.types = types.into_iter().collect::<Result<_, _>>()?,
            Payload::CodeSectionEntry(body) => return self.add_function(&body),
            _ => {}
        }
        Ok(None)
    }

    fn add_function(&mut self, body: &FunctionBody<'_>) -> Result<Option<(u64, &'static str)>, BinaryReaderError> {
        let kind = self.types.pop_front().unwrap_or_default();
        let mut locals = self.parameters.get(kind as usize).copied().unwrap_or_default();
        for group in body.get_locals_reader()? {
            locals += u64::from(group?.0);
        }
        let bytes = body.range().len() as u64;
        self.functions += 1;
        self.bytes += bytes;
        self.work = self.work.saturating_add(work(bytes, locals));
        let limits = [
            (bytes, FUNCTION_BYTES_MAX, "bytes of one function"),
            (self.bytes, CODE_BYTES_MAX, "bytes of functions"),
            (self.functions, FUNCTIONS_MAX, "functions"),
            (self.work, WORK_MAX, "units of work (the bytes of each function, times its locals and its bytes / 256)"),
        ];
        let over = limits.into_iter().find(|(size, max, _)| size > max);
        Ok(over.map(|(_, max, what)| (max, what)))
    }
}

/// What compiling a function costs, about.
fn work(bytes: u64, locals: u64) -> u64 {
    bytes.saturating_mul(locals.saturating_add(bytes / 256))
}
