"""Reading one knowledge file so that every complaint names the file and the line."""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeVar, cast

T = TypeVar("T")

_KINDS: dict[type, str] = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list in brackets",
    dict: "a table",
}


class KnowledgeError(ValueError):
    """A knowledge file that is wrong. The message is `file:line: what is wrong`."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line


@dataclass(frozen=True)
class Table:
    """One table of a knowledge file; reading a key that is wrong raises with its line.

    Attributes:
        file: name of the file, for messages.
        text: the whole file.
        head: first line of this table, from 1.
        data: what TOML found in it.
        proved: whether exactly this text has been checked before, so that it need not be again.
    """

    file: str
    text: str
    head: int
    data: Mapping[str, object]
    proved: bool = False

    def error(self, message: str, key: str = "") -> KnowledgeError:
        """The complaint `message`, at the line of `key`, or of the table."""
        return KnowledgeError(self.file, self._line(key), message)

    def _line(self, key: str) -> int:
        if key:
            pattern = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]")
            for number, line in enumerate(self.text.splitlines()[self.head - 1 :], self.head):
                if number > self.head and line.startswith("["):
                    break
                if pattern.match(line):
                    return number
        return self.head

    def only(self, *keys: str) -> None:
        """Refuse every key that is not one of `keys`: a misspelt key must not pass in silence."""
        for key in self.data:
            if key not in keys:
                raise self.error(f"unknown key '{key}'; known are: {', '.join(keys)}", key)

    def get(self, key: str, kind: type[T], default: T | None = None) -> T:
        """The value of `key`, which must be of `kind`; required when there is no default."""
        if key not in self.data:
            if default is None:
                raise self.error(f"'{key}' is missing; it must be {_KINDS[kind]}")
            return default
        value = self.data[key]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return cast("T", float(value))
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(f"'{key}' must be {_KINDS[kind]}", key)
        if default is None and value == "":
            raise self.error(f"'{key}' must not be empty", key)
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text; empty where the key is absent."""
        return self._list(key, str)

    def numbers(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers, or one; empty where the key is absent."""
        return self._list(key, int)

    def _list(self, key: str, kind: type[T]) -> tuple[T, ...]:
        value = self.data.get(key, [])
        items = value if isinstance(value, list) else [value]
        for item in items:
            if not isinstance(item, kind) or isinstance(item, bool):
                raise self.error(f"'{key}' must hold {_KINDS[kind]}", key)
        return tuple(cast("list[T]", items))

    def tables(self, key: str) -> Iterator["Table"]:
        """The tables `[[key]]` of a file, each knowing its own line."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(f"'{key}' must be written as [[{key}]] tables", key)
        heads = [] if self.proved else self._heads(key)
        for position, item in enumerate(value):
            head = heads[position] if position < len(heads) else self.head
            yield Table(self.file, self.text, head, item, self.proved)

    def _heads(self, key: str) -> list[int]:
        pattern = re.compile(rf"\s*\[\[\s*{re.escape(key)}\s*\]\]")
        lines = enumerate(self.text.splitlines(), 1)
        return [number for number, line in lines if pattern.match(line)]

    def pattern(self, key: str) -> str | None:
        """A regular expression; refused where it does not compile."""
        if key not in self.data:
            return None
        text = self.get(key, str)
        if self.proved:
            return text
        try:
            re.compile(text)
        except re.error as error:
            raise self.error(f"'{key}' is no regular expression: {error}", key) from None
        return text


def parse(name: str, text: str) -> Table:
    """The top table of a file called `name`; raises `KnowledgeError` for broken TOML."""
    try:
        return Table(name, text, 1, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else max(1, text.count("\n") + 1)
        raise KnowledgeError(name, line, f"not valid TOML: {error}") from None


def units(kind: str) -> Iterator[tuple[str, str, str]]:
    """(name, path for messages, text) of each file of one kind; the file name is the identity."""
    base = files("badgateway.knowledge").joinpath(kind)
    for file in sorted(base.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".toml"):
            yield file.name.removesuffix(".toml"), f"{kind}/{file.name}", file.read_text("utf-8")


def load_folder(kind: str, load: Callable[[str, Table], T]) -> dict[str, T]:
    """Every unit of one kind, by name, through its loader."""
    return {name: load(name, table_of(path, text)) for name, path, text in units(kind)}


def table_of(path: str, text: str) -> Table:
    """The top table of a file: as it was compiled where exactly this text was, else parsed."""
    known = _compiled().get(path)
    if known is not None and known["sha256"] == fingerprint(text):
        return Table(path, text, 1, cast("Mapping[str, object]", known["data"]), proved=True)
    return parse(path, text)


def fingerprint(text: str) -> str:
    """What tells one version of a file from another."""
    return hashlib.sha256(text.encode()).hexdigest()


COMPILED = "compiled.json"
"""Made by the build (`hatch_build.py`): every file that proved itself, parsed. TOML takes the
standard library 0.1 s for all of them, and the proofs as much again; a file that has changed
since is simply read and proved anew, so this can be missing or old, never wrong."""


@cache
def _compiled() -> Mapping[str, Mapping[str, object]]:
    try:
        text = files("badgateway.knowledge").joinpath(COMPILED).read_text("utf-8")
        return cast("Mapping[str, Mapping[str, object]]", json.loads(text))
    except (OSError, ValueError):
        return {}
