"""A second host for the component: Wasmtime for Python, state elsewhere.

    other_host.py COMPONENT NOW_MS EVENTS...

Runs the built-in rule over each file of events, one batch a file, with the
events' own time and a state of its own that answers late: all files are under
way at a time, each in an instance of its own, and wait for their answers as they
would for a network. Writes one JSON object a file: its path, how often the module
asked, and the id and the document of each alert.
"""

import asyncio
import json
import sys
from collections import defaultdict

from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record

PACKAGE = "firstseen:detection"
VERSION = "0.2.0"


def record(**members):
    """A record; `_` in the names stands for `-`."""
    made = Record()
    for name, value in members.items():
        setattr(made, name.replace("_", "-"), value)
    return made


class LateState:
    """The interface `state`, by its documentation, somewhere behind a network."""

    def __init__(self):
        self.times = defaultdict(list)
        self.used = defaultdict(int)

    async def answers(self, questions):
        await asyncio.sleep(0.01)
        return [self.verdict(sighting) for sighting in questions]

    def verdict(self, sighting):
        at, window = sighting.at, getattr(sighting, "window-ms")
        times = self.times[sighting.history, sighting.term]
        if any(at - window <= time <= at + window for time in times):
            times.append(at)
            return "seen"
        per_ms = getattr(sighting.quota, "per-ms")
        interval = sighting.history, per_ms, at // per_ms
        if self.used[interval] >= sighting.quota.max:
            return "deferred"
        self.used[interval] += 1
        times.append(at)
        return "unseen"


def log(_store, level, context, message):
    print(f"{level}: {context}: {message}", file=sys.stderr)


class Detector:
    """The interface `detector` of a fresh instance."""

    def __init__(self, engine, component):
        self.store = Store(engine)
        linker = Linker(engine)
        with linker.root() as root:
            with root.add_instance(f"{PACKAGE}/logging@{VERSION}") as instance:
                instance.add_func("log", log)
        self.instance = linker.instantiate(self.store, component)
        self.exports = self.instance.get_export_index(self.store, f"{PACKAGE}/detector@{VERSION}")

    def call(self, name, *arguments):
        index = self.instance.get_export_index(self.store, name, self.exports)
        function = self.instance.get_func(self.store, index)
        answer = function(self.store, *arguments)
        function.post_return(self.store)
        return answer


def text_of(path):
    """The file as text; a line that is not UTF-8 is left empty, as no string
    could hold it."""

    def line(content):
        try:
            return content.decode()
        except UnicodeDecodeError:
            return ""

    with open(path, "rb") as file:
        return "\n".join(map(line, file.read().split(b"\n")))


async def evaluate(detector, path, now_ms):
    configuration = record(
        rules=[],
        exceptions=[],
        value_lists=[],
        mappings=[],
        data_views=[],
        event_id_field=None,
        clock="event",
        format="kibana",
        space="default",
        shortcuts=record(index=True, prefilter=True),
        questions=["sighting"],
    )
    reports = detector.call("configure", configuration)
    assert [report.tag for report in reports] == ["loaded"], reports
    context = record(targets=[], target_of=[], arrival=now_ms, ids=[], line_work_max=None,
                     set_apart=[])
    state, rounds = LateState(), 0
    # A list is what is asked, a record what the batch gave, anything else an error.
    step = detector.call("evaluate", text_of(path), context)
    while isinstance(step, list):
        rounds += 1
        step = detector.call("resume", await state.answers(step))
    assert isinstance(step, Record), step
    alerts = [(alert.id, alert.document) for alert in step.alerts]
    return {"events": path, "rounds": rounds, "alerts": alerts}


async def main(component, now_ms, *paths):
    engine = Engine()
    component = Component.from_file(engine, component)
    evaluations = [evaluate(Detector(engine, component), path, int(now_ms)) for path in paths]
    for found in await asyncio.gather(*evaluations):
        print(json.dumps(found))


asyncio.run(main(*sys.argv[1:]))
