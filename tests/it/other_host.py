"""A second host for the component: Wasmtime for Python, state in memory.

    other_host.py COMPONENT NOW_MS EVENTS...

Runs the built-in rule over each file of events, one batch a file, with the
events' own time and a state of its own. Writes one JSON object a file: its
path, and the id and the document of each alert.
"""

import json
import sys
from collections import defaultdict

from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record, Variant

PACKAGE = "firstseen:detection"
VERSION = "0.1.0"


def record(**members):
    """A record; `_` in the names stands for `-`."""
    made = Record()
    for name, value in members.items():
        setattr(made, name.replace("_", "-"), value)
    return made


class Sightings:
    """The interface `sightings`, by its documentation."""

    def __init__(self):
        self.times = defaultdict(list)
        self.used = defaultdict(int)

    def observe(self, _store, batch):
        return [self.verdict(sighting) for sighting in batch]

    def verdict(self, sighting):
        at, window = sighting.at, getattr(sighting, "window-ms")
        times = self.times[sighting.rule, sighting.term]
        if any(at - window <= time <= at + window for time in times):
            times.append(at)
            return "seen"
        per_ms = getattr(sighting.quota, "per-ms")
        interval = sighting.rule, per_ms, at // per_ms
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
        sightings = Sightings()
        with linker.root() as root:
            with root.add_instance(f"{PACKAGE}/sightings@{VERSION}") as instance:
                instance.add_func("observe", sightings.observe)
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


def alerts(detector, path, now_ms):
    documents = record(rules=[], exceptions=[], value_lists=[], mappings=[], clock="event", format="kibana", space="default", shortcuts=record(index=True, prefilter=True))
    reports = detector.call("configure", documents)
    assert [report.tag for report in reports] == ["loaded"], reports
    evaluation = detector.call("evaluate", text_of(path), record(index=None, arrival=now_ms, ids=[]))
    assert not isinstance(evaluation, Variant), evaluation
    return [(alert.id, alert.document) for alert in evaluation.alerts]


def main(component, now_ms, *paths):
    engine = Engine()
    component = Component.from_file(engine, component)
    for path in paths:
        found = alerts(Detector(engine, component), path, int(now_ms))
        print(json.dumps({"events": path, "alerts": found}))


main(*sys.argv[1:])
