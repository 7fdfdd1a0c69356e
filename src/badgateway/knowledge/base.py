"""All knowledge, loaded once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from badgateway.knowledge.cause import CauseFile, Clue, clues_by_word, consequences, load_causes
from badgateway.knowledge.diagnostic import Diagnostic, load_diagnostics
from badgateway.knowledge.emitter import EmitterFile, Meaning, load_emitters, meaning_of
from badgateway.knowledge.files import table_of
from badgateway.knowledge.proxy_status import load_proxy_status
from badgateway.knowledge.step import StepFile, load_steps
from badgateway.knowledge.variant import VariantFile, load_variants


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that a verdict is made from, by name.

    `clues` are those of the causes by the observation that they speak of, `unsigned` is what an
    answer means that no product signed, `proxy_status` what the error types of the header of
    that name mean, `consequences` what each cause brings about over any number of links, with
    how often it does.
    """

    emitters: Mapping[str, EmitterFile]
    variants: Mapping[str, VariantFile]
    causes: Mapping[str, CauseFile]
    clues: Mapping[str, tuple[tuple[str, Clue], ...]]
    consequences: Mapping[str, Mapping[str, float]]
    steps: Mapping[str, StepFile]
    diagnostics: Mapping[str, Diagnostic]
    unsigned: tuple[Meaning, ...]
    proxy_status: Mapping[str, Meaning]


@cache
def knowledge() -> Knowledge:
    """The knowledge that ships with the package.

    Raises:
        KnowledgeError: a file is wrong; the message is `file:line: what is wrong`.
    """
    name = "unsigned.toml"
    table = table_of(name, files("badgateway.knowledge").joinpath(name).read_text("utf-8"))
    table.only("meaning")
    causes = load_causes()
    return Knowledge(
        emitters=load_emitters(),
        variants=load_variants(),
        causes=causes,
        clues=clues_by_word(causes),
        consequences={name: consequences(name, causes) for name in causes},
        steps=load_steps(),
        diagnostics=load_diagnostics(),
        unsigned=tuple(meaning_of(item) for item in table.tables("meaning")),
        proxy_status=load_proxy_status(),
    )
