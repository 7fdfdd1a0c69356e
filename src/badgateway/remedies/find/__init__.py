"""Where a remedy acts and with which values: one public function per kind of finding.

Each function takes the facts and gives one binding (names to values) for each place that is to be
changed; nothing where the facts do not call for it. A binding for a file has `by`, `file`, `line`.
Values are computed here and checked where they are filled in.
"""

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module

from badgateway.model.observation import Value
from badgateway.remedies.facts import Facts

Binding = Mapping[str, Value]
Finder = Callable[[Facts], Iterator[Binding]]


@cache
def finders() -> Mapping[str, Finder]:
    """Every function that a file of this folder names in `FINDERS`, by its name."""
    found: dict[str, Finder] = {}
    for item in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{item.name}")
        for name in getattr(module, "FINDERS", ()):
            found[name.replace("_", "-")] = getattr(module, name)
    return found


def find(name: str, facts: Facts) -> Iterator[Binding]:
    """The bindings that the finder called `name` gives.

    Raises:
        KeyError: there is no such finder.
    """
    yield from finders()[name](facts)
