"""Looking at files of a browser that may be running: a copy is opened, never the original."""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from badgateway.browser.profile import ProfileError

FILE_LIMIT = 256 * 1024 * 1024
"""Bytes of a file that is copied to be read; a store of cookies has some hundred KiB."""
JSON_LIMIT = 32 * 1024 * 1024
ROWS = 20_000
"""Rows that are read of a table."""
DAMAGED = (sqlite3.Error, UnicodeDecodeError, ValueError, TypeError, OverflowError)
"""What a damaged database ends in: SQLite's own word may hold bytes that are no text."""


def text_of(path: Path, limit: int = JSON_LIMIT) -> str:
    """The beginning of a text file; empty where it is missing or may not be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(limit)
    except OSError:
        return ""


def json_of(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is none."""
    try:
        found = json.loads(text_of(path) or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def within(table: object, *keys: str) -> Any:
    """What stands below these keys, None where one is missing: browsers change their files."""
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table


def texts(found: object) -> list[str]:
    """The texts of a list; none where it is no list."""
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


@contextmanager
def reading(what: str) -> Iterator[None]:
    """A part of a profile being read; what the system says against it is told with its name.

    Raises:
        ProfileError: it may not be read.
    """
    try:
        yield
    except OSError as error:
        raise ProfileError(f"{what}: {error.strerror or error}") from error


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """A copy of an SQLite file with what its journals hold, open until the end of the block.

    Raises:
        ProfileError: it cannot be copied, or it, or what is made of it in the block, is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="badgateway-") as folder:
        copy = Path(folder, "copy.sqlite")
        try:
            for ending in ("", "-wal", "-journal"):
                part = path.with_name(path.name + ending)
                if ending and not part.exists():
                    continue
                if part.stat().st_size > FILE_LIMIT:
                    raise ProfileError(f"{part} is larger than {FILE_LIMIT} bytes")
                shutil.copyfile(part, copy.with_name(copy.name + ending))
        except OSError as error:
            # Chromium on Windows lets nobody read its cookies while it runs.
            why = error.strerror or str(error)
            raise ProfileError(f"{path.name}: {why}; close the browser and try again") from error
        try:
            with closing(sqlite3.connect(copy)) as connection:
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.text_factory = lambda data: data.decode("utf-8", "replace")
                yield connection
        except DAMAGED as error:
            raise ProfileError(f"{path.name} is not read: {error}") from error
