"""Remedies: what this program can change by itself about a cause. One file each.

A step tells a person what to do; a remedy is exact enough to be done, tested, proved and undone.
Its places for values, `{found:address}`, name a type (`model/argument.py`): what does not fit
never becomes part of a command or a file.
"""

from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum

from badgateway.knowledge.files import Table, load_folder
from badgateway.knowledge.mark import choice
from badgateway.model.argument import PLACE, TYPES, WHOLE
from badgateway.model.verdict import Risk
from badgateway.model.vocabulary import vocabulary


class Do(StrEnum):
    """What a change does."""

    REPLACE = "replace"
    """In one line of a file, `old` becomes `new`."""
    POINT = "point"
    """In one line of a file, one address becomes another, however the product writes it."""
    SET = "set"
    """A directive gets a value, where it stands or in the block of one line of a file."""
    UNSET = "unset"
    """A directive is taken out of the block of one line of a file."""
    APPEND = "append"
    """At the end of one line of a file, words are added."""
    RIGHTS = "rights"
    """A file gets another mode or owner."""
    REMOVE = "remove"
    """A file is taken away."""
    MOVE = "move"
    """A file or a folder gets the name `value` in its place."""
    DROP_IN = "drop-in"
    """A unit of systemd's starts its program with `value` in the place of `old`, by a drop-in."""
    CREATE = "create"
    """A file is made where there is none."""
    RELOAD = "reload"
    """A server reads its configuration again: by `words`, or as `knowledge/handling` says."""
    OPEN = "open"
    """A rule lets something through that another rule of the firewall stops."""
    RUN = "run"
    """A command is run."""
    AGAIN = "again"
    """A command puts what was changed into force; after an undo it is run again."""


