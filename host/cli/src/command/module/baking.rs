//! A text put into a plain module: into pages of its own behind all that the module has to
//! begin with. Two words at a marked place in the module say where it is, and how long.
//!
//! Nothing else writes to those pages: what the module allocates, it asks its host for.

use anyhow::{Context, Result, ensure};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ConstExpr, DataCountSection, DataSection, MemorySection, RawSection, SectionId};
use wasmparser::{
    ConstExpr as ConstExprRead, DataKind, DataSectionReader, ExternalKind, MemoryType, Operator, Parser, Payload,
    Validator, WasmFeatures,
};

/// The exported global that has the address of the two words.
const MARK: &str = "firstseen_baked";

/// What else a module of ours exports.
const FUNCTIONS: [&str; 3] = ["firstseen", "malloc", "free"];

/// The way out of what is no module of ours.
const ADVICE: &str = "take one that `firstseen module --plain --scalar` of this version writes";

const PAGE_BYTES: u64 = 1 << 16;

/// Most pages of a memory.
const PAGES_MAX: u64 = 1 << 16;

/// Largest text. Rules of more than 64 MiB are none that the module takes.
const TEXT_BYTES_MAX: usize = 192 << 20;

/// The instructions of the hosts that need a baked module: WebAssembly 2.0 without vectors.
const FEATURES: WasmFeatures = WasmFeatures::WASM2.difference(WasmFeatures::SIMD);

/// A plain module, as far as it matters here.
struct Plain<'m> {
    /// Ids and bytes of all sections, in order.
    sections: Vec<(u8, &'m [u8])>,
    memory: MemoryType,
    data: DataSectionReader<'m>,
    /// The address of the two words.
    mark: u32,
}

/// Puts a text into a plain module.
///
/// # Errors
///
/// When the module is none of ours, has a text already or vector instructions, or when the text
/// is too large.
pub(super) fn bake(module: &[u8], text: &[u8]) -> Result<Vec<u8>> {
    let plain = Plain::read(module).context(ADVICE)?;
    ensure!(text.len() <= TEXT_BYTES_MAX, "what is to be baked is larger than {TEXT_BYTES_MAX} bytes");
    let (address, pages) = (plain.memory.initial * PAGE_BYTES, (text.len() as u64).div_ceil(PAGE_BYTES));
    let initial = plain.memory.initial + pages;
    let most = plain.memory.maximum.unwrap_or(PAGES_MAX).min(PAGES_MAX);
    ensure!(initial <= most, "its memory may have {most} pages, and {initial} are needed");
    let baked = plain.with(MemoryType { initial, ..plain.memory }, u32::try_from(address)?, text)?;
    Validator::new_with_features(FEATURES)
        .validate_all(&baked)
        .context("the module has what the host cannot run, such as vector instructions")
        .context(ADVICE)?;
    Ok(baked)
}

