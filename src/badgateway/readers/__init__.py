"""Inside and on paper: one file per dialect, each from text to observations.

Law of this folder: a reader is a module with `fits`, how far (0 to 1) a text is its dialect, and
`read`, which only states what stands there. It knows no cause, opens nothing, imports no other
reader, and never fails because of a line. The best fit reads; what nothing fits is not read.
"""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast

from badgateway.model.observation import Observation


class Reader(Protocol):
    """The shape of a reader module."""

    def fits(self, text: str) -> float:
        """How surely `text` is of this dialect, 0 to 1."""

    def read(self, text: str, name: str) -> Iterator[Observation]:
        """State what stands in `text`, which came from the file called `name`."""


def readers() -> dict[str, Reader]:
    """Every reader of this folder by its file's name."""
    names = sorted(item.name for item in pkgutil.iter_modules(__path__))
    return {name: cast("Reader", import_module(f"{__name__}.{name}")) for name in names}


def recognised(text: str) -> str | None:
    """The name of the reader that fits best; None where none does."""
    fits = {name: reader.fits(text) for name, reader in readers().items()}
    best = max(fits, key=lambda name: fits[name])
    return best if fits[best] > 0 else None
