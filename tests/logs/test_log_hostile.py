"""Whatever stands in a log does no harm: not in a terminal, a page, a spreadsheet, nor to us."""

import csv
import json
import os
import sqlite3
import time
from html.parser import HTMLParser

import pytest
from made_logs import BEGIN, stamp

from badgateway.cli.main import main
from badgateway.investigate.logs import analyse, logs_at
from badgateway.logs.engines.local import Local
from badgateway.logs.gather import gather
from badgateway.logs.source import BLOCK
from badgateway.logs.wordings import wording
from badgateway.report.logs_html import logs_html
from badgateway.report.logs_tables import write_tables
from badgateway.report.words import Words

EVIL = (
    "/<script>alert(1)</script>",
    "/\x1b]0;owned\x07\x1b[2J",
    "=HYPERLINK(1;2)",
    "@SUM(1)",
    "/%22onload=%22x",
    "/\u202egnp.exe",
)


@pytest.fixture
def hostile(tmp_path):
    """A log whose clients, paths and upstreams are out to do harm."""
    lines = []
    for n in range(1_200):
        status = 502 if 600 <= n < 900 else 200
        evil = EVIL[n % len(EVIL)]
        lines.append(
            f'198.51.100.{n % 9} - - [{stamp(BEGIN + n * 3)}] "GET {evil} HTTP/1.1" {status} 12 '
            f'"-" "=cmd|\' /C calc\'!A0" rt=0.1 ua="{evil}:80" us="{status}"'
        )
    path = tmp_path / "access.log"
    path.write_text("\n".join(lines) + "\n")
    (tmp_path / "error.log").write_text(
        "".join(
            f"2026/11/01 00:{30 + n % 15}:01 [error] 1#1: *{n} <img src=x onerror=alert(1)> \x1b[2J"
            f' while connecting to upstream, client: 1.2.3.4, upstream: "http://=1+1:80/"\n'
            for n in range(60)
        )
    )
    return tmp_path


def report_of(folder):
    logs, skipped = logs_at([str(folder / "access.log"), str(folder / "error.log")])
    return analyse(logs, Local(1), skipped=skipped)


