"""`badgateway logs`."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from badgateway.cli.arguments import OptionError, Parsed, Parser, complain, language
from badgateway.cli.language import say
from badgateway.model.incident import FirstLook, LogReport
from badgateway.model.message import sentence

WORTH_A_FIRST_LOOK = 192 * 1024 * 1024
"""Bytes of logs from which on errors alone are looked for first."""


def add_arguments(parser: Parser) -> None:
    """Add the options of `logs`."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="access and error logs, plain, gz or zst; patterns; configuration that declares "
        "their format; standard input where none or -",
    )
    parser.add_argument("--json", action="store_true", help="print the verdict as one JSON object")
    language(parser, sentence("language of the report; else the system's"))
    detail = parser.add_mutually_exclusive_group()
    detail.add_argument("--brief", action="store_true", help="the time line alone")
    detail.add_argument("--all", action="store_true", help="details of every incident")
    parser.add_argument(
        "--format",
        action="append",
        default=[],
        metavar="FORMAT",
        help="how lines are built, as log_format or LogFormat says it (repeatable)",
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report with charts")
    parser.add_argument(
        "--export",
        action="append",
        default=[],
        type=_export,
        metavar="FILE",
        help="write the figures for other programs: FILE.sqlite, FILE.parquet or FILE.csv",
    )
    parser.add_argument("--follow", action="store_true", help="go on as the logs grow")
    parser.add_argument("--engine", metavar="ADDRESS", help="scan on a cluster: dask://HOST:PORT")
    parser.add_argument("--jobs", type=_jobs, metavar="N", help="processes (default: processors)")


def _export(text: str) -> Path:
    path = Path(text)
    if path.suffix not in (".sqlite", ".parquet", ".csv"):
        raise OptionError(
            "'{text}' is of no kind we write; end it in .sqlite, .parquet or .csv", text=text
        )
    return path


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 512:
        raise OptionError("'{text}' is no number of processes; give 1 to 512", text=text)
    return int(text)


def run(parsed: Parsed) -> int:
    """Read the logs and show their incidents; returns the exit status."""
    from badgateway.logs.engines import EngineError  # noqa: PLC0415

    try:
        if parsed.follow:
            from badgateway.cli.follow import follow  # noqa: PLC0415

            return follow(parsed)
        report = _report(parsed)
        if report is None:
            return 2
        for path in [*parsed.export, *([parsed.html] if parsed.html else [])]:
            _written(report, path, parsed)
    except (OSError, EngineError, ImportError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        named = getattr(error, "filename", None)
        complain(f"{named}: {reason}" if reason and named else reason or error)
        return 2
    _show(report, parsed)
    return 1 if report.errors or report.incidents else 0


def _report(parsed: Parsed) -> LogReport | None:
    from badgateway.investigate.logs import analyse, logs_at  # noqa: PLC0415
    from badgateway.logs.engines import engine_of  # noqa: PLC0415

    files = parsed.files or ["-"]
    if "-" in files and sys.stdin.isatty():
        print(say("paste the lines of a log, then press Ctrl-D:"), file=sys.stderr)
    logs, skipped = logs_at(files, parsed.format)
    for one in skipped:
        complain(f"{one.name}: {one.why}")
    if not logs:
        if not skipped:
            complain("no log could be read; name access or error logs, or pipe one in")
        return None
    engine = engine_of(parsed.engine, parsed.jobs)
    with ExitStack() as stack:
        stack.callback(engine.close)
        heard = stack.enter_context(_Progress(quiet=parsed.json))
        if sum(log.size for log in logs) >= WORTH_A_FIRST_LOOK and not parsed.json:
            from badgateway.logs.first import first_look  # noqa: PLC0415

            started = time.monotonic()
            looked = first_look(logs, engine)
            _first(looked, time.monotonic() - started, parsed, heard)
        return analyse(logs, engine, heard.heard, skipped)


def _first(looked: FirstLook, seconds: float, parsed: Parsed, progress: "_Progress") -> None:
    from badgateway.report.logs_first import first_words  # noqa: PLC0415
    from badgateway.report.words import Words  # noqa: PLC0415

    for line in first_words(looked, seconds, Words(parsed.lang)):
        progress.say(line)


def _show(report: LogReport, parsed: Parsed) -> None:
    if parsed.json:
        from badgateway.report.logs_json import logs_json  # noqa: PLC0415

        print(logs_json(report))
        return
    from badgateway.report.logs_terminal import show  # noqa: PLC0415
    from badgateway.report.terminal import console  # noqa: PLC0415
    from badgateway.report.words import Words  # noqa: PLC0415

    show(report, Words(parsed.lang), console(sys.stdout), brief=parsed.brief, every=parsed.all)


def _written(report: LogReport, path: Path, parsed: Parsed) -> None:
    from badgateway.report.words import Words  # noqa: PLC0415

    if path == parsed.html:
        from badgateway.report.logs_html import logs_html  # noqa: PLC0415

        path.write_text(logs_html(report, Words(parsed.lang)), "utf-8")
    else:
        from badgateway.report.logs_tables import write_tables  # noqa: PLC0415

        write_tables(report, path)
    if not parsed.json:
        print(Words(parsed.lang).say("written: {path}", path=path), file=sys.stderr)


class _Progress:
    """How far the work is, on standard error, where that is a terminal."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet or not sys.stderr.isatty()
        self._said_all = quiet
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def say(self, line: str) -> None:
        """One line that stays."""
        if not self._said_all:
            self._clear()
            print(line, file=sys.stderr, flush=True)

    def heard(self, done: int, whole: int) -> None:
        """Show how much is done."""
        seconds = time.monotonic() - self._began
        if self._quiet or seconds < 0.5 or not whole:
            return
        share = done / whole
        left = seconds / share - seconds if share > 0.02 else 0
        bar = "━" * int(30 * share)
        told = say(
            "{done} %  {speed} MB/s  {left} s left",
            done=f"{100 * share:3.0f}", speed=f"{done / 1e6 / seconds:.0f}", left=f"{left:.0f}",
        )  # fmt: skip
        print(
            f"\r\x1b[K{bar:<30} {told}",
            end="",
            file=sys.stderr,
            flush=True,
        )

    def _clear(self) -> None:
        if not self._quiet:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
