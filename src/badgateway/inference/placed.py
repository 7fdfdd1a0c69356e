"""What other places and exits saw, beside what was seen here: whose problem it can be.

A fault that all places meet alike lies where all of them pass: at the site. One that only this
place meets lies before it, or at a part of the site that other places do not reach. A place that
could not be asked says nothing.
"""

from dataclasses import dataclass, replace
from math import floor

from badgateway.inference.choose import DETERMINED
from badgateway.inference.compare.elsewhere import Elsewhere, Met
from badgateway.knowledge.base import Knowledge
from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Evidence
from badgateway.model.verdict import Outcome, RankedCause, Verdict
from badgateway.model.vocabulary import side_of


@dataclass(frozen=True, slots=True)
class Weight:
    """Factors for the probability of causes.

    Attributes:
        here: of causes on the visitor's side or on the way.
        site: of causes at the site that hit every visitor.
        partial: of those at the site that hit some visitors and spare others.
    """

    here: float = 1.0
    site: float = 1.0
    partial: float = 1.0


WEIGHTS = {
    (Met.NOTHING, Elsewhere.WORKS): Weight(site=0.04, partial=0.5),
    (Met.REFUSED, Elsewhere.WORKS): Weight(site=0.05),
    (Met.ERROR, Elsewhere.WORKS): Weight(site=0.3),
    (Met.OTHER, Elsewhere.WORKS): Weight(site=0.3),
    (Met.NOTHING, Elsewhere.ALIKE): Weight(here=0.03, partial=0.7),
    (Met.REFUSED, Elsewhere.ALIKE): Weight(here=0.05),
    (Met.ERROR, Elsewhere.ALIKE): Weight(here=0.03),
    (Met.OTHER, Elsewhere.ALIKE): Weight(here=0.1),
    (Met.NOTHING, Elsewhere.MIXED): Weight(here=0.5),
    (Met.NOTHING, Elsewhere.FAILS): Weight(here=0.1),
    (Met.REFUSED, Elsewhere.FAILS): Weight(here=0.2),
    (Met.ERROR, Elsewhere.FAILS): Weight(here=0.1),
    (Met.ERROR, Elsewhere.MIXED): Weight(here=0.3, site=0.7),
}
"""Not measured: how much more often a cause shows so than not, as far as one can reckon it. An
error page that other places do not get was still made by a server, so it moves little."""
ONE_PLACE = 0.6
"""A single other place may be the odd one: its factors count with this exponent."""


def placed(verdict: Verdict, evidence: Evidence, known: Knowledge) -> Verdict:
    """The verdict, once it is known whether other places meet the same."""
    compared = evidence.first("elsewhere-compared")
    if compared is None or not verdict.causes or verdict.outcome is Outcome.HEALTHY:
        return verdict
    key = (Met(compared.text("here")), Elsewhere(compared.text("elsewhere")))
    weight = WEIGHTS.get(key)
    if weight is None:
        return verdict
    exponent = ONE_PLACE if compared.number("asked") == 1 else 1.0
    rest = max(0.0, 1 - sum(each.probability for each in verdict.causes))
    factors = {each.cause: _factor(each, weight, known) ** exponent for each in verdict.causes}
    total = rest + sum(each.probability * factors[each.cause] for each in verdict.causes)
    causes = tuple(
        sorted(
            (_moved(each, factors[each.cause], total, compared.id) for each in verdict.causes),
            key=lambda each: (-each.probability, each.cause),
        )
    )
    first = causes[0]
    return replace(
        verdict,
        causes=causes,
        side=side_of(first.hop),
        hop=verdict.hop if _same_side(verdict.hop, first) else first.hop,
        determined=first.probability >= DETERMINED,
    )


def _same_side(hop: Hop | None, first: RankedCause) -> bool:
    return hop is not None and side_of(hop) is side_of(first.hop)


def _factor(ranked: RankedCause, weight: Weight, known: Knowledge) -> float:
    if side_of(ranked.hop) is not Side.SITE:
        return weight.here
    return weight.partial if known.causes[ranked.cause].partial else weight.site


def _moved(ranked: RankedCause, factor: float, total: float, id_: str) -> RankedCause:
    probability = floor(ranked.probability * factor / total * 1000) / 1000
    if factor < 1:
        return replace(ranked, probability=probability, against=(*ranked.against, id_))
    return replace(ranked, probability=probability, because=(*ranked.because, id_))
