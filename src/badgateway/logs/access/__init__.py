"""Dialects of access logs, one file each: the one that reads most of the first lines is taken."""

import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import cast

from badgateway.logs.clock import Times
from badgateway.logs.hit import AccessDialect, Form


@cache
def _dialects() -> tuple[AccessDialect, ...]:
    names = sorted(item.name for item in pkgutil.iter_modules(__path__))
    return tuple(cast("AccessDialect", import_module(f"{__name__}.{name}")) for name in names)


def form_of(head: Sequence[str], formats: Sequence[str], times: Times) -> Form | None:
    """How the lines of a log are read, by its first ones; None where they are no requests.

    Args:
        head: its first lines.
        formats: formats that configuration beside it declares.
        times: its clock.
    """
    best, most = None, 0
    for dialect in _dialects():
        form = dialect.form(head, formats, times)
        if form is None:
            continue
        hits = sum(1 for line in head if form.parse(line) is not None)
        if hits > most:
            best, most = form, hits
    lines = sum(1 for line in head if line.strip() and not (best and best.note(line)))
    return best if most * 2 >= lines else None
