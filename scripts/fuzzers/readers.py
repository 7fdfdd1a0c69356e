"""Coverage-guided fuzzing of every reader (atheris): no input may make one fail, hang or swell.

    scripts/fuzz [SECONDS] [READER]

Starts from the samples that every dialect has. An input that breaks a reader is kept below
tests/findings, under the name of what it broke.
"""

import hashlib
import itertools
import sys
import tempfile
import time
import tomllib
from io import BytesIO
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["badgateway.readers", "badgateway.knowledge"]):
    from badgateway.model.material import Material
    from badgateway.readers import readers

    # Each is imported as it is first asked for: here, so that its branches are counted.
    READERS = readers()

ROOT = Path(__file__).parents[2]
FINDINGS = ROOT / "tests" / "findings"
KINDS = ROOT / "tests" / "contracts" / "kinds.toml"
MOST = 3_000
"""Observations that any one text may yield."""
SLOW = 5.0
"""Seconds from which on a reader counts as hanging; inputs have at most 20,000 bytes."""


def look(name: str, data: bytes) -> None:
    """One input through one reader.

    Raises:
        Exception: whatever the reader raises, or that it takes or yields too much.
    """
    reader = READERS[name]
    material = Material("fuzz", lambda: BytesIO(data))
    started = time.monotonic()
    share = reader.fits(material.head)
    found = sum(1 for _ in itertools.islice(reader.read(material), MOST + 1))
    taken = time.monotonic() - started
    if not 0 <= share <= 1 or found > MOST or taken > SLOW:
        raise AssertionError(f"{name}: fits {share}, {found} observations, {taken:.1f} s")


def main() -> None:
    """Fuzz until the time is up or something breaks."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    names = sys.argv[2:3] or sorted(READERS)

    def one(data: bytes) -> None:
        if not data:
            return
        name, text = names[data[0] % len(names)], data[1:]
        try:
            look(name, text)
        except Exception:
            FINDINGS.mkdir(exist_ok=True)
            kept = FINDINGS / f"{name}-{hashlib.sha256(text).hexdigest()[:12]}"
            kept.write_bytes(text)
            print(f"kept as {kept.relative_to(ROOT)}", file=sys.stderr)
            raise

    with tempfile.TemporaryDirectory() as folder:
        samples = tomllib.loads(KINDS.read_text("utf-8"))
        for kind, texts in samples.items():
            for number, text in enumerate(texts):
                first = bytes([names.index(kind)]) if kind in names else b"\0"
                Path(folder, f"{kind}-{number}").write_bytes(first + text.encode())
        options = [
            f"-artifact_prefix={folder}/",
            f"-max_total_time={seconds}",
            "-max_len=20000",
            "-timeout=20",
            folder,
        ]
        atheris.Setup([sys.argv[0], *options], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
