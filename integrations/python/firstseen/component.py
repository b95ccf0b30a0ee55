"""The component, through Wasmtime's component model."""

import sys

from wasmtime import Engine, Store, Trap, WasmtimeError
from wasmtime.component import Component, Linker, Record, Variant

from .module import InvalidError, NotConfiguredError, TrappedError

PACKAGE, VERSION = "firstseen:detection", "0.2.0"

# What an instance may take.
MEMORY_BYTES = 1 << 30

CONFIGURATION = {
    "rules": [],
    "exceptions": [],
    "value-lists": [],
    "mappings": [],
    "data-views": [],
    "event-id-field": None,
    "clock": "arrival",
    "format": "kibana",
    "space": "default",
    "shortcuts": {"index": True, "prefilter": True},
    "questions": ["sighting"],
}

CONTEXT = {"arrival": None, "targets": [], "target-of": [], "ids": [], "line-work-max": None, "set-apart": []}

CASES = {
    "clock": ("arrival", "event"),
    "format": ("kibana", "ecs"),
    "cause": ("too-long", "not-utf8", "failed"),
    "sighting": ("unseen", "seen", "deferred", "replayed"),
}
MEMBERS = {
    "rules": {"name": str, "content": str},
    "exceptions": {"name": str, "content": str},
    "value-lists": {"name": str, "content": str},
    "mappings": {"name": str, "content": str},
    "data-views": {"id": str, "patterns": list},
    "set-apart": {"line": int, "cause": str, "event": str, "beginning": str},
}
TEXTS, NUMBERS = ("event-id-field", "space"), ("arrival", "line-work-max")


class ComponentModule:
    """An instance of what `firstseen module --output` writes. One thread at a time.

    `wasm` is the path of the file. `log` takes what the module says to the operator; by
    default that goes to standard error. `store` as for `PlainModule`.
    """

    def __init__(self, wasm, log=lambda message: print(message, file=sys.stderr), store=None):
        self.store = store or Store(Engine())
        engine = self.store.engine
        if store is None:
            self.store.set_limits(memory_size=MEMORY_BYTES)
        linker = Linker(engine)
        with linker.root() as root:
            with root.add_instance(f"{PACKAGE}/logging@{VERSION}") as logging:
                logging.add_func("log", lambda _store, level, context, message: log(f"{level}: {message}"))
        self._instance = linker.instantiate(self.store, Component.from_file(engine, str(wasm)))
        self._exports = self._instance.get_export_index(self.store, f"{PACKAGE}/detector@{VERSION}")

    def configure(self, configuration):
        """Loads rules; a report for each."""
        configuration = filled("configuration", CONFIGURATION, configuration)
        configuration["shortcuts"] = filled("shortcuts", CONFIGURATION["shortcuts"], configuration["shortcuts"])
        reports = self._call("configure", record(configuration))
        return [{report.tag: plain(report.payload)} for report in reports]

    def evaluate(self, batch, context):
        """Begins a batch: `("ask", questions)` or `("done", lines)`."""
        try:
            text = batch.decode()
        except UnicodeDecodeError as error:
            raise InvalidError(f"the batch: {error}") from error
        return self._step("evaluate", text, record(filled("context", CONTEXT, context)))

    def resume(self, answers):
        """Goes on with the answers, as `evaluate` does."""
        for answer in answers:
            if not isinstance(answer, dict) or list(answer) != ["sighting"]:
                raise InvalidError(f"{answer!r} is no answer")
            check("sighting", answer["sighting"])
        return self._step("resume", [answer["sighting"] for answer in answers])

    def describe(self):
        """What the module is, and what it runs."""
        return plain(self._call("describe"))

    def _step(self, name, *arguments):
        step = self._call(name, *arguments)
        # A list is what is asked, a record what the batch gave, anything else an error.
        if isinstance(step, list):
            return "ask", [{"sighting": plain(question)} for question in step]
        if not isinstance(step, Record):
            cause = step.payload if isinstance(step, Variant) else step
            raise NotConfiguredError("no rule is loaded") if cause in (None, "not-configured") else InvalidError(str(cause))
        evaluation = plain(step)
        lines = [{"alert": alert} for alert in evaluation.pop("alerts")]
        lines += [{"unjudged": line} for line in evaluation.pop("unjudged")]
        lines += [{"remark": remark} for remark in evaluation.pop("remarks")]
        return "done", [*lines, {"summary": evaluation}]

    def _call(self, name, *arguments):
        index = self._instance.get_export_index(self.store, name, self._exports)
        function = self._instance.get_func(self.store, index)
        try:
            result = function(self.store, *arguments)
            function.post_return(self.store)
        except (Trap, WasmtimeError) as error:
            raise TrappedError(str(error)) from error
        return result


def filled(what, usual, given):
    """A record with what was left out. What the component cannot take would end it, so it is
    looked at before."""
    unknown = [name for name in given if name not in usual]
    if unknown:
        raise InvalidError(f"the {what}: unknown field `{unknown[0]}`")
    for name, value in given.items():
        check(name, value)
    if "arrival" in usual and given.get("arrival") is None:
        raise InvalidError(f"the {what}: missing field `arrival`")
    return {**usual, **given}


def check(name, value):
    """Raises `InvalidError` for a value that a member cannot have."""

    def need(holds):
        if not holds:
            raise InvalidError(f"`{name}` cannot be {value!r}")

    if name in CASES:
        need(isinstance(value, str) and value in CASES[name])
    elif name in TEXTS:
        need(isinstance(value, str) or name == "event-id-field" and value is None)
    elif name in NUMBERS:
        need(isinstance(value, int) and -(2**63) <= value < 2**63 or name == "line-work-max" and value is None)
    elif name in ("index", "prefilter"):
        need(isinstance(value, bool))
    elif name == "shortcuts":
        need(isinstance(value, dict))
    elif name in MEMBERS:
        need(isinstance(value, list))
        for item in value:
            need(isinstance(item, dict) and sorted(item) == sorted(MEMBERS[name]))
            need(all(isinstance(item[member], kind) for member, kind in MEMBERS[name].items()))
            check("cause", item.get("cause", "failed"))
    else:
        kind = int if name == "target-of" else str
        need(isinstance(value, list) and all(isinstance(item, kind) for item in value))
        need(kind is str or all(0 <= item < 2**32 for item in value))


def record(value):
    """Dicts as records, at any depth."""
    if isinstance(value, list):
        return [record(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = Record()
    for name, member in value.items():
        setattr(made, name, record(member))
    return made


def plain(value):
    """Records and variants as dicts, at any depth."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Record):
        return {name: plain(member) for name, member in vars(value).items()}
    if isinstance(value, Variant):
        return {value.tag: plain(value.payload)} if value.payload is not None else value.tag
    return value
