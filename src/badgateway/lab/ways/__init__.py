"""Ways of breaking: a small set of functions, one file per kind; most faults are data over them.

Law of this folder: a way changes the running lab and returns how to undo exactly that. It proves
nothing; the fault's own looks do.
"""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from badgateway.lab.box import LabError

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

Heal = Callable[[], object]
Way = Callable[..., Heal]


def ways() -> dict[str, Way]:
    """Every public function of every file of this folder, by its name (`_` becomes `-`)."""
    found: dict[str, Way] = {}
    for item in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{item.name}")
        for name in getattr(module, "WAYS", ()):
            found[name.replace("_", "-")] = getattr(module, name)
    return found


def break_it(lab: "Lab", way: str, arguments: dict[str, object]) -> Heal:
    """Break the lab by one way; returns what heals it.

    Raises:
        LabError: there is no such way, or it cannot be done here.
    """
    known = ways()
    if way not in known:
        raise LabError(f"no way of breaking is called '{way}'; known: {', '.join(sorted(known))}")
    try:
        return known[way](lab, **arguments)
    except TypeError as error:
        raise LabError(f"the way '{way}': {error}") from None
