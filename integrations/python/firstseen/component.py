"""The component, through Wasmtime's component model."""

from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record, Variant

from .module import InvalidError, NotConfiguredError

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

CONTEXT = {"targets": [], "target-of": [], "ids": [], "line-work-max": None, "set-apart": []}


class ComponentModule:
    """An instance of what `firstseen module --output` writes. One thread at a time.

    `wasm` is the path of the file. `log` takes what the module says to the operator.
    """

    def __init__(self, wasm, log=print):
        engine = Engine()
        self._store = Store(engine)
        self._store.set_limits(memory_size=MEMORY_BYTES)
        linker = Linker(engine)
        with linker.root() as root:
            with root.add_instance(f"{PACKAGE}/logging@{VERSION}") as logging:
                logging.add_func("log", lambda _store, level, context, message: log(f"{level}: {message}"))
        self._instance = linker.instantiate(self._store, Component.from_file(engine, str(wasm)))
        self._exports = self._instance.get_export_index(self._store, f"{PACKAGE}/detector@{VERSION}")

    def configure(self, configuration):
        """Loads rules; a report for each."""
        reports = self._call("configure", record({**CONFIGURATION, **configuration}))
        return [{report.tag: plain(report.payload)} for report in reports]

    def evaluate(self, batch, context):
        """Begins a batch: `("ask", questions)` or `("done", lines)`."""
        try:
            text = batch.decode()
        except UnicodeDecodeError as error:
            raise InvalidError(f"the batch: {error}") from error
        return self._step("evaluate", text, record({**CONTEXT, **context}))

    def resume(self, answers):
        """Goes on with the answers, as `evaluate` does."""
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
        index = self._instance.get_export_index(self._store, name, self._exports)
        function = self._instance.get_func(self._store, index)
        result = function(self._store, *arguments)
        function.post_return(self._store)
        return result


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
