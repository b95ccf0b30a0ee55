//! A host as `wit/README.md` has it written.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};
use wasmtime::{Config, Engine, Instance, Memory, Module, Store, StoreLimits, StoreLimitsBuilder, Val};

use crate::rng::Rng;

/// Most that an instance takes.
const MEMORY_BYTES: usize = 1 << 30;

/// How much a call may do: one that never ends is stopped within seconds.
const FUEL: u64 = 5_000_000_000;

/// An instance of a plain module.
pub struct Host {
    store: Store<StoreLimits>,
    instance: Instance,
    memory: Memory,
}

/// What a call answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// As `wit/README.md` has it.
    pub status: u32,
    /// The bytes.
    pub text: String,
}

/// A module, compiled for hosts that have vector instructions or not.
///
/// # Errors
///
/// When it cannot be compiled.
pub fn compile(wasm: &[u8], has_simd: bool) -> Result<Module> {
    let mut config = Config::new();
    config.wasm_relaxed_simd(has_simd).wasm_simd(has_simd).consume_fuel(true);
    told(Engine::new(&config).and_then(|engine| Module::new(&engine, wasm)))
}

/// An error of wasmtime as one of tests.
fn told<T>(result: wasmtime::Result<T>) -> Result<T> {
    result.map_err(|error| anyhow!("{error:?}"))
}

impl Host {
    /// An instance of its own.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn new(module: &Module) -> Result<Self> {
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).build();
        let mut store = Store::new(module.engine(), limits);
        store.limiter(|limits| limits);
        told(store.set_fuel(FUEL))?;
        let instance = told(Instance::new(&mut store, module, &[]))?;
        let memory = instance.get_memory(&mut store, "memory").context("no memory")?;
        Ok(Self { store, instance, memory })
    }

    /// Calls an export with numbers; none if it gives nothing.
    ///
    /// # Errors
    ///
    /// When there is no such export, and when it traps.
    pub fn raw(&mut self, name: &str, arguments: &[u32]) -> Result<Option<u32>> {
        let function = self.instance.get_func(&mut self.store, name).with_context(|| format!("no {name}"))?;
        let arguments: Vec<Val> = arguments.iter().map(|&argument| Val::I32(argument.cast_signed())).collect();
        told(self.store.set_fuel(FUEL))?;
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        told(function.call(&mut self.store, &arguments, &mut results))?;
        Ok(results.first().map(|result| result.unwrap_i32().cast_unsigned()))
    }

    /// Calls an export that gives a number.
    ///
    /// # Errors
    ///
    /// As [`Host::raw`], and when it gives nothing.
    pub fn number(&mut self, name: &str, arguments: &[u32]) -> Result<u32> {
        self.raw(name, arguments)?.with_context(|| format!("{name} gives nothing"))
    }

    /// Gives a piece of memory with these bytes.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn give(&mut self, bytes: &[u8]) -> Result<u32> {
        let piece = self.number("malloc", &[u32::try_from(bytes.len())?])?;
        ensure!(piece > 0, "no memory for {} bytes", bytes.len());
        self.memory.write(&mut self.store, piece as usize, bytes)?;
        Ok(piece)
    }

    /// What a reply says.
    ///
    /// # Errors
    ///
    /// When it lies outside of the memory, or is not UTF-8.
    pub fn reply(&self, place: u32) -> Result<Reply> {
        let data = self.memory.data(&self.store);
        let bytes = |at: u32, length: u32| {
            data.get(at as usize..).and_then(|rest| rest.get(..length as usize)).context("beyond the memory")
        };
        let word =
            |number: u32| Ok::<u32, anyhow::Error>(u32::from_le_bytes(bytes(place + 4 * number, 4)?.try_into()?));
        let text = String::from_utf8(bytes(word(1)?, word(2)?)?.to_vec())?;
        Ok(Reply { status: word(0)?, text })
    }

    /// Writes anything anywhere.
    ///
    /// # Errors
    ///
    /// When there is no memory.
    pub fn scribble(&mut self, rng: &mut Rng) -> Result<()> {
        let length = self.memory.data_size(&self.store);
        for _ in 0..10_000 {
            let bytes = rng.next_u64().to_le_bytes();
            self.memory.write(&mut self.store, rng.place(length - bytes.len()), &bytes)?;
        }
        Ok(())
    }

    /// Calls an export with texts.
    ///
    /// # Errors
    ///
    /// Those of the calls.
    pub fn call(&mut self, name: &str, texts: &[&[u8]]) -> Result<Reply> {
        let mut arguments = Vec::new();
        for text in texts {
            arguments.extend([self.give(text)?, u32::try_from(text.len())?]);
        }
        let place = self.number(name, &arguments)?;
        for piece in arguments.iter().step_by(2) {
            self.raw("free", &[*piece])?;
        }
        self.reply(place)
    }

    /// Evaluates a batch to its end; answers with the lines that it gives.
    ///
    /// # Errors
    ///
    /// Those of the calls, and what they say.
    pub fn evaluate(&mut self, batch: &[u8], context: &Value, state: &mut State) -> Result<Vec<Value>> {
        let mut reply = self.call("firstseen_begin", &[batch, context.to_string().as_bytes()])?;
        while reply.status == 1 {
            let answers: Vec<String> = lines(&reply.text)?
                .iter()
                .map(|question| Ok(state.answer(question)?.to_string()))
                .collect::<Result<_>>()?;
            reply = self.call("firstseen_finish", &[answers.join("\n").as_bytes()])?;
        }
        ensure!(reply.status == 0, "{reply:?}");
        lines(&reply.text)
    }
}

