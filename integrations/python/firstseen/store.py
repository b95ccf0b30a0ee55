"""The memory of a host: what `wit/state.wit` says of questions and answers."""

from collections import defaultdict
from typing import Protocol


class Store(Protocol):
    """What answers the questions of a module.

    A store of your own keeps what a batch recorded only when `commit` comes, together with
    the alerts of that batch or not at all; `rollback` drops it. Between `begin` and either
    of them no other batch is answered.
    """

    def begin(self): ...

    def answers(self, questions):
        """Answers questions, in order: a list of `{"sighting": {…}}` in, one of
        `{"sighting": "unseen"}` out."""

    def commit(self, alerts): ...

    def rollback(self): ...


class MemoryStore:
    """A store that lives as long as the process, and forgets nothing."""

    def __init__(self):
        self._times = defaultdict(list)
        self._used = defaultdict(int)
        self._undo = []

    def begin(self):
        self.rollback()

    def answers(self, questions):
        return [{"sighting": self._verdict(question["sighting"])} for question in questions]

    def commit(self, alerts):
        self._undo = []

    def rollback(self):
        for undo in reversed(self._undo):
            undo()
        self._undo = []

    def _verdict(self, sighting):
        at, window_ms, quota = sighting["at"], sighting["window-ms"], sighting["quota"]
        times = self._times[sighting["history"], sighting["term"]]
        # The newest are the likeliest.
        if any(abs(at - time) <= window_ms for time in reversed(times)):
            self._record(times, at)
            return "seen"
        interval = sighting["history"], at // quota["per-ms"]
        if self._used[interval] >= quota["max"]:
            return "deferred"
        self._used[interval] += 1
        self._undo.append(lambda: self._used.update({interval: self._used[interval] - 1}))
        self._record(times, at)
        return "unseen"

    def _record(self, times, at):
        times.append(at)
        self._undo.append(times.pop)
