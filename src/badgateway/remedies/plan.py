"""From a cause and the facts of this site to plans: every value computed, checked and placed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from badgateway.knowledge.remedy import ChangeForm, Do, Handling, Remedy
from badgateway.model.argument import ArgumentError, filled, words_of
from badgateway.model.machine import Running
from badgateway.model.message import Message
from badgateway.model.plan import Change, Edit, Plan, Words
from badgateway.remedies.change import change_of, into
from badgateway.remedies.edit import EditError, append, assign, lines_of, point, remove, replace
from badgateway.remedies.facts import Facts
from badgateway.remedies.find import Binding, find

LEAST = 0.2
"""A cause less probable than this is not acted on."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What can be done here, and what cannot, with the reason.

    Attributes:
        plans: the best first.
        refused: by remedy, why it cannot be applied here.
    """

    plans: tuple[Plan, ...]
    refused: Mapping[str, Message]


def propose(
    facts: Facts, remedies: Mapping[str, Remedy], handling: Mapping[str, Handling]
) -> Proposal:
    """The plans for the causes of a verdict, those for the first cause first."""
    causes = [ranked.cause for ranked in facts.verdict.causes if ranked.probability >= LEAST]
    plans: list[Plan] = []
    refused: dict[str, Message] = {}
    ordered = sorted(remedies.values(), key=lambda remedy: (remedy.rank, remedy.name))
    for cause in causes:
        for remedy in ordered:
            if cause not in remedy.causes or any(p.remedy == remedy.name for p in plans):
                continue
            try:
                plan = plan_of(remedy, cause, facts, handling)
            except (ArgumentError, EditError) as error:
                refused[remedy.name] = error.message
                continue
            if plan is not None:
                plans.append(plan)
    return Proposal(tuple(plans), refused)


def propose_one(remedy: Remedy, facts: Facts, handling: Mapping[str, Handling]) -> Proposal:
    """The plan of the one remedy that a person names, whatever the causes of the verdict are."""
    causes = [ranked.cause for ranked in facts.verdict.causes if ranked.cause in remedy.causes]
    cause = next(iter(causes), min(remedy.causes))
    try:
        plan = plan_of(remedy, cause, facts, handling)
    except (ArgumentError, EditError) as error:
        return Proposal((), {remedy.name: error.message})
    return Proposal((plan,) if plan else (), {})


@dataclass(slots=True)
class _Draft:
    """A plan in the making."""

    facts: Facts
    handling: Mapping[str, Handling]
    edits: dict[str, list[tuple[int, ChangeForm, Binding]]] = field(default_factory=dict)
    others: list[Change] = field(default_factory=list)
    products: dict[tuple[str, str], None] = field(default_factory=dict)
    again: dict[Words, None] = field(default_factory=dict)
    reloads: dict[Words, None] = field(default_factory=dict)


def plan_of(
    remedy: Remedy, cause: str, facts: Facts, handling: Mapping[str, Handling]
) -> Plan | None:
    """The plan of one remedy; None where nothing here calls for it.

    Raises:
        ArgumentError: a value is not what its place wants.
        EditError: a file does not hold what would be changed.
    """
    bindings = list(find(remedy.finds, facts))
    draft = _Draft(facts, handling)
    for binding in bindings:
        for form in remedy.changes:
            if form.by and form.by != binding.get("by"):
                continue
            try:
                _add(draft, form, binding)
            except (ArgumentError, EditError):
                if not form.optional:
                    raise
    changes = (*_edited(draft), *draft.others)
    if not changes and not draft.products:
        return None
    filled(remedy.text, bindings[0])  # a value that does not fit refuses the whole
    tests, reloads = _handled(draft)
    reloads = (*reloads, *draft.again)
    if not changes and not reloads:
        return None
    return Plan(
        remedy=remedy.name,
        cause=cause,
        says=remedy.text,
        values=bindings[0],
        risk=remedy.risk,
        changes=changes,
        tests=tests,
        reloads=reloads,
        source=remedy.source,
        asks=remedy.asks,
    )


def _add(draft: _Draft, form: ChangeForm, binding: Binding) -> None:
    if form.do in (Do.REPLACE, Do.POINT, Do.SET, Do.UNSET, Do.APPEND):
        file, line = str(binding.get("file") or ""), binding.get("line")
        if not file.startswith("/") or not isinstance(line, int):
            raise EditError("the file that would be changed is not on this machine")
        # Checked now, so that one value that does not fit refuses the whole.
        for template in (form.name, form.value, form.old):
            filled(template, binding)
        waiting = draft.edits.setdefault(file, [])
        if (line, form, binding) not in waiting:
            waiting.append((line, form, binding))
        draft.products[str(binding["by"]), file] = None
    elif form.do is Do.RELOAD and form.words:
        draft.reloads[words_of(form.words, binding)] = None
    elif form.do is Do.RELOAD:
        draft.products[str(binding["by"]), str(binding.get("file") or "")] = None
    elif form.do is Do.AGAIN:
        draft.again[(*into(binding), *(filled(word, binding) for word in form.words))] = None
    else:
        change = change_of(form, binding, draft.facts)
        if change not in draft.others:
            draft.others.append(change)


def _edited(draft: _Draft) -> list[Edit]:
    edits = []
    for file, changes in draft.edits.items():
        before = draft.facts.text(file)
        if before is None:
            raise EditError("{file} cannot be read here", file=file)
        after = before
        # From the end to the beginning, and by how far what is inserted moves what is left to do.
        waiting = sorted(changes, key=lambda item: -item[0])
        while waiting:
            line, form, binding = waiting.pop(0)
            try:
                now = _one(after, line, form, binding)
            except EditError:
                if not form.optional:
                    raise
                continue
            waiting = [(_moved(after, now, at), wish, values) for at, wish, values in waiting]
            after = now
        if after != before:
            edits.append(Edit(file, before, after))
    return edits


def _moved(before: str, after: str, line: int) -> int:
    """Where a line is after an edit."""
    added = after.count("\n") - before.count("\n")
    old, new = lines_of(before), lines_of(after)
    if added <= 0 or not 1 <= line <= len(old) or old[line - 1] == new[line - 1]:
        return line
    return line + added if old[line - 1] == new[line - 1 + added] else line


def _one(text: str, line: int, form: ChangeForm, binding: Binding) -> str:
    by, value = str(binding["by"]), filled(form.value, binding)
    if form.do is Do.SET:
        return assign(by, text, line, filled(form.name, binding), value)
    if form.do is Do.UNSET:
        return remove(by, text, line, filled(form.name, binding))
    if form.do is Do.APPEND:
        return append(text, line, value)
    old = filled(form.old, binding)
    if form.do is Do.POINT:
        return point(by, text, line, old, value)
    return replace(text, line, old, value)


def _handled(draft: _Draft) -> tuple[tuple[Words, ...], tuple[Words, ...]]:
    """The tests and the reloads of the servers whose files are changed, each once."""
    tests: dict[Words, None] = {}
    reloads = dict(draft.reloads)
    for product, file in draft.products:
        handling, server = draft.handling.get(product), draft.facts.server(product, file)
        if handling is None or server is None:
            continue
        if handling.test:
            tests[command_of(handling.test, server)] = None
        if handling.reload:
            reloads[command_of(handling.reload, server)] = None
    return tuple(tests), tuple(reloads)


def command_of(form: Sequence[str], server: Running) -> Words:
    """A command about a running server. Its program and arguments are those that it runs with."""
    known: Binding = {"pid": server.pid, "config": server.config, "work": server.work or None}
    words: list[str] = []
    for word in form:
        if word == "{program}":
            words.append(server.program)
        elif word == "{arguments}":
            words += server.arguments
        else:
            words.append(filled(word, known))
    return tuple(words)
