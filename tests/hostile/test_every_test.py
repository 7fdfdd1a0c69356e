"""`check --all` against a check that chooses, on a site that is well."""

import asyncio

from badgateway.demo.site import DemoSite
from badgateway.investigate.check import check_url
from badgateway.model.target import Wishes, target_of

SWEPT = {"own_network", "neighbours", "asked_again"}
"""Tests that a page on this machine does not need."""


def checked(everything):
    """The verdict on a healthy site, and the names of the tests that it took."""
    with DemoSite() as site:
        wishes = Wishes(timeout=10, public_resolvers=False, everything=everything)
        verdict = asyncio.run(check_url(target_of(site.url), wishes))
    return verdict, {made.test for made in verdict.made if made.seconds is not None}


def test_all_means_all_and_changes_nothing():
    """A full sweep makes tests that no one needed, and says the same."""
    chosen, few = checked(everything=False)
    swept, many = checked(everything=True)
    assert not SWEPT & few
    assert many >= few | SWEPT
    assert (chosen.outcome, chosen.causes) == (swept.outcome, swept.causes)
