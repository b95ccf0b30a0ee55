//! What the module exports, as `wit/README.md` describes it.

#![allow(unsafe_code, reason = "names of exports; no address that comes from outside is followed")]

use std::cell::RefCell;

use crate::baked::baked;
use crate::{Memory, Module, Reply, configuration_of};

/// Where the last reply is: its status, the address of its bytes, their number.
type ReplyPlace = [usize; 3];

#[derive(Default)]
struct Instance {
    module: Module,
    reply: Vec<u8>,
    place: Box<ReplyPlace>,
}

thread_local! {
    /// An instance is used by one thread at a time.
    static INSTANCE: RefCell<Instance> = RefCell::default();
    /// What the host has of the memory. A call that traps leaves it as it is.
    pub(crate) static MEMORY: RefCell<Memory> = RefCell::default();
}

impl Instance {
    /// Makes a call with the bytes at some places, or has the module know that they are none
    /// of its own; answers with the address of where the reply is.
    fn call<const N: usize>(
        &mut self,
        memory: &Memory,
        places: [(usize, usize); N],
        unreadable: impl FnOnce(&mut Module),
        call: impl FnOnce(&mut Module, [&[u8]; N]) -> Reply,
    ) -> *const ReplyPlace {
        let mut inputs = [&[][..]; N];
        let mut unknown = None;
        for (input, (address, length)) in inputs.iter_mut().zip(places) {
            match memory.bytes(address, length) {
                Some(bytes) => *input = bytes,
                None => unknown = Some((address, length)),
            }
        }
        let reply = match unknown {
            None => call(&mut self.module, inputs),
            Some((address, length)) => {
                unreadable(&mut self.module);
                Reply::invalid(format!("{length} bytes at {address} do not lie in one piece that malloc gave"))
            }
        };
        self.reply = reply.bytes;
        *self.place = [reply.status as usize, self.reply.as_ptr().addr(), self.reply.len()];
        &raw const *self.place
    }
}

fn call<const N: usize>(
    places: [(usize, usize); N],
    unreadable: impl FnOnce(&mut Module),
    call: impl FnOnce(&mut Module, [&[u8]; N]) -> Reply,
) -> *const ReplyPlace {
    MEMORY.with_borrow(|memory| INSTANCE.with_borrow_mut(|instance| instance.call(memory, places, unreadable, call)))
}

#[unsafe(no_mangle)]
extern "C" fn malloc(length: usize) -> usize {
    MEMORY.with_borrow_mut(|memory| memory.give(length).unwrap_or_default())
}

#[unsafe(no_mangle)]
extern "C" fn free(address: usize) {
    MEMORY.with_borrow_mut(|memory| memory.take_back(address));
}

#[unsafe(no_mangle)]
extern "C" fn firstseen_abi() -> i32 {
    Module::ABI
}

#[unsafe(no_mangle)]
extern "C" fn firstseen_configure(configuration: usize, length: usize) -> *const ReplyPlace {
    call(
        [(configuration, length)],
        |_| {},
        |module, [configuration]| match configuration {
            [] => module.configure(configuration_of(baked())),
            _ => module.configure(configuration),
        },
    )
}

#[unsafe(no_mangle)]
extern "C" fn firstseen_begin(
    batch: usize,
    batch_length: usize,
    context: usize,
    context_length: usize,
) -> *const ReplyPlace {
    let places = [(batch, batch_length), (context, context_length)];
    call(places, Module::give_up, |module, [batch, context]| module.begin(batch, context))
}

#[unsafe(no_mangle)]
extern "C" fn firstseen_finish(answers: usize, length: usize) -> *const ReplyPlace {
    call([(answers, length)], Module::give_up, |module, [answers]| module.finish(answers))
}

#[unsafe(no_mangle)]
extern "C" fn firstseen_match(
    batch: usize,
    batch_length: usize,
    context: usize,
    context_length: usize,
) -> *const ReplyPlace {
    let places = [(batch, batch_length), (context, context_length)];
    call(places, |_| {}, |module, [batch, context]| module.match_events(batch, context))
}

#[unsafe(no_mangle)]
extern "C" fn firstseen_describe() -> *const ReplyPlace {
    call([], |_| {}, |module, []| module.describe())
}
