/** A call did nothing. The module is as good as before. */
export class ModuleError extends Error {
  name = "ModuleError";
}

/** What it was given is wrong; the message says how. A batch under way is given up. */
export class InvalidError extends ModuleError {
  name = "InvalidError";
}

/** No rule is loaded. */
export class NotConfiguredError extends ModuleError {
  name = "NotConfiguredError";
}
