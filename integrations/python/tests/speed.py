"""How fast a module judges events: `speed.py MODULE EVENTS [RULES]`.

The events are passed over again and again. The first pass tells how many alerts there are, those
of a second warm up, those of two more are measured. Prints a line of JSON.
"""

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, process_time

from firstseen import ComponentModule, Detector, MemoryStore, PlainModule

ARRIVAL_MS = 1795500000000
BATCH_BYTES = 256 << 10
WARM_UP_S, MEASURED_S = 1.0, 2.0


def batches(path):
    """Whole lines, as many as make a batch."""
    with open(path, "rb") as events:
        while lines := events.readlines(BATCH_BYTES):
            yield b"".join(lines)


def is_component(path):
    with open(path, "rb") as wasm:
        return wasm.read(8)[6] == 1


def main(module, events, *rules):
    documents = [{"name": path, "content": Path(path).read_text(encoding="utf-8")} for path in rules]
    events = list(batches(events))

    def evaluated(batches):
        """How many events there were, and how many alerts."""
        given = [detector.evaluate(batch, ARRIVAL_MS) for batch in batches]
        return sum(one.summary["events"] for one in given), sum(len(one.alerts) for one in given)

    began = perf_counter()
    kind = ComponentModule if is_component(module) else PlainModule
    detector = Detector(kind(module), {"rules": documents}, MemoryStore())
    alerts = evaluated(events[:1])[1]
    ready_s = perf_counter() - began
    alerts += evaluated(events[1:])[1]
    while perf_counter() - began < ready_s + WARM_UP_S:
        evaluated(events)
    began, core_began_s, judged = perf_counter(), process_time(), 0
    while (took_s := perf_counter() - began) < MEASURED_S:
        judged += evaluated(events)[0]
    core_s = process_time() - core_began_s
    said = {
        "host": "Python",
        "runtime": f"Python {platform.python_version()}, Wasmtime {version('wasmtime')}",
        "rules": sum("loaded" in report for report in detector.reports),
        "events_per_second": judged / took_s,
        "core_share": core_s / took_s,
        "alerts": alerts,
        "ready_ms": ready_s * 1000,
    }
    print(json.dumps(said))


main(*sys.argv[1:])
