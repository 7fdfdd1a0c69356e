"""How every command shows its progress and its verdict."""

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from badgateway.cli.arguments import Parsed, complain
from badgateway.cli.live import Board
from badgateway.investigate.runner import Event
from badgateway.model.observation import Observation
from badgateway.model.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def show(verdict: Verdict, parsed: Parsed) -> None:
    """Print the verdict on standard output, as JSON or for people; write the report asked for.

    Raises:
        OSError: the report cannot be written.
    """
    if getattr(parsed, "report", None):
        _write(verdict, parsed)
    if parsed.json:
        from badgateway.report.json import verdict_json  # noqa: PLC0415

        print(verdict_json(verdict))
        return
    from badgateway.knowledge.base import knowledge  # noqa: PLC0415
    from badgateway.report.terminal import Detail, console, report  # noqa: PLC0415
    from badgateway.report.words import Words  # noqa: PLC0415

    detail = Detail.BRIEF if parsed.brief else Detail.WHY if parsed.why else Detail.EVIDENCE
    plan = getattr(parsed, "plan", False)
    report(verdict, knowledge(), Words(parsed.lang), console(sys.stdout), detail, plan=plan)


def _write(verdict: Verdict, parsed: Parsed) -> None:
    from badgateway.knowledge.base import knowledge  # noqa: PLC0415
    from badgateway.report.words import Words  # noqa: PLC0415

    words = Words(parsed.lang)
    if parsed.report.lower().endswith(".md"):
        from badgateway.report.markdown import markdown_report  # noqa: PLC0415

        text = markdown_report(verdict, knowledge(), words)
    else:
        try:
            from badgateway.report.html import html_report  # noqa: PLC0415
        except ImportError:
            complain("no HTML report without the extra `web`: pip install 'badgateway[web]'")
            return
        text = html_report(verdict, knowledge(), words)
    Path(parsed.report).write_text(text, "utf-8")


def exit_status(verdict: Verdict) -> int:
    """0 no fault, 1 a fault, 2 nothing could be seen or read."""
    if verdict.empty:
        return 2
    return 0 if verdict.outcome in (Outcome.HEALTHY, Outcome.NONE) else 1


class Progress:
    """The chain that fills as probes finish, on standard error, where that is a terminal."""

    def __init__(self, parsed: Parsed) -> None:
        """Args: parsed: the call, for its language and whether it wants JSON."""
        self._parsed = parsed
        self._seen: list[Observation] = []
        self._running: dict[str, int] = {}
        self._began = time.monotonic()
        self._board = Board(sys.stderr, wanted=not parsed.json, per_second=12)

    def __enter__(self) -> Self:
        self._board.begin(self._picture)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._board.end()

    def heard(self, event: Event) -> None:
        """Take one event of the run into the picture."""
        if event.kind == "seen":
            self._seen.append(event.observation)
        elif event.probe and event.kind != "spared":
            step = 1 if event.kind == "started" else -1
            self._running[event.probe] = self._running.get(event.probe, 0) + step

    def _picture(self, out: "Console") -> "RenderableType":
        from rich.console import Group  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        from badgateway.report.terminal import live_picture  # noqa: PLC0415
        from badgateway.report.words import Words  # noqa: PLC0415

        words = Words(self._parsed.lang)
        running = ", ".join(words.test(name) for name, n in self._running.items() if n)
        elapsed = words.seconds(time.monotonic() - self._began)
        return Group(
            live_picture(self._seen, words, out),
            Text(f"  {elapsed}  {running}", "dim"),
        )
