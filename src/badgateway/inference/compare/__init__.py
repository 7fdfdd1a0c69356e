"""What several observations say together that none of them says alone.

Where data would need an `if`, it stands here, one file per subject: each function looks at the
evidence and states a comparison as an observation of its own, which knowledge files can then
refer to by name.
"""

from collections.abc import Iterator

from badgateway.inference.compare import (
    browser,
    elsewhere,
    names,
    site,
    spread,
    surroundings,
    turns,
    way,
)
from badgateway.inference.compare.evidence import failures, final_url, pages, urls_on_the_way
from badgateway.model.observation import Evidence, Observation

__all__ = ["compared", "failures", "final_url", "pages", "urls_on_the_way"]

_COMPARISONS = (
    names.names,
    names.signatures,
    names.outdated,
    way.way,
    way.inside,
    site.addresses,
    site.neighbours,
    site.intermittent,
    site.elsewhere,
    surroundings.in_its_place,
    surroundings.intercepted,
    surroundings.lost,
    surroundings.filtered,
    surroundings.by_name,
    surroundings.swallowed,
    surroundings.tunnelled,
    surroundings.by_interface,
    surroundings.by_proxy,
    turns.turns,
    browser.browser,
    elsewhere.elsewhere,
    elsewhere.other_exits,
    browser.programs_refused,
    spread.spread,
)


def compared(evidence: Evidence) -> Iterator[Observation]:
    """Every comparison that the evidence allows."""
    for compare in _COMPARISONS:
        yield from compare(evidence)
