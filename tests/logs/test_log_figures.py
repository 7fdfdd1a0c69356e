"""The figures of an access log are right to the digit, however they are worked out."""

import gzip
import itertools
import os
import random
from pathlib import Path

import pytest
import zstandard
from made_logs import access_log, error_log
from obvious import obvious, quantile, rounded_down

from badgateway.investigate.logs import logs_at
from badgateway.logs import source
from badgateway.logs.engines.local import Local
from badgateway.logs.gather import gather
from badgateway.logs.scan import filler, line_filler, scan
from badgateway.logs.source import Piece
from badgateway.logs.summary import GATEWAY, Summary
from badgateway.logs.tally import MOST_NAMES, Tally
from badgateway.logs.tally import quantile as of_buckets

LINES = 1_000_000 if os.environ.get("BADGATEWAY_MILLION") else 100_000


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("made") / "access.log"
    access_log(path, LINES * 290)
    return path


def summary_of(*paths: Path, jobs: int = 1) -> Summary:
    logs, skipped = logs_at([str(path) for path in paths])
    assert not skipped
    engine = Local(jobs)
    try:
        return gather(logs, engine).summary
    finally:
        engine.close()


def equal(one: Summary, other: Summary) -> None:
    """Every figure of both is the same."""
    assert one.lines == other.lines
    assert one.requests == other.requests
    assert one.unread == other.unread
    assert one.minutes == other.minutes
    assert one.seconds == other.seconds
    assert one.clients == other.clients
    assert one.paths == other.paths
    assert one.durations == other.durations
    assert one.retries == other.retries
    assert one.failed == other.failed
    assert one.failed_paths == other.failed_paths
    assert one.limits == other.limits
    assert {k: (s.count, s.first, s.last, s.example.line) for k, s in one.kinds.items()} == {
        k: (s.count, s.first, s.last, s.example.line) for k, s in other.kinds.items()
    }


def test_figures_are_those_of_a_plain_program(made):
    """Counts, quantiles, clients, paths and retries equal those of a plain program."""
    truth, summary = obvious(made), summary_of(made, jobs=2)
    assert summary.lines == truth.lines
    assert summary.requests == truth.lines - truth.unread
    counted = {(m, s): n for m, by in summary.minutes.items() for s, n in by.items()}
    assert counted == dict(truth.minutes)
    assert summary.clients.counts == dict(truth.clients)
    assert summary.paths.counts == dict(truth.paths)
    assert summary.retries == dict(truth.retries)
    assert set(summary.durations) == set(truth.times)
    for upstream, times in truth.times.items():
        for share in (0.01, 0.5, 0.95, 0.99, 1.0):
            assert of_buckets(summary.durations[upstream], share) == quantile(times, share)
        for ms in (min(times), max(times)):
            assert rounded_down(ms) in summary.durations[upstream]
    failed = {(m, k.status, k.upstream_status, k.upstream): 0 for m, k in summary.failed}
    for (minute, kind), count in summary.failed.items():
        failed[minute, kind.status, kind.upstream_status, kind.upstream] += count
    assert {k: n for k, n in failed.items() if k[1] in GATEWAY} == dict(truth.failed)


