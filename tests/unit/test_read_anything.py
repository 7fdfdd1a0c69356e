"""Every reader, on whatever may stand in a file: it never fails, and what it states is bounded."""

import itertools
import json
import subprocess
import sys
import tomllib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgateway.investigate.explain import explain_materials
from badgateway.investigate.sort import read_sorted
from badgateway.model.material import Material, material_of
from badgateway.readers import readers
from badgateway.transport.files import material_at

READERS = readers()
KINDS = tomllib.loads((Path(__file__).parents[1] / "contracts" / "kinds.toml").read_text("utf-8"))
SAMPLES = st.sampled_from([sample for samples in KINDS.values() for sample in samples])
MOST = 3_000
"""Observations that any one text may yield."""
PATIENT = settings(
    deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@st.composite
def mutated(draw):
    """A sample with pieces cut out, doubled, swapped with another sample's, or made binary."""
    text = draw(SAMPLES)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 60)))
        other = draw(st.one_of(SAMPLES.map(lambda sample: sample[:80]), st.text(max_size=20)))
        text = draw(
            st.sampled_from(
                [text[:start] + text[end:], text[:start] + other + text[end:],
                 text[:end] + text[start:], text.replace("\n", "\r\n"), text[:start] + "\x00",
                 text.replace('"', ""), text.upper()]
            )
        )  # fmt: skip
    return text[:3_000]


def survives(reader, text):
    assert 0 <= reader.fits(text) <= 1
    found = list(itertools.islice(reader.read(material_of("x", text)), MOST + 1))
    assert len(found) <= MOST
    for observation in found:
        assert len(repr(dict(observation.value))) < 40 * len(text) + 20_000


@pytest.mark.parametrize("name", READERS)
def test_a_reader_survives_every_mutation_of_every_sample(name):
    """Its own dialect and those of others, cut, doubled and mixed."""

    @PATIENT
    @given(mutated())
    def run(text):
        survives(READERS[name], text)

    run()


@pytest.mark.parametrize("name", READERS)
def test_a_reader_survives_any_text(name):
    """Any characters at all."""

    @PATIENT
    @given(st.text(max_size=300))
    def run(text):
        survives(READERS[name], text)

    run()


ODD = [
    None,
    True,
    -1,
    0,
    10**400,
    1e308,
    -0.0,
    "502",
    "-",
    [],
    {},
    [502],
    {"a": 1},
    "\ud800",
    "9" * 5_000,
]
JSON = {
    kind: [json.loads(line) for sample in samples for line in sample.splitlines() if line[:1] == "{"
           and line[-1:] == "}"]
    for kind, samples in KINDS.items()
    if kind in ("json-access-log", "cloudflare-logpush", "google-lb-log", "caddy-log")
}  # fmt: skip


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: ascii(odd)[:12])
def test_a_field_of_json_may_hold_anything(kind, odd):
    """Each field of an entry, and of the objects in it, is replaced by a value nobody expects."""
    for entry in JSON[kind]:
        for key in entry:
            variants = [{**entry, key: odd}]
            if isinstance(entry[key], dict):
                variants += [{**entry, key: {**entry[key], inner: odd}} for inner in entry[key]]
            for variant in variants:
                survives(READERS[kind], json.dumps(variant) + "\n")


BROKEN = {
    "binary": bytes(range(256)) * 400,
    "utf-16": "2024/01/01 10:00:00 [error] 1#1: *1 x\r\n".encode("utf-16"),
    "one endless line": b"a" * 3_000_000,
    "only line ends": b"\r\n" * 100_000,
    "null bytes between lines": b"\x00\n" * 50_000,
    "compressed, cut": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03KL",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_bytes_that_are_no_log_are_survived(data):
    """Whatever a file holds, there is a verdict about it."""
    verdict = explain_materials([Material("x", lambda: BytesIO(data))])
    assert not verdict.causes or verdict.causes[0].probability < 0.5


def test_two_logs_whose_lines_are_mixed_are_both_read():
    """A terminal mixes what two programs print; each line is still of its dialect."""
    one, other = KINDS["php-fpm-log"][1].splitlines(), KINDS["nginx-error-log"][1].splitlines()
    mixed = "\n".join(line for pair in zip(one, other, strict=False) for line in pair) + "\n"
    words = {o.name for o in read_sorted(material_of("x", mixed))}
    assert words & {o.name for o in READERS["php-fpm-log"].read(material_of("x", "\n".join(one)))}


SHIPPED = ("nginx", "apache2", "haproxy", "php", "caddy", "systemd/system")


@pytest.mark.parametrize("folder", SHIPPED)
def test_configuration_as_it_is_shipped_is_read_without_a_complaint(folder):
    """What Debian's packages install has no flaw, and every line of it is understood."""
    files = [path for path in sorted(Path("/etc", folder).rglob("*")) if path.is_file()]
    if not files:
        pytest.skip(f"/etc/{folder} is not here")
    for path in files[:60]:
        complaints = {"config-flaw", "config-broken", "lines-unread", "maintenance-on"}
        found = [o for o in read_sorted(material_at(path)) if o.name in complaints]
        assert not found, path


MILLION = """
import io, resource, sys
from badgateway.investigate.sort import read_sorted
from badgateway.model.material import Material

LINE = {line!r}


class Endless(io.RawIOBase):
    # Bytes that are made as they are read, so that only the reader's own memory counts.
    def __init__(self):
        self.left, self.rest, self.number = {lines}, b"", 0

    def readable(self):
        return True

    def readinto(self, buffer):
        while len(self.rest) < len(buffer) and self.left:
            many = min(self.left, 500)
            self.rest += b"".join(LINE % (self.number + n) for n in range(many))
            self.left, self.number = self.left - many, self.number + many
        part, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


material = Material("x", lambda: io.BufferedReader(Endless()))
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
found = list(read_sorted(material))
print(len(found), max(o.number("count") or 0 for o in found))
"""
LOGS = {
    "nginx": b"2024/01/01 10:00:00 [error] 31#31: *1 connect() failed (111: Connection refused) "
    b'while connecting to upstream, client: 203.0.113.7, server: s, request: "GET /%d HTTP/1.1", '
    b'upstream: "http://10.0.0.2:8000/", host: "s"\n',
    "access": b'203.0.113.7 - - [24/Nov/2026:09:14:02 +0000] "GET /%d HTTP/1.1" 502 1 "-" "c" '
    b"rt=60.0\n",
}


@pytest.mark.parametrize("log", LOGS)
def test_a_long_log_is_read_in_bounded_memory(log):
    """Sixty thousand lines, each different, within 300 MB of address space."""
    program = MILLION.format(line=LOGS[log], lines=60_000, memory=300 << 20)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    kinds, count = map(int, done.stdout.split())
    assert kinds < 20
    assert count == 60_000