/// NDJSON.
///
/// # Errors
///
/// When a line is no JSON.
pub fn lines(text: &str) -> Result<Vec<Value>> {
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// The interface `state`, by its documentation.
#[derive(Default)]
pub struct State {
    times: HashMap<[String; 2], Vec<i64>>,
    used: HashMap<(String, i64), u64>,
    /// Questions with their answers.
    pub said: Vec<Value>,
}

impl State {
    fn answer(&mut self, question: &Value) -> Result<Value> {
        let text = |name: &str| {
            Ok::<String, anyhow::Error>(question.pointer(name).and_then(Value::as_str).context("no text")?.to_owned())
        };
        let number = |name: &str| question.pointer(name).and_then(Value::as_i64).context("no number");
        let (history, term) = (text("/sighting/history")?, text("/sighting/term")?);
        let (at, window_ms) = (number("/sighting/at")?, number("/sighting/window-ms")?);
        let times = self.times.entry([history.clone(), term]).or_default();
        let verdict = if times.iter().any(|time| (at - time).abs() <= window_ms) {
            times.push(at);
            "seen"
        } else {
            let interval = at.div_euclid(number("/sighting/quota/per-ms")?);
            let used = self.used.entry((history, interval)).or_default();
            if i64::try_from(*used)? >= number("/sighting/quota/max")? {
                "deferred"
            } else {
                *used += 1;
                times.push(at);
                "unseen"
            }
        };
        let answer = json!({"sighting": verdict});
        self.said.push(json!({"question": question, "answer": answer}));
        Ok(answer)
    }
}

/// What is said in a case of `integrations/conformance`, in the form of its `transcript.ndjson`.
///
/// # Errors
///
/// When files are missing, and when a call does nothing.
pub fn transcript(host: &mut Host, case: &Path) -> Result<String> {
    let mut transcript = Vec::new();
    let reports = host.call("firstseen_configure", &[&fs::read(case.join("configuration.json"))?])?;
    ensure!(reports.status == 0, "{reports:?}");
    transcript.extend(lines(&reports.text)?.into_iter().map(|report| json!({"report": report})));
    let mut state = State::default();
    let contexts = lines(&fs::read_to_string(case.join("contexts.ndjson"))?)?;
    for (number, context) in (1..).zip(contexts) {
        let name = format!("batch-{number}.ndjson");
        let given = host.evaluate(&fs::read(case.join(&name))?, &context, &mut state)?;
        transcript.push(json!({"batch": name}));
        transcript.append(&mut state.said);
        transcript.extend(given.into_iter().map(|line| json!({"given": line})));
    }
    let line = |line: Value| format!("{line}\n");
    Ok(transcript.into_iter().map(line).collect())
}
