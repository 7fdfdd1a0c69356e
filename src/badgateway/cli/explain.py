"""`badgateway explain`."""

import sys
from io import BytesIO
from pathlib import Path

from badgateway.cli.arguments import Parsed, Parser, common, complain
from badgateway.cli.language import say
from badgateway.cli.questions import asked
from badgateway.cli.show import exit_status, show
from badgateway.investigate.explain import explain_materials
from badgateway.model.material import Material
from badgateway.model.verdict import Who
from badgateway.transport.files import broken, materials_at

LIMIT = 256 * 1024 * 1024
"""Bytes of standard input that are kept."""


def add_arguments(parser: Parser) -> None:
    """Add the options of `explain`."""
    parser.add_argument("files", metavar="FILE", nargs="*", help="standard input where none or -")
    common(parser)


def run(parsed: Parsed) -> int:
    """Explain files or standard input and show the verdict; returns the exit status."""
    artifacts: list[Material] = []
    try:
        for name in parsed.files or ["-"]:
            artifacts += _artifacts(name)
        verdict = explain_materials(artifacts)
    except broken() as error:
        reason = error.strerror if isinstance(error, OSError) else None
        complain(f"{name}: {reason or error}")
        return 2
    verdict = asked(verdict, parsed, frozenset(Who))
    show(verdict, parsed)
    return exit_status(verdict)


def _artifacts(name: str) -> list[Material]:
    if name != "-":
        return materials_at(Path(name))
    if sys.stdin.isatty():
        print(say("paste what you have, then press Ctrl-D:"), file=sys.stderr)
    data = sys.stdin.buffer.read(LIMIT)
    return [Material("standard input", lambda: BytesIO(data))]
