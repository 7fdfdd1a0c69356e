"""Every knowledge file, proved and parsed, for the build to keep."""

from importlib.resources import files

from badgateway.knowledge.cause import cause_of
from badgateway.knowledge.diagnostic import diagnostic_of
from badgateway.knowledge.emitter import emitter_of
from badgateway.knowledge.files import fingerprint, parse, units
from badgateway.knowledge.remedy import handling_of, remedy_of
from badgateway.knowledge.signature import signatures_of
from badgateway.knowledge.step import step_of
from badgateway.knowledge.variant import variant_of

LOADERS = {
    "emitters": emitter_of,
    "variants": variant_of,
    "causes": cause_of,
    "signatures": signatures_of,
    "steps": step_of,
    "diagnostics": diagnostic_of,
    "remedies": remedy_of,
    "handling": handling_of,
}
"""Each kind of knowledge file with what loads and proves one."""

SINGLE = ("unsigned.toml", "proxy_status.toml", "resolvers.toml", "reports.toml")
"""Files of which there is one."""


def compiled() -> dict[str, dict[str, object]]:
    """By path: the fingerprint of the text that was proved, and what TOML found in it.

    Raises:
        KnowledgeError: a file is wrong.
    """
    found: dict[str, dict[str, object]] = {}
    for kind, load in LOADERS.items():
        for name, path, text in units(kind):
            table = parse(path, text)
            load(name, table)
            found[path] = {"sha256": fingerprint(text), "data": table.data}
    for path in SINGLE:
        text = files("badgateway.knowledge").joinpath(path).read_text("utf-8")
        found[path] = {"sha256": fingerprint(text), "data": parse(path, text).data}
    return found