impl<'m> Plain<'m> {
    fn read(module: &'m [u8]) -> Result<Self> {
        let (mut sections, mut memory, mut data, mut mark) = (Vec::new(), None, None, None);
        let (mut globals, mut functions) = (Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload.context("it is no WebAssembly module")?;
            if let Some((id, range)) = payload.as_section() {
                sections.push((id, module.get(range).unwrap_or_default()));
            }
            match payload {
                Payload::Version { encoding, .. } => {
                    ensure!(encoding == wasmparser::Encoding::Module, "it is a component, and no plain module");
                }
                Payload::ImportSection(imports) => ensure!(imports.count() == 0, "it imports something"),
                Payload::MemorySection(memories) => memory = memories.into_iter().next().transpose()?,
                Payload::GlobalSection(all) => {
                    globals = all.into_iter().map(|global| Ok(global?.init_expr)).collect::<Result<_>>()?;
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        match export.kind {
                            ExternalKind::Global if export.name == MARK => mark = Some(export.index as usize),
                            ExternalKind::Func => functions.push(export.name),
                            _ => {}
                        }
                    }
                }
                Payload::DataSection(section) => data = Some(section),
                _ => {}
            }
        }
        let mark =
            mark.and_then(|mark| address(globals.get(mark)?)).with_context(|| format!("it exports no {MARK}"))?;
        for name in FUNCTIONS {
            ensure!(functions.contains(&name), "it exports no {name}");
        }
        let (memory, data) = memory.zip(data).context("it has no memory, or nothing in it")?;
        let plain = Self { sections, memory, data, mark };
        ensure!(!plain.is_baked()?, "rules were baked into it already");
        Ok(plain)
    }

    /// Whether something is written at the marked place.
    fn is_baked(&self) -> Result<bool> {
        for segment in self.data.clone() {
            if let DataKind::Active { offset_expr, .. } = segment?.kind
                && address(&offset_expr) == Some(self.mark)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The module with another memory, and a text at an address of it.
    fn with(&self, memory: MemoryType, at: u32, text: &[u8]) -> Result<Vec<u8>> {
        let mut module = wasm_encoder::Module::new();
        for &(id, data) in &self.sections {
            if id == SectionId::Memory as u8 {
                module.section(MemorySection::new().memory(RoundtripReencoder.memory_type(memory)?));
            } else if id == SectionId::DataCount as u8 {
                module.section(&DataCountSection { count: self.data.count() + 2 });
            } else if id == SectionId::Data as u8 {
                module.section(&self.data_with(at, text)?);
            } else {
                module.section(&RawSection { id, data });
            }
        }
        Ok(module.finish())
    }

    fn data_with(&self, at: u32, text: &[u8]) -> Result<DataSection> {
        let mut data = DataSection::new();
        RoundtripReencoder.parse_data_section(&mut data, self.data.clone())?;
        let words = [at.to_le_bytes(), u32::try_from(text.len())?.to_le_bytes()].concat();
        for (address, bytes) in [(self.mark, &*words), (at, text)] {
            data.active(0, &ConstExpr::i32_const(address.cast_signed()), bytes.iter().copied());
        }
        Ok(data)
    }
}

/// The address that a constant expression is.
fn address(expression: &ConstExprRead<'_>) -> Option<u32> {
    match expression.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some(value.cast_unsigned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with what matters, as text.
    fn text_of(memory: &str, more: &str) -> String {
        format!(
            r#"(module
                (memory (export "memory") {memory})
                (global (export "firstseen_baked") i32 (i32.const 16))
                (func (export "firstseen") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 7))
                (func (export "malloc") (param i32) (result i32) (i32.const 0))
                (func (export "free") (param i32))
                (data (i32.const 1024) "before")
                {more})"#
        )
    }

    fn module(memory: &str, more: &str) -> Vec<u8> {
        wat::parse_str(text_of(memory, more)).unwrap()
    }

    fn cause(module: &[u8], text: &[u8]) -> String {
        format!("{:#}", bake(module, text).unwrap_err())
    }

    fn segments(module: &[u8]) -> Vec<(Option<u32>, Vec<u8>)> {
        let data = Parser::new(0).parse_all(module).find_map(|payload| match payload.unwrap() {
            Payload::DataSection(data) => Some(data),
            _ => None,
        });
        let segment = |segment: wasmparser::Data<'_>| match segment.kind {
            DataKind::Active { offset_expr, .. } => (address(&offset_expr), segment.data.to_vec()),
            DataKind::Passive => (None, segment.data.to_vec()),
        };
        data.unwrap().into_iter().map(|it| segment(it.unwrap())).collect()
    }

    fn memory(module: &[u8]) -> MemoryType {
        let memory = Parser::new(0).parse_all(module).find_map(|payload| match payload.unwrap() {
            Payload::MemorySection(memories) => memories.into_iter().next(),
            _ => None,
        });
        memory.unwrap().unwrap()
    }

    #[test]
    fn a_text_lies_behind_all_else() {
        for (bytes, pages) in [(0, 0), (1, 1), (65_536, 1), (65_537, 2)] {
            let text = vec![b'x'; bytes];
            // One that is copied at run time has the segments counted before the code.
            let passive = r#"(data "passive") (func (data.drop 1))"#;
            let baked = bake(&module("3 100", passive), &text).unwrap();
            assert_eq!((memory(&baked).initial, memory(&baked).maximum), (3 + pages, Some(100)));
            let words = [(3_u32 << 16).to_le_bytes(), (bytes as u32).to_le_bytes()].concat();
            let expected = [
                (Some(1024), b"before".to_vec()),
                (None, b"passive".to_vec()),
                (Some(16), words),
                (Some(3 << 16), text),
            ];
            assert_eq!(segments(&baked), expected);
        }
    }

    #[test]
    fn all_else_stays_as_it_is() {
        let plain = module("1", r#"(@custom "note" "kept")"#);
        let baked = bake(&plain, b"text").unwrap();
        let sections = |module: &[u8]| -> Vec<(u8, Vec<u8>)> {
            let all = Parser::new(0).parse_all(module).filter_map(|payload| payload.unwrap().as_section());
            let all = all.map(|(id, range)| (id, module[range].to_vec()));
            all.filter(|(id, _)| ![SectionId::Memory as u8, SectionId::Data as u8].contains(id)).collect()
        };
        assert_eq!(sections(&baked), sections(&plain));
        assert!(sections(&baked).len() > 5);
    }

    #[test]
    fn what_is_none_of_ours_is_refused() {
        let without = |part: &str| {
            wat::parse_str(text_of("1", "").replace(&format!("(export \"{part}\""), "(export \"other\"")).unwrap()
        };
        for (module, expected) in [
            (b"no module".to_vec(), "it is no WebAssembly module"),
            (wat::parse_str("(module)").unwrap(), "it exports no firstseen_baked"),
            (wat::parse_str("(component)").unwrap(), "it is a component"),
            (without("malloc"), "it exports no malloc"),
            (without("firstseen"), "it exports no firstseen"),
            (wat::parse_str(r#"(module (import "a" "b" (func)))"#).unwrap(), "it imports something"),
            (bake(&module("1", ""), b"x").unwrap(), "rules were baked into it already"),
            (module("1 1", ""), "its memory may have 1 pages, and 2 are needed"),
            (module("1", "(func (drop (v128.const i64x2 0 0)))"), "vector instructions"),
            (module("1", "")[..60].to_vec(), "it is no WebAssembly module"),
        ] {
            let cause = cause(&module, b"x");
            assert!(cause.contains(expected), "{cause}");
        }
        assert!(cause(b"", b"").contains(ADVICE));
        assert!(cause(&module("1", ""), &vec![0; TEXT_BYTES_MAX + 1]).contains("larger"));
    }
}
