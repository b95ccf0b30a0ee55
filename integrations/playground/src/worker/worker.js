/** Judges what the page sends, one run after the other; the page ends a worker that takes too long. */

import { TooMuchError } from "./events.js";
import { run } from "./run.js";

let wasm;

self.onmessage = async ({ data }) => {
  if (data.module) {
    wasm = data.module;
    return;
  }
  const { id, request } = data;
  const began = performance.now();
  try {
    const result = await run(wasm, request);
    self.postMessage({ id, result: { ...result, tookMs: performance.now() - began } });
  } catch (error) {
    self.postMessage({
      id,
      failure: { text: String(error?.message ?? error).slice(0, 1_000), isLimit: error instanceof TooMuchError },
    });
    // After a trap the module's instance is gone; each run starts another one.
  }
};
