"""A fault: one TOML file that says how to break, what is true then, and what may be concluded."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from badgateway.lab.box import LabError
from badgateway.model.hop import Hop, Side
from badgateway.model.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Break:
    """One way of breaking: a function of `ways/`, and its arguments."""

    way: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Look:
    """An independent look that the fault is in force: a command, and what its output must show.

    Attributes:
        hop: where it is run.
        run: the command, a list of words.
        shows: texts that must be in its output.
        lacks: texts that must not be.
    """

    hop: str
    run: tuple[str, ...]
    shows: tuple[str, ...]
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, or one healthy variant (`cause` is None).

    Attributes:
        name: the file's name.
        title: one line for people.
        url: what the visitor opens.
        breaks: how it is broken, in order; healed in reverse.
        looks: the proof that it is in force; at least one.
        cause: the true cause, a word of `causes.toml`; None for a healthy variant.
        also: a second true cause where two faults are in force.
        hop: the true hop.
        side: the true side.
        hops_from_outside: hops that are right to name from the visitor's side alone.
        not_concluded: causes that must not be called determined.
        options: further options of the visitor's command line.
        environment: further environment of the visitor's command.
        profile: the visitor's browser profile, below the client's folder; empty where there is
            none. The error shows with this profile alone: the site answers everybody.
        evidence: what an owner has, each `HOP FILE` (below the hop's folder; what came to it since
            the fault began, or all of a configuration) or `HOP $ COMMAND` (what it prints).
        needs: servers and capabilities without which it is skipped.
        fix: further options of the owner's `fix`: what he knows and no program can see.
        unfixable: why `fix` cannot mend it on the owner's machine; empty where it can.
        tags: `intermittent`, `double`, `wordpress` and the like.
    """

    name: str
    title: str
    url: str
    breaks: tuple[Break, ...]
    looks: tuple[Look, ...]
    cause: str | None
    also: str | None
    hop: Hop | None
    side: Side | None
    hops_from_outside: tuple[Hop, ...]
    not_concluded: tuple[str, ...]
    options: tuple[str, ...]
    environment: Mapping[str, str]
    profile: str
    evidence: tuple[str, ...]
    needs: tuple[str, ...]
    fix: tuple[str, ...]
    unfixable: str
    tags: tuple[str, ...]


_KEYS = {
    "title", "url", "break", "look", "truth", "visitor", "owner", "fix", "needs", "tags",
}  # fmt: skip


def load_faults(folder: Path | None = None) -> dict[str, Fault]:
    """Every fault of a folder by name: those of the package, or of `folder`.

    Raises:
        LabError: a file is wrong; the message names it and says how.
    """
    found = {}
    for name, text in _texts(folder):
        try:
            found[name] = fault_of(name, tomllib.loads(text))
        except (KeyError, TypeError, ValueError) as error:
            raise LabError(f"faults/{name}.toml: {error}") from None
    return found


def _texts(folder: Path | None) -> Iterator[tuple[str, str]]:
    if folder is not None:
        for path in sorted(folder.glob("*.toml")):
            yield path.stem, path.read_text("utf-8")
        return
    base = files("badgateway.lab").joinpath("faults")
    for item in sorted(base.iterdir(), key=lambda item: item.name):
        if item.name.endswith(".toml"):
            yield item.name.removesuffix(".toml"), item.read_text("utf-8")


def fault_of(name: str, data: Mapping[str, object]) -> Fault:
    """The fault that a file describes.

    Raises:
        ValueError: it is incomplete, or names what does not exist.
    """
    if odd := set(data) - _KEYS:
        raise ValueError(f"unknown keys: {', '.join(sorted(odd))}")
    truth, visitor, owner = (_table(data, key) for key in ("truth", "visitor", "owner"))
    fix = _table(data, "fix")
    words = vocabulary()
    cause = truth.get("cause")
    for named in (cause, truth.get("also"), *_list(visitor, "not_concluded")):
        if named is not None and named not in words.causes:
            raise ValueError(f"no such cause: {named}")
    hop = words.causes[str(cause)].hop if cause else None
    looks = tuple(_look(item) for item in _tables(data, "look"))
    if not looks or any(not look.shows and not look.lacks for look in looks):
        raise ValueError("a fault needs a [[look]] that shows or lacks something")
    return Fault(
        name=name,
        title=str(data["title"]),
        url=str(data["url"]),
        breaks=tuple(
            Break(str(item["way"]), {k: v for k, v in item.items() if k != "way"})
            for item in _tables(data, "break")
        ),
        looks=looks,
        cause=str(cause) if cause else None,
        also=str(truth["also"]) if "also" in truth else None,
        hop=Hop(str(truth["hop"])) if "hop" in truth else hop,
        side=words.sides[Hop(str(truth["hop"])) if "hop" in truth else hop] if hop else None,
        hops_from_outside=tuple(Hop(str(item)) for item in _list(visitor, "hops"))
        or ((hop,) if hop else ()),
        not_concluded=tuple(map(str, _list(visitor, "not_concluded"))),
        options=tuple(map(str, _list(visitor, "options"))),
        environment={str(k): str(v) for k, v in _table(visitor, "environment").items()},
        profile=str(visitor.get("profile", "")),
        evidence=tuple(map(str, _list(owner, "evidence"))),
        needs=tuple(map(str, _list(data, "needs"))),
        fix=tuple(map(str, _list(fix, "options"))),
        unfixable=str(fix.get("cannot", "")),
        tags=tuple(map(str, _list(data, "tags"))),
    )


def _look(item: Mapping[str, object]) -> Look:
    return Look(
        str(item["hop"]),
        *(tuple(map(str, _list(item, key))) for key in ("run", "shows", "lacks")),
    )


def _table(data: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = data.get(key, {})
    if not isinstance(found, dict):
        raise TypeError(f"'{key}' must be a table")
    return found


def _tables(data: Mapping[str, object], key: str) -> list[dict[str, object]]:
    found = data.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise TypeError(f"'{key}' must be written as [[{key}]] tables")
    return found


def _list(data: Mapping[str, object], key: str) -> list[object]:
    found = data.get(key, [])
    if not isinstance(found, list):
        raise TypeError(f"'{key}' must be a list")
    return found