class Tags(HTMLParser):
    """Collects the elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value for name, value in attrs if name == "href"}


def test_a_page_holds_no_element_of_the_log(hostile):
    """Paths and messages are text in the HTML report, which loads and runs nothing."""
    page = logs_html(report_of(hostile), Words())
    tags = Tags()
    tags.feed(page)
    assert not tags.tags & {"script", "img", "link", "iframe", "object", "base"}
    assert not {a for a in tags.attributes if a.startswith("on") or a == "src"}
    assert all(link.startswith("#") for link in tags.links)
    assert "&lt;script&gt;alert(1)" in page
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_a_terminal_is_sent_no_escape(hostile, capsys):
    """Control characters of the log are shown, not sent; the JSON is ASCII."""
    main(["logs", str(hostile / "access.log"), str(hostile / "error.log")])
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
    main(["logs", "--json", str(hostile / "access.log")])
    out = capsys.readouterr().out
    assert out.isascii()
    json.loads(out)


def test_no_cell_is_a_formula(hostile, tmp_path):
    """In CSV no cell begins with what a spreadsheet acts upon; SQLite takes values as they are."""
    report = report_of(hostile)
    write_tables(report, tmp_path / "r.csv")
    rows = list(csv.reader((tmp_path / "r.csv").read_text("utf-8").splitlines()))
    assert len(rows) == 1 + len(report.incidents) == 2
    assert not [c for row in rows for c in row if c.startswith(("=", "+", "-", "@", "\t"))]
    write_tables(report, tmp_path / "r.sqlite")
    base = sqlite3.connect(tmp_path / "r.sqlite")
    assert base.execute("SELECT errors FROM incidents").fetchall() == [(300,)]
    assert ("=HYPERLINK(1;2)",) in base.execute("SELECT name FROM names").fetchall()
    base.close()


def test_parquet_holds_the_same(hostile, tmp_path):
    """The tables can be asked further with what reads Parquet."""
    parquet = pytest.importorskip("pyarrow.parquet")
    write_tables(report_of(hostile), tmp_path / "r.parquet")
    assert parquet.read_table(tmp_path / "r.parquet")["errors"].to_pylist() == [300]
    assert parquet.read_table(tmp_path / "r-names.parquet").num_rows > 3


def test_lines_of_a_megabyte_and_binary_data_are_survived(tmp_path):
    """A line longer than a block, zeros, and a line without an end: counted, never stopped by."""
    line = f'198.51.100.7 - - [{stamp(BEGIN)}] "GET /a HTTP/1.1" 502 12 "-" "x"\n'.encode()
    path = tmp_path / "access.log"
    path.write_bytes(
        line * 100
        + b"A" * (3 * BLOCK)
        + b"\n"
        + bytes(range(256)) * 50
        + b"\n"
        + line * 100
        + b"198.51.100.7 - - [half a"
    )
    logs, _ = logs_at([str(path)])
    summary = gather(logs, Local(1)).summary
    assert summary.requests == 200
    assert summary.unread >= 3
    assert all(len(s.text) <= 1_500 for s in summary.samples)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 400,
        "/" * 400,
        "1." * 200,
        ":" * 400,
        "http://" * 60,
        '"GET ' * 90,
        "[" * 400,
        "f1" * 200,
    ],
)
def test_masking_a_message_takes_no_time(text):
    """No message, however odd, takes long to be made a wording."""
    began = time.process_time()
    for _ in range(50):
        wording(text)
    assert time.process_time() - began < 2


class Meddling(Local):
    """An engine that lets something happen to the logs once the work has begun."""

    def __init__(self, what) -> None:
        super().__init__(1)
        self._what = what

    def each(self, work, pieces):
        self._what()
        return super().each(work, pieces)


LINE = f'198.51.100.7 - - [{stamp(BEGIN)}] "GET /a HTTP/1.1" 200 12 "-" "x"\n'


def meddled(tmp_path, what, *names):
    for name in names:
        (tmp_path / name).write_text(LINE * 1_000)
    logs, _ = logs_at([str(tmp_path / name) for name in names])
    return gather(logs, Meddling(what))


def test_what_is_written_meanwhile_is_left_for_the_next_time(tmp_path):
    """A log that grows is read up to where it ended at the start."""

    def grow():
        with (tmp_path / "a.log").open("a") as file:
            file.write(LINE * 500)

    gathered = meddled(tmp_path, grow, "a.log")
    assert gathered.summary.requests == 1_000
    assert gathered.skipped == []


def test_a_log_that_is_cut_short_meanwhile_says_so(tmp_path):
    """What is left of it is read, and the loss is named."""

    def cut():
        os.truncate(tmp_path / "b.log", len(LINE) * 300)

    gathered = meddled(tmp_path, cut, "a.log", "b.log")
    assert [lines for _, lines in gathered.logs] == [1_000, 300]
    assert [s.name.rpartition("/")[2] for s in gathered.skipped] == ["b.log"]
    assert "shorter" in gathered.skipped[0].why


@pytest.mark.parametrize("how", ["renamed", "removed"])
def test_a_log_that_is_rotated_or_removed_meanwhile_is_read_to_its_end(tmp_path, how):
    """The file that was there at the start is what is read, whatever stands at its name now."""

    def rotate():
        if how == "renamed":
            (tmp_path / "a.log").rename(tmp_path / "a.log.1")
        else:
            (tmp_path / "a.log").unlink()
        (tmp_path / "a.log").write_text(LINE * 3)

    gathered = meddled(tmp_path, rotate, "a.log")
    assert gathered.summary.requests == 1_000
    assert "meanwhile" in gathered.skipped[0].why


def test_a_log_that_was_gone_before_is_named(tmp_path):
    """Nothing could be read: said with the reason, and the others are read."""
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text(LINE * 10)
    logs, _ = logs_at([str(tmp_path / name) for name in ("a.log", "b.log")])
    (tmp_path / "a.log").unlink()
    gathered = gather(logs, Local(1))
    assert gathered.summary.requests == 10
    assert "removed" in gathered.skipped[0].why


def test_a_damaged_archive_is_read_as_far_as_it_goes(tmp_path):
    """A gzip file without its end: what can be unpacked counts, and the loss is said."""
    import gzip

    data = gzip.compress(
        b"".join(LINE.replace("/a", f"/{n * 7919 % 60_013}").encode() for n in range(60_000))
    )
    path = tmp_path / "access.log.gz"
    path.write_bytes(data[: len(data) * 3 // 4])
    logs, _ = logs_at([str(path)])
    gathered = gather(logs, Local(1))
    assert gathered.summary.requests > 20_000
    assert gathered.skipped
