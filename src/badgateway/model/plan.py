"""A plan: what would be changed, on which files and by which commands, and how that is undone.

Frozen data. It is made without touching anything, shown as it stands, and applied by `repair`.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from badgateway.model.argument import filled
from badgateway.model.observation import Value
from badgateway.model.verdict import Risk

Words: TypeAlias = tuple[str, ...]
"""A command as a list of arguments; it never meets a shell."""


@dataclass(frozen=True, slots=True)
class Edit:
    """New contents for a file; its owner and mode stay.

    Attributes:
        path: absolute; a link is followed before anything is written.
        before: what the plan was made from. Where the file holds something else by then, nothing
            is written.
        after: what it will hold.
    """

    path: str
    before: str
    after: str

    def diff(self) -> Iterator[str]:
        """The lines of a unified diff, without line ends."""
        before, after = self.before.splitlines(), self.after.splitlines()
        yield from difflib.unified_diff(before, after, self.path, self.path, lineterm="", n=2)


@dataclass(frozen=True, slots=True)
class Rights:
    """Another mode or owner for a file.

    Attributes:
        path: absolute.
        mode: permission bits; None leaves them.
        owner: name of a user; empty leaves it.
        group: name of a group; empty leaves it.
    """

    path: str
    mode: int | None = None
    owner: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Removal:
    """A file that is taken away; a copy is kept."""

    path: str


@dataclass(frozen=True, slots=True)
class Creation:
    """A file that is not there yet; its folder is made where it is missing.

    Attributes:
        path: absolute. Where a file stands by then, nothing is written.
        text: what it will hold.
    """

    path: str
    text: str

    def diff(self) -> Iterator[str]:
        """The lines of a unified diff, without line ends."""
        lines = self.text.splitlines()
        yield from difflib.unified_diff([], lines, "/dev/null", self.path, lineterm="")


@dataclass(frozen=True, slots=True)
class Command:
    """A command that changes something.

    Attributes:
        words: the command.
        undo: what takes it back; it may be run although the command was not.
        why: for people, what it does.
    """

    words: Words
    undo: Words
    why: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """A rule of nft's that lets something through, before all others of its chain.

    Attributes:
        family: the family of the table.
        table: the table.
        chain: the chain.
        matches: what is let through, in nft's words.
        mark: a comment by which it is found again, however its number changes.
        holder: a process of the network namespace that it belongs to; 0 for our own.
    """

    family: str
    table: str
    chain: str
    matches: Words
    mark: str
    holder: int = 0


Change: TypeAlias = Edit | Creation | Rights | Removal | Command | Opening


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one remedy changes on this machine.

    Attributes:
        remedy: name of the file of `knowledge/remedies`.
        cause: the cause it is for.
        says: for people, what it does, with typed places for values.
        values: what stands in them.
        risk: what it may do to the site while it is done.
        changes: in the order in which they are made.
        tests: commands that must end with status 0 before anything is reloaded.
        reloads: commands that put the change into force; run again after an undo.
        source: where the advice comes from.
    """

    remedy: str
    cause: str
    says: str
    risk: Risk
    changes: tuple[Change, ...]
    tests: tuple[Words, ...] = ()
    reloads: tuple[Words, ...] = ()
    source: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What it does, in English."""
        return filled(self.says, self.values)
