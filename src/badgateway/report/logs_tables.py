"""The figures of logs as tables for other programs: SQLite, Parquet or CSV.

`timeline` is what charts are drawn from; CSV holds `incidents` alone. A cell that
a spreadsheet would take for a formula gets an apostrophe in front.
"""

import csv
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from badgateway.model.incident import Count, Incident, LogReport

Cell = str | int | float | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS: Mapping[str, Sequence[str]] = {
    "incidents": (
        *("id", "begin", "end", "ongoing", "errors", "requests", "share", "usual", "clients"),
        *("cause", "hop", "probability", "determined", "before", "statuses", "upstreams", "paths"),
        *("retries", "limits"),
    ),
    "wordings": (
        *("incident", "wording", "subject", "known", "says", "count", "first", "last"),
        *("source", "example"),
    ),
    "timeline": ("begin", "requests", "errors"),
    "names": ("what", "name", "count", "share"),
    "durations": ("upstream", "count", "median_ms", "p95_ms", "p99_ms"),
}


def write_tables(report: LogReport, path: Path) -> None:
    """Write the tables, in the format that the name ends in; a file that is there is replaced.

    Raises:
        OSError: it cannot be written.
        ImportError: the extra that the format needs is not installed; the message names it.
    """
    {".sqlite": _sqlite, ".parquet": _parquet, ".csv": _csv}[path.suffix](report, path)


def _csv(report: LogReport, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS["incidents"])
        for row in _rows(report, "incidents"):
            writer.writerow([_harmless(cell) for cell in row])


def _harmless(cell: Cell) -> Cell:
    """A text that no spreadsheet takes for a formula."""
    if isinstance(cell, str):
        cell = cell.replace("\0", "")
        if cell.lstrip(" ").startswith(_FORMULA):
            return "'" + cell
    return cell


def _sqlite(report: LogReport, path: Path) -> None:
    path.unlink(missing_ok=True)
    base = sqlite3.connect(path)
    try:
        with base:
            for table, columns in _COLUMNS.items():
                # Names of tables and columns are this file's own; values are bound.
                named = ", ".join(f'"{column}"' for column in columns)
                base.execute(f'CREATE TABLE "{table}" ({named})')
                marks = ", ".join("?" * len(columns))
                base.executemany(
                    f'INSERT INTO "{table}" VALUES ({marks})',  # noqa: S608
                    _rows(report, table),
                )
    except sqlite3.Error as error:
        raise OSError(5, f"SQLite could not write it: {error}", str(path)) from None
    finally:
        base.close()


def _parquet(report: LogReport, path: Path) -> None:
    """One file with the incidents; the other tables as `NAME-TABLE.parquet` beside it."""
    try:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise ImportError("Parquet needs more: pip install 'badgateway[parquet]'") from None
    for table, columns in _COLUMNS.items():
        rows = list(_rows(report, table))
        data = {column: [row[at] for row in rows] for at, column in enumerate(columns)}
        name = path if table == "incidents" else path.with_name(f"{path.stem}-{table}.parquet")
        parquet.write_table(pa.table(data), name)


def _rows(report: LogReport, table: str) -> Iterator[tuple[Cell, ...]]:
    if table == "incidents":
        for incident in report.incidents:
            yield _incident(incident)
    elif table == "wordings":
        told = [("", report.wordings), *((one.id, one.wordings) for one in report.incidents)]
        for incident_id, wordings in told:
            for one in wordings:
                yield (
                    *(incident_id, one.text, one.subject, one.known, one.says, one.count),
                    *(_time(one.first), _time(one.last), one.source, one.example),
                )
    elif table == "timeline" and report.begin is not None:
        points = zip(report.trend, report.errors_trend, strict=True)
        for at, (requests, errors) in enumerate(points):
            yield _time(report.begin + timedelta(seconds=at * report.step)), requests, errors
    elif table == "names":
        for what, counts in (
            ("status", report.statuses),
            ("client", report.clients),
            ("path", report.paths),
            ("retry", report.retries),
        ):
            for count in counts:
                yield what, count.name, count.count, count.share
    elif table == "durations":
        for took in report.durations:
            yield took.upstream, took.count, took.median, took.p95, took.p99


def _incident(incident: Incident) -> tuple[Cell, ...]:
    first = next(iter(incident.verdict.causes), None)
    return (
        *(incident.id, _time(incident.begin), _time(incident.end), int(incident.ongoing)),
        *(incident.errors, incident.requests, incident.share, incident.usual, incident.clients),
        first.cause if first else None,
        str(first.hop) if first else None,
        first.probability if first else None,
        int(incident.verdict.determined),
        incident.before,
        *(_json(counts) for counts in (incident.statuses, incident.upstreams)),
        *(_json(counts) for counts in (incident.paths, incident.retries)),
        json.dumps({str(limit.seconds): limit.count for limit in incident.limits}),
    )


def _json(counts: Sequence[Count]) -> str:
    return json.dumps({count.name: count.count for count in counts})


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
