import { InvalidError, ModuleError, NotConfiguredError } from "./errors.js";

const ABI = 2;
const STATUS = { ask: 1, invalid: 2, notConfigured: 3 };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** An instance of what `firstseen module --plain` writes, by `wit/README.md`. */
export class PlainModule {
  #exports;

  constructor(instance) {
    this.#exports = instance.exports;
    const abi = this.#exports.firstseen_abi();
    if (abi !== ABI) {
      throw new ModuleError(`the module speaks version ${abi} of the plain ABI, this package ${ABI}`);
    }
  }

  /** Compiles and starts a module: its bytes, or a `WebAssembly.Module`, of which there may be many instances. */
  static async start(wasm) {
    const module = wasm instanceof WebAssembly.Module ? wasm : await WebAssembly.compile(wasm);
    return new PlainModule(await WebAssembly.instantiate(module, {}));
  }

  configure(configuration) {
    return this.#call("configure", json(configuration)).lines;
  }

  evaluate(batch, context) {
    return this.#call("begin", bytes(batch), json(context));
  }

  resume(answers) {
    return this.#call("finish", encoder.encode(answers.map((answer) => JSON.stringify(answer)).join("\n")));
  }

  matchEvents(batch, context) {
    return this.#call("match", bytes(batch), json(context)).lines;
  }

  describe() {
    return this.#call("describe").lines[0];
  }

  #call(name, ...inputs) {
    const { malloc, free, memory } = this.#exports;
    const pieces = inputs.map((input) => malloc(input.length) >>> 0);
    if (pieces.includes(0)) {
      pieces.forEach((piece) => free(piece));
      throw new RangeError(`the module has no memory for ${inputs.map((input) => input.length).join(" and ")} bytes`);
    }
    // The memory may have grown, which makes earlier buffers of it useless.
    inputs.forEach((input, place) => new Uint8Array(memory.buffer, pieces[place], input.length).set(input));
    const places = inputs.flatMap((input, place) => [pieces[place], input.length]);
    // Where this traps nothing can be used any more, `free` neither.
    const reply = this.#exports[`firstseen_${name}`](...places) >>> 0;
    pieces.forEach((piece) => free(piece));
    return this.#reply(reply);
  }

  #reply(place) {
    const { buffer } = this.#exports.memory;
    const head = new DataView(buffer, place, 12);
    const [status, start, length] = [0, 4, 8].map((at) => head.getUint32(at, true));
    const text = decoder.decode(new Uint8Array(buffer, start, length));
    if (status === STATUS.invalid) {
      throw new InvalidError(text);
    }
    if (status === STATUS.notConfigured) {
      throw new NotConfiguredError(text);
    }
    const lines = text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
    return { step: status === STATUS.ask ? "ask" : "done", lines };
  }
}

function bytes(batch) {
  return typeof batch === "string" ? encoder.encode(batch) : batch;
}

function json(value) {
  return encoder.encode(JSON.stringify(value));
}
