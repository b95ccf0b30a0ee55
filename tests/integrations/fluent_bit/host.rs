//! An interpreter that does what Fluent Bit's wasm filter does with a module.

use anyhow::{Context, Result, anyhow, ensure};
use wasmi::{Config, Engine, Instance, Memory, Module, Store, StoreLimits, StoreLimitsBuilder, TypedFunc};

/// Most memory of an instance.
const MEMORY_BYTES: usize = 1 << 30;

/// Most calls within calls.
const CALLS_MAX: usize = 1_000;

/// How much a call may do: one that never ends is stopped.
const FUEL: u64 = 500_000_000_000;

/// An instance, which lives as long as the filter.
pub(super) struct FluentBit {
    store: Store<StoreLimits>,
    memory: Memory,
    malloc: TypedFunc<u32, u32>,
    free: TypedFunc<u32, ()>,
    firstseen: TypedFunc<(u32, u32, u32, u32, u32, u32), u32>,
    configure: TypedFunc<(u32, u32), u32>,
}

impl FluentBit {
    pub(super) fn start(wasm: &[u8]) -> Result<Self> {
        Self::start_with(wasm, CALLS_MAX)
    }

    /// With a stack for so many calls within calls, `wasm_stack_size`.
    pub(super) fn start_with(wasm: &[u8], calls_max: usize) -> Result<Self> {
        let mut config = Config::default();
        config.set_max_recursion_depth(calls_max).consume_fuel(true);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, wasm)?;
        ensure!(module.imports().len() == 0, "it imports something");
        let mut store = Store::new(&engine, StoreLimits::default());
        store.limiter(|limits| limits);
        store.set_fuel(FUEL)?;
        let instance = Instance::new(&mut store, &module, &[])?;
        let memory = instance.get_memory(&store, "memory").context("no memory")?;
        let mut filter = Self {
            memory,
            malloc: instance.get_typed_func(&store, "malloc")?,
            free: instance.get_typed_func(&store, "free")?,
            firstseen: instance.get_typed_func(&store, "firstseen")?,
            configure: instance.get_typed_func(&store, "firstseen_configure")?,
            store,
        };
        filter.limit_memory(MEMORY_BYTES);
        Ok(filter)
    }

    /// Lets the memory grow up to so many bytes.
    pub(super) fn limit_memory(&mut self, bytes: usize) {
        *self.store.data_mut() = StoreLimitsBuilder::new().memory_size(bytes).build();
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    /// Hands a record over at a time in milliseconds; none: it is dropped.
    pub(super) fn filter(&mut self, record: impl AsRef<[u8]>, time_ms: i64) -> Result<Option<Vec<u8>>> {
        self.filter_within(FUEL, record, time_ms)
    }

    /// The same, and traps after so much work.
    pub(super) fn filter_within(
        &mut self,
        fuel: u64,
        record: impl AsRef<[u8]>,
        time_ms: i64,
    ) -> Result<Option<Vec<u8>>> {
        let record = record.as_ref();
        let tag = self.give(b"kube.var.log\0")?;
        let copy = self.give(&[record, b"\0"].concat())?;
        let length = u32::try_from(record.len())?;
        let answer = self.call(fuel, (tag, 12, copy), length, time_ms)?;
        for piece in [tag, copy] {
            self.take_back(piece)?;
        }
        Ok(answer)
    }

    /// Calls the export; none: it traps, or gives no text.
    pub(super) fn call(
        &mut self,
        fuel: u64,
        (tag, tag_length, record): (u32, u32, u32),
        length: u32,
        time_ms: i64,
    ) -> Result<Option<Vec<u8>>> {
        let (seconds, rest_ms) = (time_ms.div_euclid(1000), time_ms.rem_euclid(1000));
        let nanoseconds = u32::try_from(rest_ms * 1_000_000)?;
        self.store.set_fuel(fuel)?;
        let arguments = (tag, tag_length, u32::try_from(seconds)?, nanoseconds, record, length);
        let called = self.firstseen.call(&mut self.store, arguments);
        self.store.set_fuel(FUEL)?;
        let text = called.ok().filter(|address| *address != 0).map(|address| self.text(address)).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// A piece of memory with these bytes; 0 if there is none.
    pub(super) fn give(&mut self, bytes: &[u8]) -> Result<u32> {
        let piece = self.malloc.call(&mut self.store, u32::try_from(bytes.len())?)?;
        if piece != 0 {
            self.memory.write(&mut self.store, piece as usize, bytes).map_err(|error| anyhow!("{error}"))?;
        }
        Ok(piece)
    }

    pub(super) fn take_back(&mut self, piece: u32) -> Result<()> {
        Ok(self.free.call(&mut self.store, piece)?)
    }

    /// What `firstseen_configure` with nothing says.
    pub(super) fn configure(&mut self) -> Result<String> {
        let reply = self.configure.call(&mut self.store, (0, 0))? as usize;
        let data = self.memory.data(&self.store);
        let word = |at: usize| Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?) as usize);
        let bytes = word(reply + 4).zip(word(reply + 8)).and_then(|(start, length)| data.get(start..start + length));
        Ok(String::from_utf8(bytes.context("no reply")?.to_vec())?)
    }

    /// A C string at an address.
    fn text(&self, address: u32) -> Result<Vec<u8>> {
        let rest = self.memory.data(&self.store).get(address as usize..).context("beyond the memory")?;
        Ok(rest.iter().copied().take_while(|byte| *byte != 0).collect())
    }
}
