"""`badgateway explain`."""

import sys
from pathlib import Path

from badgateway.cli.arguments import Parsed, complain
from badgateway.cli.show import exit_status, show
from badgateway.investigate.explain import Artifact, explain_texts

LIMIT = 64 * 1024 * 1024
"""Bytes of one file that are read."""


def explain(parsed: Parsed) -> int:
    """Explain files or standard input and show the verdict; returns the exit status."""
    artifacts = []
    for name in parsed.files or ["-"]:
        try:
            artifacts.append(_artifact(name))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            complain(f"{name}: {reason or error}")
            return 2
    verdict = explain_texts(artifacts)
    show(verdict, parsed)
    return exit_status(verdict)


def _artifact(name: str) -> Artifact:
    if name == "-":
        if sys.stdin.isatty():
            print("paste what you have, then press Ctrl-D:", file=sys.stderr)
        return Artifact("standard input", _text(sys.stdin.buffer.read(LIMIT)))
    with Path(name).open("rb") as file:
        return Artifact(name, _text(file.read(LIMIT)))


def _text(data: bytes) -> str:
    """The material as text; UTF-16 where it says so, as Windows tools write it."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")
