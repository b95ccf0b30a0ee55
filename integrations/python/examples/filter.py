"""Events in, alerts out: `filter.py MODULE [RULE.json…] <events.ndjson >alerts.ndjson`."""

import sys
import time
from pathlib import Path

from firstseen import Detector, MemoryStore, PlainModule

BATCH_BYTES = 256 << 10


def lines_of_utf8(lines):
    """Lines that are not UTF-8 are left empty, so that the others keep their numbers."""
    for line in lines:
        try:
            line.decode()
            yield line
        except UnicodeDecodeError:
            yield b"\n"


def main(module, *rules):
    documents = [{"name": path, "content": Path(path).read_text(encoding="utf-8")} for path in rules]
    detector = Detector(PlainModule(module), {"rules": documents, "clock": "event"}, MemoryStore())
    for report in detector.reports:
        if "loaded" not in report:
            print(report, file=sys.stderr)
    while lines := sys.stdin.buffer.readlines(BATCH_BYTES):
        given = detector.evaluate(b"".join(lines_of_utf8(lines)), arrival_ms=int(time.time() * 1000))
        for alert in given.alerts:
            sys.stdout.buffer.write(alert["document"].encode() + b"\n")
        for line in given.unjudged:
            print("not judged:", line, file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
