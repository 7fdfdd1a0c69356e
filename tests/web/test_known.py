"""The knowledge as pages to read."""

import re

import pytest


@pytest.fixture(scope="module")
def local(running):
    """One server for all of them; it keeps nothing."""
    from badgateway.web.settings import local_settings

    with running(lambda port: local_settings(port, None, public_resolvers=False)) as server:
        yield server


def test_every_page_of_the_knowledge_is_there_and_no_link_is_broken(local):
    """From the list to every cause, page and product, and on to what they name."""
    waiting, seen = ["/known"], set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = local.get(path)
        assert answer.status == 200, path
        links = set(re.findall(r'href="(/known[^"?]*)"', answer.text))
        waiting += [link for link in links - seen if link not in waiting]
    known = local.app.state.site.checks.known
    assert len(seen) == 1 + len(known.causes) + len(known.variants) + len(known.emitters)


@pytest.mark.parametrize("kind", ["causes", "pages", "products"])
def test_what_is_not_known_is_said(local, kind):
    """An unknown name is a page with a way back."""
    assert local.get(f"/known/{kind}/nothing").status == 404


def test_a_verdict_leads_to_what_is_known(local, demo):
    """Its page and its causes are links."""
    demo.stop_application()
    page = local.done(local.check(demo.url)).text
    assert 'href="/known/causes/upstream-down"' in page
    assert 'href="/known/pages/' in page
