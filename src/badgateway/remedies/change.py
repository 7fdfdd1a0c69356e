"""Changes that are no edits of a configuration: rights, names, rules, commands, drop-ins."""

import hashlib
import re

from badgateway.knowledge.remedy import ChangeForm, Do
from badgateway.model.argument import filled, words_of
from badgateway.model.plan import (
    Change,
    Command,
    Creation,
    Edit,
    Move,
    Opening,
    Removal,
    Rights,
    Words,
)
from badgateway.remedies.edit import EditError, replace
from badgateway.remedies.facts import Facts
from badgateway.remedies.find import Binding


def change_of(form: ChangeForm, binding: Binding, facts: Facts) -> Change:
    """The change of one form, with the values of one place.

    Raises:
        ArgumentError: a value is not what its place wants.
        EditError: a unit does not start what would be changed.
    """
    if form.do is Do.RIGHTS:
        mode = int(form.mode, 8) if form.mode else None
        return Rights(filled(form.path, binding), mode, group=filled(form.group, binding))
    if form.do is Do.REMOVE:
        return Removal(filled(form.path, binding))
    if form.do is Do.MOVE:
        path = filled(form.path, binding)
        return Move(path, f"{path.rpartition('/')[0]}/{filled(form.value, binding)}")
    if form.do is Do.CREATE:
        return _creation(filled(form.path, binding), filled(form.value, binding), facts)
    if form.do is Do.DROP_IN:
        return _drop_in(form, binding, facts)
    if form.do is Do.OPEN:
        return _opening(binding)
    prefix = into(binding)
    return Command(
        words=(*prefix, *words_of(form.words, binding)),
        undo=(*prefix, *words_of(form.undo, binding)),
        why=form.why,
    )


def _opening(binding: Binding) -> Opening:
    source = filled("ip saddr {from:ip} ", binding) if binding.get("from") else ""
    matches = source + filled("ip daddr {host:ip} {protocol:word} dport {port:port}", binding)
    family, table, chain = (
        filled("{" + name + ":word}", binding) for name in ("family", "table", "chain")
    )
    holder = int(filled("{holder:pid}", binding)) if binding.get("holder") else 0
    told = hashlib.sha256(f"{family} {table} {chain} {matches} {holder}".encode()).hexdigest()
    return Opening(family, table, chain, tuple(matches.split()), f"badgateway-{told[:12]}", holder)


def _creation(path: str, text: str, facts: Facts) -> Creation | Edit:
    """The file made, or what an earlier run made there changed."""
    before = facts.text(path)
    return Creation(path, text) if before is None else Edit(path, before, text)


def _drop_in(form: ChangeForm, binding: Binding, facts: Facts) -> Creation:
    """A drop-in that starts a unit as it is started now, one value changed (systemd.unit(5)).

    An empty assignment takes the commands back that the unit itself has (systemd.service(5)).
    """
    unit = filled("{service:word}", binding)
    text = facts.text(str(binding.get("file"))) or ""
    found = re.findall(r"(?m)^ExecStart=((?:[^\n\\]|\\.|\\\n)+)$", text)
    if len(found) != 1:
        raise EditError("the unit starts no single command")
    command = replace(
        found[0].replace("\\\n", " "), 1, filled(form.old, binding), filled(form.value, binding)
    )
    path = f"/etc/systemd/system/{unit}.d/50-badgateway.conf"
    return Creation(path, f"[Service]\nExecStart=\nExecStart={command}\n")


def into(binding: Binding) -> Words:
    """What runs a command in another network namespace of this machine, a container's."""
    holder = binding.get("holder")
    if not holder:
        return ()
    return ("nsenter", "-t", filled("{holder:pid}", binding), "--net", "--mount", "--")
