"""Rules over a store."""

from dataclasses import dataclass, field


@dataclass
class Given:
    """What a batch gave, in the records of the WIT."""

    alerts: list = field(default_factory=list)
    unjudged: list = field(default_factory=list)
    remarks: list = field(default_factory=list)
    summary: dict = field(default_factory=dict)


class Detector:
    """A module with its rules, and a store.

    `configuration` is the record of the WIT; what is left out is as usual. `reports` says
    what became of each rule.
    """

    def __init__(self, module, configuration, store):
        self._module, self._store = module, store
        self.reports = module.configure(configuration)

    def evaluate(self, batch, arrival_ms, **context):
        """Evaluates NDJSON, as bytes in UTF-8, to its end and has the store keep it.

        `context` has the other members of the record, `targets=["logs-x"]`; `_` in their
        names stands for `-`. Whatever goes wrong, the store keeps nothing of the batch.
        """
        context = {name.replace("_", "-"): value for name, value in context.items()}
        self._store.begin()
        try:
            what, lines = self._module.evaluate(batch, {"arrival": arrival_ms, **context})
            while what == "ask":
                what, lines = self._module.resume(self._store.answers(lines))
            given = Given()
            for line in lines:
                ((kind, value),) = line.items()
                if kind == "summary":
                    given.summary = value
                else:
                    {"alert": given.alerts, "unjudged": given.unjudged, "remark": given.remarks}[kind].append(value)
            self._store.commit(given.alerts)
        except BaseException:
            self._store.rollback()
            raise
        return given
