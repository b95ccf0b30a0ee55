"""A long run of `firstseen filter`: a large state, a sink that fails, files that are rotated.

usage: soak.py FIRSTSEEN FOLDER [--rules PATH] [--terms N] [--minutes M] [--rate N]

First as many terms are learned, then events pass for so long: installs by parents that are known, and every few
seconds by one that is not. In the second sixth of the time the alerts' file cannot be written; later it is renamed,
copied and removed, and the filter gets a SIGHUP. At the end each new parent must have exactly one alert in all files
together. Memory, disk and what is written are printed every minute.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

EVENT = (
    '{"@timestamp":"%s","event":{"kind":"event","category":["process"],"type":["start"],"action":"exec"},'
    '"host":{"name":"build-7","os":{"type":"linux"}},"process":{"name":"dpkg","executable":"/usr/bin/dpkg",'
    '"args":["dpkg","-i","package.deb"],"parent":{"executable":"%s"}}}\n'
)
KNOWN = "/opt/build/workspace/agents/agent-%07d/bin/installer"
NEW = "/opt/new/agent-%07d/bin/installer"
NEW_EVERY_S = 5


def event(parent):
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return EVENT % (now, parent)


def start(arguments, folder, options):
    command = [arguments.firstseen, "filter", "--state", folder / "seen", "--summary", "json", *options]
    if arguments.rules:
        command += ["--rules", arguments.rules]
    errors = open(folder / "stderr", "a")
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, text=True)


def field(path, name):
    """A number of a file under /proc."""
    line = next(line for line in open(path) if line.startswith(name + ":"))
    return int(line.split()[1])


def disk_bytes(folder):
    return sum(entry.stat().st_blocks * 512 for entry in os.scandir(folder))


class Sink:
    """The alerts' file, and what happens to it: at parts of the time, each once."""

    def __init__(self, folder, process):
        self.path, self.process = folder / "alerts.ndjson", process
        self.steps = [(1 / 6, self.fail), (2 / 6, self.recover), (3 / 6, self.rename), (4 / 6, self.remove), (5 / 6, self.hang_up)]

    def at(self, part):
        while self.steps and part >= self.steps[0][0]:
            step = self.steps.pop(0)[1]
            print("sink:", step.__doc__, flush=True)
            step()

    def fail(self):
        """renamed, and a directory is in its place"""
        self.path.rename(self.path.with_suffix(".1"))
        self.path.mkdir()

    def recover(self):
        """the directory is gone"""
        self.path.rmdir()

    def rename(self):
        """renamed"""
        self.path.rename(self.path.with_suffix(".2"))

    def remove(self):
        """copied, then removed"""
        shutil.copy(self.path, self.path.with_suffix(".3"))
        self.path.unlink()

    def hang_up(self):
        """renamed, then SIGHUP"""
        self.path.rename(self.path.with_suffix(".4"))
        self.process.send_signal(signal.SIGHUP)


def learn(arguments, folder):
    process = start(arguments, folder, ["--learn", "1d", "--only-alerts"])
    for first in range(0, arguments.terms, 1000):
        process.stdin.write("".join(event(KNOWN % n) for n in range(first, min(first + 1000, arguments.terms))))
    process.stdin.close()
    if process.wait() != 0:
        sys.exit("learning failed: " + (folder / "stderr").read_text())


def soak(arguments, folder):
    process = start(arguments, folder, ["--only-alerts", "--alerts", folder / "alerts.ndjson"])
    sink = Sink(folder, process)
    seconds = arguments.minutes * 60
    began = told = time.time()
    written = parts = new = 0
    while (elapsed := time.time() - began) < seconds:
        sink.at(elapsed / seconds)
        events = [event(KNOWN % random.randrange(arguments.terms)) for _ in range(arguments.rate // 20)]
        if elapsed >= new * NEW_EVERY_S:
            events.append(event(NEW % new))
            new += 1
        process.stdin.write("".join(events))
        process.stdin.flush()
        parts += 1
        time.sleep(max(0, began + parts / 20 - time.time()))
        if time.time() - told >= 60:
            now = field(f"/proc/{process.pid}/io", "write_bytes")
            rate = (now - written) / (time.time() - told) / 1e6
            memory = field(f"/proc/{process.pid}/status", "VmRSS") / 1024
            disk = disk_bytes(folder / "seen") / 1e6
            print(f"{elapsed / 60:4.0f} min  {memory:6.1f} MiB  {disk:6.1f} MB on disk  {rate:5.2f} MB/s", flush=True)
            told, written = time.time(), now
    process.stdin.close()
    status = process.wait()
    print((folder / "stderr").read_text(), end="")
    if status != 0:
        sys.exit(f"exit status {status}")
    return new


def check(folder, new):
    ids, parents = [], []
    for path in sorted(folder.glob("alerts.*")):
        for line in path.read_text().splitlines():
            alert = json.loads(line)
            parent = alert["process"]["parent"]["executable"]
            if alert["kibana.alert.rule.type"] == "new_terms" and parent.startswith("/opt/new/"):
                parents.append((alert["kibana.alert.rule.rule_id"], parent))
            ids.append(alert["kibana.alert.uuid"])
    of_rules = {}
    for rule, parent in parents:
        of_rules.setdefault(rule, []).append(parent)
    wanted = sorted(NEW % n for n in range(new))
    missing = [rule for rule, found in of_rules.items() if sorted(found) != wanted]
    print(f"{len(ids)} alerts, {len(set(ids))} distinct, {new} new parents, {len(of_rules)} rules saw them")
    if len(ids) != len(set(ids)) or not of_rules or missing:
        sys.exit(f"not every alert is there once: {missing}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("firstseen")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rules")
    parser.add_argument("--terms", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=int, default=2_000)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True)
    random.seed(1)
    learn(arguments, arguments.folder)
    check(arguments.folder, soak(arguments, arguments.folder))


main()
