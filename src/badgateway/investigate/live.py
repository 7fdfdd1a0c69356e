"""Incidents while they happen: begun, and over, out of summaries that grow.

The burst that is under way is found by the same rule as in old logs, over the last hours; a
minute that has only begun counts as it is.
"""

from dataclasses import replace

from badgateway.investigate.incidents import Incidents
from badgateway.knowledge.base import Knowledge, knowledge
from badgateway.logs.gather import Gathered
from badgateway.logs.scan import Filler, line_filler
from badgateway.logs.source import Log
from badgateway.logs.summary import Summary
from badgateway.model.incident import Change, Incident

KEPT = 6 * 60
"""Minutes that are looked back on."""
QUIET = 3
"""Minutes without a burst after which an incident is over."""


class Watch:
    """Takes what logs get, and tells when an incident begins and ends.

    Args:
        logs: the logs that are followed.
        known: the knowledge; the package's own where None.
    """

    def __init__(self, logs: list[Log], known: Knowledge | None = None) -> None:
        self._logs, self._known = logs, known or knowledge()
        self._summary = Summary()
        self._fillers: dict[str, Filler] = {log.name: line_filler(log) for log in logs}
        self._lines = dict.fromkeys(self._fillers, 0)
        self._under_way: Incident | None = None
        self._changed = False
        self.met = 0
        """Incidents so far."""

    def take(self, log: Log, data: bytes) -> None:
        """Add whole lines that a log got."""
        part = Summary()
        self._fillers[log.name].block(data, part)
        self._summary.merge(part, self._lines[log.name])
        self._lines[log.name] += part.lines
        self._changed = True

    def changes(self, now: float) -> list[Change]:
        """What began or was over since the last call; `now` in seconds since the epoch."""
        found: list[Change] = []
        if self._changed:
            self._changed = False
            self._forget(int(now) // 60)
            latest = self._latest()
            if latest is not None and (
                self._under_way is None or latest.begin > self._under_way.end
            ):
                if self._under_way is not None:
                    found.append(Change("over", self._under_way))
                self._under_way = latest
                self.met += 1
                found.append(Change("begun", latest))
            elif latest is not None and self._under_way is not None:
                self._under_way = replace(latest, begin=min(latest.begin, self._under_way.begin))
        if self._under_way is not None:
            quiet = now - self._under_way.end.timestamp()
            if quiet > QUIET * 60:
                found.append(Change("over", replace(self._under_way, ongoing=False)))
                self._under_way = None
        return found

    def _latest(self) -> Incident | None:
        gathered = Gathered(self._summary, [(log, 0) for log in self._logs], [])
        found = Incidents(gathered, self._known).report().incidents
        last = found[-1] if found else None
        if last is None or not last.ongoing:
            return None
        return last

    def _forget(self, minute: int) -> None:
        """Leave out what is too old to matter, so that following takes no more and more memory."""
        oldest = minute - KEPT
        summary = self._summary
        if not summary.minutes or min(summary.minutes) >= oldest - 60:
            return
        summary.minutes = {m: by for m, by in summary.minutes.items() if m >= oldest}
        summary.seconds = {s: n for s, n in summary.seconds.items() if s // 60 >= oldest}
        for table in (
            *(summary.failed, summary.failed_paths, summary.failed_clients),
            *(summary.limits, summary.said_minutes),
        ):
            for key in [key for key in table if key[0] < oldest]:
                del table[key]  # type: ignore[arg-type]
