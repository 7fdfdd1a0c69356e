"""Variants: the forms of a gateway error that people meet, and whom each concerns."""

from dataclasses import dataclass

from badgateway.knowledge.files import Table, load_folder
from badgateway.knowledge.mark import Mark, mark_of
from badgateway.knowledge.page import Page
from badgateway.model.hop import Side
from badgateway.model.response import response_from_text


@dataclass(frozen=True, slots=True)
class VariantFile:
    """One form of the page.

    Attributes:
        name: the file's name, used in verdicts.
        title: the words as people know them.
        concerns: who usually has to act.
        rank: variants are tried in this order; the special ones come first.
        means: what it says, in plain words.
        source: where this is written.
        made: the marks of the page, in every language known.
    """

    name: str
    title: str
    concerns: Side
    rank: int
    means: str
    source: str
    made: tuple[Mark, ...]

    def fits(self, page: Page) -> bool:
        """Whether the page shows a mark of this variant."""
        return any(mark.find(page) for mark in self.made)


def load_variants() -> dict[str, VariantFile]:
    """All variants by name, in the order in which they are tried."""
    variants = load_folder("variants", variant_of)
    return dict(sorted(variants.items(), key=lambda item: (item[1].rank, item[0])))


def variant_of(name: str, table: Table) -> VariantFile:
    """The variant that one file describes, once its samples have proved it."""
    table.only("title", "concerns", "rank", "means", "source", "made", "sample")
    concerns = table.get("concerns", str)
    if concerns not in list(Side):
        raise table.error(f"'concerns' must be one of {', '.join(Side)}", "concerns")
    variant = VariantFile(
        name=name,
        title=table.get("title", str),
        concerns=Side(concerns),
        rank=table.get("rank", int),
        means=table.get("means", str),
        source=table.get("source", str),
        made=tuple(mark_of(item) for item in table.tables("made")),
    )
    if not table.proved:
        _prove(variant, table)
    return variant


def _prove(variant: VariantFile, table: Table) -> None:
    """Refuse the file unless each sample says the truth and both kinds of sample are there."""
    kinds = set()
    for sample in table.tables("sample"):
        sample.only("matches", "text", "source")
        matches = sample.get("matches", bool)
        kinds.add(matches)
        if variant.fits(Page.of(response_from_text(sample.get("text", str)))) != matches:
            must = "must match and does not" if matches else "must not match and does"
            raise sample.error(f"this sample {must}", "text")
    if kinds != {True, False}:
        raise table.error("a file needs a [[sample]] that matches and one that must not")