def test_it_matters_not_how_a_log_is_cut_or_packed(made, tmp_path, monkeypatch):
    """Pieces of any size, gzip and zstd give the very same summary."""
    short = tmp_path / "access.log"
    short.write_bytes(made.read_bytes()[:3_000_123])
    whole = summary_of(short)
    assert whole.requests > 9_000
    (log,), _ = logs_at([str(short)])
    for count in (2, 7, 61):
        cuts = [log.size * n // count for n in range(count + 1)]
        together, before = Summary(), 0
        for begin, end in itertools.pairwise(cuts):
            part = scan(Piece(log, begin, end)).summary
            together.merge(part, before)
            before += part.lines
        equal(together, whole)
    monkeypatch.setattr(source, "BLOCK", 50_000)
    equal(summary_of(short), whole)
    for name, data in (
        ("access.log.gz", gzip.compress(short.read_bytes())),
        ("access.log.zst", zstandard.compress(short.read_bytes())),
    ):
        packed = tmp_path / name
        packed.write_bytes(data)
        equal(summary_of(packed), whole)


def mutated(line: bytes, chance: random.Random) -> bytes:
    """A line with some bytes changed, put in, left out or doubled."""
    data = bytearray(line)
    for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
        at = chance.randrange(len(data))
        what = chance.randrange(5)
        byte = chance.choice(b'"" \\[]?-:,5\x00\xff\xc3\t09')
        if what == 0:
            data[at] = byte
        elif what == 1:
            data.insert(at, byte)
        elif what == 2:
            del data[at]
        elif what == 3:
            data[at:at] = data[at : at + chance.randrange(1, 60)]
        else:
            data[at:at] = bytes([byte]) * chance.randrange(1, 300)
    return bytes(data).replace(b"\n", b" ")


@pytest.mark.parametrize("seed", range(4))
def test_columns_read_broken_lines_as_line_by_line(made, tmp_path, seed):
    """Whatever stands in lines, reading by columns gives what reading each by itself gives."""
    pytest.importorskip("numpy")
    chance = random.Random(seed)
    lines = made.read_bytes()[: 4_000 * 290].split(b"\n")[:-1]
    path = tmp_path / "access.log"
    path.write_bytes(
        b"\n".join([*lines[:200], *(mutated(line, chance) for line in lines[200:])]) + b"\n"
    )
    (log,), _ = logs_at([str(path)])
    by_columns, by_line = filler(log), line_filler(log)
    assert type(by_columns) is not type(by_line)
    one, other = Summary(), Summary()
    data = path.read_bytes()
    for fill, summary in ((by_columns, one), (by_line, other)):
        fill.block(data, summary)
        fill.finish(summary)
    assert one.unread > 50
    equal(one, other)


@pytest.mark.parametrize("seed", range(3))
def test_lines_of_an_error_log_are_grouped_without_loss(tmp_path, seed):
    """Counting equal lines of a minute at once gives what reading each by itself gives."""
    chance = random.Random(seed)
    path = tmp_path / "error.log"
    error_log(path, 3_000 * 295, seed)
    lines = path.read_bytes().split(b"\n")[:-1]
    lines = [mutated(line, chance) if n % 3 == 0 else line for n, line in enumerate(lines)]
    lines[5:5] = [b"", b"a line without a time", b"2026/11/01 00:00:01 [notice] 1#1: start"]
    path.write_bytes(b"\n".join(lines))
    (log,), _ = logs_at([str(path)])
    assert log.kind == "nginx-error-log"
    one, other = Summary(), Summary()
    for fill, summary in ((filler(log), one), (line_filler(log), other)):
        for part in (lines[:1_000], lines[1_000:]):
            fill.block(b"\n".join(part) + b"\n", summary)
    assert type(filler(log)) is not type(line_filler(log))
    assert (one.lines, one.entries) == (other.lines, other.entries)
    assert one.said == other.said
    assert one.said_minutes == other.said_minutes
    assert max(s.count for s in one.said.values()) > 100


def test_plain_combined_lines_are_read_by_columns_too(tmp_path):
    """The combined format without any addition is read by columns, and the same."""
    pytest.importorskip("numpy")
    line = '203.0.113.{} - - [01/Nov/2026:10:{:02}:07 +0200] "{} /a/{} HTTP/1.1" {} 12 "-" "x y"\n'
    rows = [
        line.format(n % 250, n % 60, ("GET", "POST", "HEAD")[n % 3], n % 17, (200, 404, 502)[n % 3])
        for n in range(3_000)
    ]
    path = tmp_path / "access.log"
    path.write_text("".join(rows))
    (log,), _ = logs_at([str(path)])
    one, other = Summary(), Summary()
    for fill, summary in ((filler(log), one), (line_filler(log), other)):
        fill.block(path.read_bytes(), summary)
        fill.finish(summary)
    assert one.requests == 3_000
    assert min(one.minutes) == 1_793_520_000 // 60, "08:00 UTC"
    equal(one, other)


def test_counts_of_too_many_names_have_a_bound():
    """Where there are too many names to keep, each count is low by no more than is said."""
    tally = Tally()
    for number in range(MOST_NAMES * 5):
        tally.add(f"once {number}")
        tally.add(f"often {number % 10}")
    truth = MOST_NAMES * 5 / 10
    assert len(tally.counts) <= 2 * MOST_NAMES
    assert tally.missed > 0
    for name, count in tally.top(10):
        assert name.startswith("often")
        assert truth - tally.missed <= count <= truth
