"""Runs the cases of `integrations/conformance` in both shapes of the module.

    conformance.py PLAIN COMPONENT CASES

Ends with the SHA-256 of all ids and documents of alerts, a line for each shape.
"""

import hashlib
import json
import sys
from pathlib import Path

from firstseen import ComponentModule, InvalidError, MemoryStore, NotConfiguredError, PlainModule, TrappedError
from wasmtime import Config, Engine, Store


class Recorder:
    """A module whose conversation is written down."""

    def __init__(self, module, store):
        self.module, self.store, self.transcript = module, store, []

    def run(self, case):
        configuration = json.loads((case / "configuration.json").read_text())
        reports = self.module.configure(configuration)
        self.transcript += [{"report": report} for report in reports]
        for number, context in enumerate((case / "contexts.ndjson").read_text().splitlines(), 1):
            name = f"batch-{number}.ndjson"
            self.transcript.append({"batch": name})
            self.store.begin()
            what, lines = self.module.evaluate((case / name).read_bytes(), json.loads(context))
            while what == "ask":
                answers = self.store.answers(lines)
                self.transcript += [{"question": q, "answer": a} for q, a in zip(lines, answers)]
                what, lines = self.module.resume(answers)
            self.store.commit([])
            self.transcript += [{"given": line} for line in lines]
        return self.transcript


def without_warnings(transcript):
    """The component says them in its log."""
    return [line for line in transcript if "warning" not in line.get("report", {})]


def raises(expected, call, *arguments):
    try:
        call(*arguments)
    except expected:
        return
    sys.exit(f"{call.__qualname__}{arguments} raises no {expected.__name__}")


def check_errors(module):
    """What is wrong is told apart, and the module is as good as before."""
    raises(NotConfiguredError, module.evaluate, b"{}", {"arrival": 0})
    for configuration in [{"rule": []}, {"clock": "x"}, {"rules": [{"name": "a"}]}, {"space": 1}, {"shortcuts": {"a": True}}]:
        raises(InvalidError, module.configure, configuration)
    module.configure({"shortcuts": {"index": False}})
    for context in [{}, {"arrival": "x"}, {"arrival": 0, "target": []}, {"arrival": 0, "target-of": [-1]}]:
        raises(InvalidError, module.evaluate, b"{}", context)
    raises(InvalidError, module.evaluate, b"\xff", {"arrival": 0})
    raises(InvalidError, module.resume, [{"sighting": "x"}])
    raises(InvalidError, module.resume, [{"sighting": "seen"}])
    assert module.evaluate(b"{}", {"arrival": 0})[0] == "done"


def check_limits(make):
    """A host bounds what a module does."""
    config = Config()
    config.consume_fuel = True
    store = Store(Engine(config))
    store.set_fuel(10**12)
    module = make(store)
    module.configure({})
    store.set_fuel(1000)
    raises(TrappedError, module.evaluate, b"{}\n" * 1000, {"arrival": 0})


def check_store():
    """What is rolled back was not."""
    question = {"history": "h", "term": "t", "at": 0, "window-ms": 9, "event": "e", "quota": {"max": 1, "per-ms": 9}}
    store = MemoryStore()
    for end in [store.rollback, store.begin, lambda: store.commit([])]:
        store.begin()
        assert store.answers([{"sighting": question}]) == [{"sighting": "unseen"}]
        end()
    store.begin()
    assert store.answers([{"sighting": question}]) == [{"sighting": "seen"}]


def main(plain, component, cases):
    shapes = {
        "plain": lambda store=None: PlainModule(plain, store),
        "component": lambda store=None: ComponentModule(component, lambda _: None, store),
    }
    check_store()
    for shape, make in shapes.items():
        check_errors(make())
        check_limits(make)
        digest = hashlib.sha256()
        folders = sorted(Path(cases).iterdir())
        for case in folders:
            expected = [json.loads(line) for line in (case / "transcript.ndjson").read_text().split("\n")[:-1]]
            found = Recorder(make(), MemoryStore()).run(case)
            if shape == "component":
                expected = without_warnings(expected)
            for number, (theirs, ours) in enumerate(zip(expected, found), 1):
                if theirs != ours:
                    sys.exit(f"{shape}, {case.name}, line {number}:\n{theirs}\n{ours}")
            if len(expected) != len(found):
                sys.exit(f"{shape}, {case.name}: {len(found)} lines instead of {len(expected)}")
            for alert in (line["given"]["alert"] for line in found if "alert" in line.get("given", {})):
                digest.update(f"{alert['id']}\t{alert['document']}\n".encode())
        print(f"{shape}: {len(folders)} cases, {digest.hexdigest()}")


main(*sys.argv[1:])
