"""YAML that others wrote, as plain data with line numbers, whatever it is.

Nodes are composed (no tags are acted on) and turned into data by us, so an alias costs what it
stands for and the whole is bounded: a few lines of nested aliases or merges would otherwise unfold
into gigabytes.
"""

import re
from collections.abc import Iterator
from typing import TypeAlias

Yaml: TypeAlias = "Table | list[Yaml] | str"

MOST_NODES = 50_000
"""Nodes of one document that are taken, those that aliases repeat counted each time."""
LONGEST = 1 << 20
"""Characters of one document that are read."""
MOST_DOCUMENTS = 500
_DEEPEST = 60
_DOCUMENT = re.compile(r"(?m)^---(?:[ \t]|$)")


class Table(dict[str, Yaml]):
    """A mapping that knows where it and each of its keys stand.

    Attributes:
        line: its own first line in the text, from 1.
        lines: the line of each key.
    """

    line: int = 1

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}

    def table(self, key: str) -> "Table":
        """The mapping under `key`; an empty one where there is none."""
        found = self.get(key)
        return found if isinstance(found, Table) else Table()

    def items_of(self, key: str) -> "list[Yaml]":
        """The list under `key`; empty where there is none."""
        found = self.get(key)
        return found if isinstance(found, list) else []

    def tables(self, key: str) -> "list[Table]":
        """The mappings in the list under `key`."""
        return [item for item in self.items_of(key) if isinstance(item, Table)]

    def text(self, key: str) -> str:
        """The scalar under `key`; empty where there is none."""
        found = self.get(key)
        return found if isinstance(found, str) else ""

    def line_of(self, key: str) -> int:
        """Where `key` stands."""
        return self.lines.get(key, self.line)


def documents(text: str) -> Iterator[Table]:
    """Each document of `text` that is a mapping; one that is broken or too large is left out."""
    starts = [0, *(found.start() for found in _DOCUMENT.finditer(text))]
    for number, start in enumerate(starts[:MOST_DOCUMENTS]):
        end = starts[number + 1] if number + 1 < len(starts) else len(text)
        piece = text[start:end]
        if piece.strip() and len(piece) <= LONGEST:
            found = _document(piece, text.count("\n", 0, start))
            if found is not None:
                yield found


def _document(text: str, before: int) -> Table | None:
    import yaml  # noqa: PLC0415 - only manifests need it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
        data = _Taking(before).data(node, 0) if node is not None else None
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return data if isinstance(data, Table) else None


class _Taking:
    """Nodes as data, as long as there are not too many."""

    def __init__(self, before: int) -> None:
        self._left = MOST_NODES
        self._before = before

    def data(self, node: object, depth: int) -> Yaml:
        import yaml  # noqa: PLC0415

        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            raise ValueError("more than anybody writes by hand")
        if isinstance(node, yaml.MappingNode):
            return self._table(node.value, node.start_mark.line, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.data(item, depth + 1) for item in node.value]
        return str(getattr(node, "value", ""))

    def _table(self, pairs: list[tuple[object, object]], line: int, depth: int) -> Table:
        table = Table()
        table.line = self._before + line + 1
        for key, value in pairs:
            name, data = self.data(key, depth + 1), self.data(value, depth + 1)
            if not isinstance(name, str):
                continue
            if name == "<<":
                for merged in data if isinstance(data, list) else [data]:
                    for inner, item in merged.items() if isinstance(merged, Table) else ():
                        table.setdefault(inner, item)
                continue
            table[name] = data
            mark = getattr(key, "start_mark", None)
            table.lines[name] = self._before + (mark.line if mark else line) + 1
        return table