@dataclass(frozen=True, slots=True)
class ChangeForm:
    """One change, its values not yet filled in.

    Attributes:
        do: what it does.
        by: the product whose file or process it changes; empty for any.
        name: the directive, for SET and UNSET.
        value: what it gets; for REPLACE, POINT and APPEND the new text, for CREATE all of it.
        old: the text that is replaced.
        path: the file, for RIGHTS, REMOVE, MOVE and CREATE.
        mode: permission bits, for RIGHTS, in octal.
        group: the group, for RIGHTS.
        words: the command, for RUN, AGAIN and RELOAD.
        undo: what takes it back.
        why: what the command does.
        optional: a value that it lacks leaves it out, and not the whole remedy.
    """

    do: Do
    by: str
    name: str
    value: str
    old: str
    path: str
    mode: str
    group: str
    words: tuple[str, ...]
    undo: tuple[str, ...]
    why: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """A file before and after: what proves a remedy.

    Attributes:
        by: the product whose file it is.
        values: what is known.
        before: the file.
        after: the file afterwards; empty where the remedy must not be used.
    """

    by: str
    values: dict[str, object]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Remedy:
    """What can be done about some causes.

    Attributes:
        name: of its file.
        text: for people, what it does; may have places for values.
        risk: what the site's users may notice.
        rank: small numbers are tried first.
        causes: the causes it is for.
        finds: the function of `remedies/find` that says where, and with which values.
        asks: true where even `--yes` is not consent enough: it may be meant as it is.
        changes: what it changes.
        samples: what proves it.
        source: where it comes from.
    """

    name: str
    text: str
    risk: Risk
    rank: int
    causes: frozenset[str]
    finds: str
    asks: bool
    changes: tuple[ChangeForm, ...]
    samples: tuple[Sample, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Handling:
    """How a running server is tested and told to read its configuration again.

    Attributes:
        product: its name.
        test: the command that tests its configuration; `{arguments}` stands for its own.
        reload: the command that puts it into force.
        source: where that is documented.
    """

    product: str
    test: tuple[str, ...]
    reload: tuple[str, ...]
    source: str


def load_remedies() -> dict[str, Remedy]:
    """All remedies by name."""
    return load_folder("remedies", remedy_of)


def load_handling() -> dict[str, Handling]:
    """How each product is tested and reloaded, by its name."""
    return load_folder("handling", handling_of)


def handling_of(name: str, table: Table) -> Handling:
    """What one file says about a product."""
    table.only("test", "reload", "source")
    if not table.strings("test"):
        raise table.error("'test' must say how the configuration is tested")
    return Handling(name, table.strings("test"), table.strings("reload"), table.get("source", str))


def remedy_of(name: str, table: Table) -> Remedy:
    """The remedy that one file describes."""
    table.only(*("text", "risk", "rank", "causes", "finds", "asks", "change", "sample", "source"))
    causes = table.strings("causes")
    for cause in causes:
        if cause not in vocabulary().causes:
            raise table.error(f"'{cause}' is no cause of causes.toml", "causes")
    changes = tuple(_change(item) for item in table.tables("change"))
    if not causes or not changes:
        raise table.error("a remedy names its causes and at least one [[change]]")
    text = table.get("text", str)
    _places(table, "text", text, {*TYPES, *WHOLE})
    return Remedy(
        name=name,
        text=text,
        risk=choice(table, "risk", Risk, Risk.REVERSIBLE),
        rank=table.get("rank", int),
        causes=frozenset(causes),
        finds=table.get("finds", str),
        asks=table.get("asks", bool, False),
        changes=changes,
        samples=tuple(_sample(item) for item in table.tables("sample")),
        source=table.get("source", str),
    )


def _change(table: Table) -> ChangeForm:
    table.only(
        *("do", "by", "name", "value", "old", "path", "mode", "group", "words", "undo", "why"),
        "optional",
    )
    form = ChangeForm(
        do=choice(table, "do", Do, Do.SET),
        by=table.get("by", str, ""),
        name=table.get("name", str, ""),
        value=table.get("value", str, ""),
        old=table.get("old", str, ""),
        path=table.get("path", str, ""),
        mode=table.get("mode", str, ""),
        group=table.get("group", str, ""),
        words=table.strings("words"),
        undo=table.strings("undo"),
        why=table.get("why", str, ""),
        optional=table.get("optional", bool, False),
    )
    needed = {
        Do.REPLACE: ("old", "value"), Do.POINT: ("old", "value"), Do.SET: ("name", "value"),
        Do.UNSET: ("name",), Do.APPEND: ("value",), Do.DROP_IN: ("old", "value"),
        Do.RIGHTS: ("path",), Do.REMOVE: ("path",), Do.MOVE: ("path", "value"), Do.RELOAD: (),
        Do.CREATE: ("path", "value"),
        Do.OPEN: (), Do.RUN: ("words", "undo"), Do.AGAIN: ("words",),
    }[form.do]  # fmt: skip
    for key in needed:
        if not getattr(form, key):
            raise table.error(f"a change that does '{form.do}' needs '{key}'")
    for key in ("name", "value", "old", "path", "group"):
        alone = key == "value" and form.do is Do.CREATE
        _places(table, key, getattr(form, key), {*TYPES, *WHOLE} if alone else TYPES)
    for word in (*form.words, *form.undo):
        # One that is a place and nothing else may hold what no directive may.
        _places(table, "words", word, {*TYPES, *WHOLE} if PLACE.fullmatch(word) else TYPES)
    if form.words and PLACE.search(form.words[0]):
        raise table.error("the program of a command is never a value", "words")
    return form


def _places(table: Table, key: str, text: str, types: Container[str]) -> None:
    """Refuse a place whose type is none of these, and braces that are none."""
    for found in PLACE.finditer(text):
        if found[2] not in types:
            raise table.error(f"'{found[2]}' is no type; known: {', '.join(TYPES)}", key)
    if "{" in PLACE.sub("", text):
        raise table.error("a place is written {name:type}", key)


def _sample(table: Table) -> Sample:
    table.only("by", "values", "before", "after")
    return Sample(
        table.get("by", str, ""),
        table.get("values", dict, {}),
        table.get("before", str, ""),
        table.get("after", str, ""),
    )
