"""Inside and on paper: one file per dialect, each from material to observations.

Law of this folder: a reader is a module with `KIND`, its dialect's name; `fits`, how far (0 to 1)
a text is of that dialect; and `read`, which only states what stands there. It knows no cause,
opens nothing, imports no other reader, and never fails because of a line. The best fit reads;
what nothing fits is not read.

logs: error logs and journals; access: a line for each request; config: configuration files;
commands: what programs print; documents: pages, answers, HAR files.
"""

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from badgateway.model.material import Material
from badgateway.model.observation import Observation

FOLDERS = ("logs", "access", "config", "commands", "documents")


class Reader(Protocol):
    """The shape of a reader module."""

    KIND: str
    """The dialect's name, unique among readers: `nginx-error-log`."""
    # AT_MOST: float, where it is set: the best fit that the reader ever claims.

    def fits(self, head: str) -> float:
        """How surely `head`, the beginning of a text, is of this dialect, 0 to 1."""

    def read(self, material: Material) -> Iterator[Observation]:
        """State what stands in `material`."""


@cache
def readers() -> dict[str, Reader]:
    """Every reader of these folders by its dialect's name."""
    found: dict[str, Reader] = {}
    for folder in FOLDERS:
        package = import_module(f"{__name__}.{folder}")
        for item in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
            module = cast("Reader", import_module(f"{package.__name__}.{item.name}"))
            found[module.KIND] = module
    return found


def recognised(head: str) -> str | None:
    """The dialect that fits best; None where none does.

    Readers that fit anything a little, and take long to say so, are asked last, and only where
    no other fits better than they ever do (their `AT_MOST`).
    """
    best, most = None, 0.0
    for name, reader in _in_order().items():
        if getattr(reader, "AT_MOST", 1.0) < most:
            break
        if (fit := reader.fits(head)) > most:
            best, most = name, fit
    return best


@cache
def _in_order() -> dict[str, Reader]:
    found = readers().items()
    return dict(sorted(found, key=lambda pair: -getattr(pair[1], "AT_MOST", 1.0)))
