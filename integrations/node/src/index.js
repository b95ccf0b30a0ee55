/** Elastic Security detection rules on events in flight; `index.d.ts` has the types. */
export { Detector } from "./detector.js";
export { InvalidError, ModuleError, NotConfiguredError } from "./errors.js";
export { PlainModule } from "./module.js";
export { MemoryStore } from "./store.js";
