"""Which part the logs name: fatal errors, and scripts that were slow."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from badgateway.model.observation import Observation
from badgateway.readers.logs import php, php_slow
from badgateway.repair.wordpress.site import Kind, Part, Site
from badgateway.transport.files import material_at

DEBUG_LOG = "debug.log"
"""Where WordPress writes errors with WP_DEBUG_LOG, in wp-content
(https://developer.wordpress.org/advanced-administration/debug/debug-wordpress/)."""
_NAMES = ("php-fatal", "wordpress-fatal", "memory-limit-hit", "execution-time-exceeded")
_SLOW = ("slow-script", "slow-request")
_TAIL = 4 * 1024 * 1024
"""Bytes at the end of a log that are read: what breaks the site now stands there."""


@dataclass(frozen=True, slots=True)
class Named:
    """A part that a log names.

    Attributes:
        part: which.
        says: what the log says of it.
        source: where it stands.
    """

    part: Part
    says: str
    source: str


def logs_of(site: Site) -> list[Path]:
    """Logs that lie where a site's logs lie."""
    usual = (site.content / DEBUG_LOG, site.root / "error_log", site.root / "php_errorlog")
    return [path for path in usual if path.is_file()]


def named_by(logs: Iterable[Path], parts: Iterable[Part]) -> list[Named]:
    """The parts that logs name, those that were named last first.

    Raises:
        OSError: a log cannot be read.
    """
    known = list(parts)
    found: list[tuple[str, Named]] = []
    for path in logs:
        for observation in _read(path):
            for text in (observation.text("file"), observation.text("detail")):
                part = part_of(text, known)
                if part is not None:
                    said = observation.text("detail")[:300]
                    last = observation.text("last")
                    found.append((last, Named(part, said, observation.source)))
                    break
    found.sort(key=lambda pair: pair[0], reverse=True)
    newest: dict[Part, Named] = {}
    for _, named in found:
        newest.setdefault(named.part, named)
    return list(newest.values())


def _read(path: Path) -> Iterator[Observation]:
    material = material_at(path).tail(_TAIL)
    reader = php_slow if php_slow.fits(material.head) > php.fits(material.head) else php
    for observation in reader.read(material):
        if observation.name in (*_NAMES, *_SLOW):
            yield observation


def part_of(text: str, parts: Iterable[Part]) -> Part | None:
    """The part whose file a text names: a path of it, with a sign behind that ends a name."""
    best: tuple[int, Part] | None = None
    for part in parts:
        for path in {str(part.path), str(part.path.resolve())}:
            at = text.find(path)
            end = at + len(path)
            whole = at >= 0 and (end == len(text) or text[end] in "/:( ")
            if part.kind is Kind.THEME:
                whole = at >= 0
            if whole and (best is None or len(path) > best[0]):
                best = (len(path), part)
    return best[1] if best else None
