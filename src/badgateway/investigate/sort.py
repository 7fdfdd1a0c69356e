"""What kind each piece of material is: by its content, and a mixture taken apart.

A person pastes a page, four log lines, a piece of configuration and what `ss` printed, all in one.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from badgateway.model.hop import Hop
from badgateway.model.material import HEAD_LIMIT, Material, material_of
from badgateway.model.observation import Observation
from badgateway.readers import readers, recognised

SURE = 0.9
"""From here on a text is of one dialect; below, its pieces may be of several."""
_BOUNDARY = re.compile(
    r"(?m)^(?:[ \t]*$\n)+|^[ \t]*```[\w-]*[ \t]*$\n?|^(?=(?:[\w.-]+@[\w.-]+[^$#\n]{0,60})?[$#] \S)"
)
"""Where a mixture may be cut: empty lines, code fences, a shell's prompt."""
_MOST = 500
MOST_FORMATS = 50
"""Formats of access logs that are tried."""


def read_sorted(material: Material) -> Iterator[Observation]:
    """Everything that stands in `material`, each piece through the reader of its dialect.

    Raises:
        OSError: it cannot be read.
    """
    for kind, piece in sorted_pieces(material):
        if kind is None:
            yield _unknown(piece)
        else:
            yield from readers()[kind].read(piece)


def read_together(materials: Iterable[Material]) -> Iterator[Observation]:
    """Everything that stands in several artifacts.

    Configuration comes first, because it declares how the lines of the logs beside it are built.

    Raises:
        OSError: one of them cannot be read.
    """
    pieces = [piece for material in materials for piece in sorted_pieces(material)]
    pieces.sort(key=lambda piece: not (piece[0] or "").endswith("-config"))
    formats: list[str] = []
    for kind, piece in pieces:
        if kind is None:
            yield _unknown(piece)
            continue
        for observation in readers()[kind].read(replace(piece, formats=tuple(formats))):
            if observation.name == "config-log-format" and len(formats) < MOST_FORMATS:
                formats.append(observation.text("format"))
            yield observation


def sorted_pieces(material: Material) -> Iterator[tuple[str | None, Material]]:
    """The pieces of `material` with the dialect of each; None for what no reader knows."""
    head = material.head
    kind = recognised(head)
    if kind is None or len(head) >= HEAD_LIMIT - 4 or readers()[kind].fits(head) >= SURE:
        yield kind, material
        return
    pieces = list(_pieces(material))
    kinds = {piece_kind for piece_kind, _ in pieces}
    if kinds <= {kind, None} or len(pieces) < 2:
        yield kind, material
        return
    yield from pieces


def _pieces(material: Material) -> Iterator[tuple[str | None, Material]]:
    """The text cut at its boundaries; neighbours of one dialect are put together again."""
    text = material.head
    cuts = [0, *(m.start() for m in _BOUNDARY.finditer(text)), len(text)]
    joined: list[tuple[str | None, int, int]] = []
    for start, end in itertools.pairwise(cuts):
        piece = text[start:end]
        if not piece.strip().strip("`"):
            continue
        kind = recognised(piece.strip("\n`") + "\n")
        if joined and joined[-1][0] == kind and len(joined) < _MOST:
            joined[-1] = (kind, joined[-1][1], end)
        else:
            joined.append((kind, start, end))
    for kind, start, end in joined[:_MOST]:
        line = material.first_line + text.count("\n", 0, start)
        part = material_of(material.name, text[start:end], line)
        yield kind, replace(part, since=material.since, dated_only=material.dated_only)


def _unknown(material: Material) -> Observation:
    detail = "it is empty" if not material.head.strip() else "it looks like a binary file"
    return Observation(
        Hop.DEVICE,
        "nothing-known",
        {"name": material.name, "detail": detail},
        f"file:{material.name}",
    )
