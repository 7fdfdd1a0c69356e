"""What `df` says: how full each file system is, in blocks or in inodes."""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "df"

_ROW = re.compile(
    r"(\S+)\s+([\d.]+[KMGTP]?i?)\s+([\d.]+[KMGTP]?i?)\s+(-?[\d.]+[KMGTP]?i?)\s+(\d+|-)%\s+(/\S*)\s*$"
)
_IGNORED = ("/proc", "/sys", "/dev", "/snap/", "/boot/efi")


def fits(head: str) -> float:
    """Rows that end in a share and a path."""
    lines = [line for line in head.splitlines()[:100] if line.strip()]
    rows = sum(1 for line in lines if _ROW.match(line) or line.startswith(("Filesystem", "Sys.")))
    return 0.95 * rows / len(lines) if lines and any(_ROW.match(line) for line in lines) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Each file system."""
    inodes = False
    for number, line in material.lines():
        inodes = inodes or "IUse%" in line or "Inodes" in line
        found = _ROW.match(line)
        if found is None or found[5] == "-" or found[6].startswith(_IGNORED):
            continue
        used, path = int(found[5]), found[6]
        source = f"{KIND}:{material.name}:{number}"
        yield Observation(Hop.HOST, "disk", {"path": path, "used": used}, source)
        if used >= 100:
            word = "inodes-full" if inodes else "disk-full"
            yield Observation(Hop.HOST, word, {"path": path, "count": 1}, source)
