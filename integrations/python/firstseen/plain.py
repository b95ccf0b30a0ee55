"""The plain module: a core module without imports, by `wit/README.md`."""

import json

from wasmtime import Engine, Instance, Module, Store, Trap, WasmtimeError

from .module import InvalidError, ModuleError, NotConfiguredError, TrappedError

ABI = 2
DONE, ASK, INVALID, NOT_CONFIGURED = range(4)

# What an instance may take.
MEMORY_BYTES = 1 << 30


class PlainModule:
    """An instance of what `firstseen module --plain` writes. One thread at a time.

    `wasm` is the path of the file, or its bytes. `store` is one of Wasmtime's with
    limits of its own, of fuel or epochs for example; the host gives it more between calls.
    """

    def __init__(self, wasm, store=None):
        self.store = store or Store(Engine())
        engine = self.store.engine
        module = Module(engine, wasm) if isinstance(wasm, bytes) else Module.from_file(engine, str(wasm))
        if store is None:
            self.store.set_limits(memory_size=MEMORY_BYTES)
        self._exports = Instance(self.store, module, []).exports(self.store)
        abi = self._exports["firstseen_abi"](self.store)
        if abi != ABI:
            raise ModuleError(f"the module speaks version {abi} of the plain ABI, this package {ABI}")

    def configure(self, configuration):
        """Loads rules; a report for each."""
        return self._call("configure", json.dumps(configuration).encode())[1]

    def evaluate(self, batch, context):
        """Begins a batch: `("ask", questions)` or `("done", lines)`."""
        return self._step("begin", batch, json.dumps(context).encode())

    def resume(self, answers):
        """Goes on with the answers, as `evaluate` does."""
        return self._step("finish", "\n".join(map(json.dumps, answers)).encode())

    def describe(self):
        """What the module is, and what it runs."""
        return self._call("describe")[1][0]

    def _step(self, name, *inputs):
        status, lines = self._call(name, *inputs)
        return ("ask" if status == ASK else "done"), lines

    def _free(self, pieces):
        for piece in pieces:
            self._exports["free"](self.store, piece)

    def _call(self, name, *inputs):
        memory, arguments = self._exports["memory"], []
        try:
            for content in inputs:
                # Signed, as all numbers of wasm here.
                piece = self._exports["malloc"](self.store, len(content)) & 0xFFFF_FFFF
                if piece == 0:
                    raise MemoryError(f"the module has no memory for {len(content)} bytes")
                arguments += [piece, len(content)]
                memory.write(self.store, content, piece)
            reply = self._exports["firstseen_" + name](self.store, *arguments) & 0xFFFF_FFFF
        except (Trap, WasmtimeError) as error:
            # Nothing of it can be used any more, `free` neither.
            raise TrappedError(str(error)) from error
        except MemoryError:
            self._free(arguments[::2])
            raise
        self._free(arguments[::2])
        head = memory.read(self.store, reply, reply + 12)
        status, start, length = (int.from_bytes(head[at : at + 4], "little") for at in (0, 4, 8))
        text = bytes(memory.read(self.store, start, start + length)).decode()
        if status == INVALID:
            raise InvalidError(text)
        if status == NOT_CONFIGURED:
            raise NotConfiguredError(text)
        return status, [json.loads(line) for line in text.split("\n")[:-1]]
