"""One badgateway asks another: what serves and what asks fit together."""

from badgateway.cli.vantages import vantages


def test_one_badgateway_asks_another(local, demo, check):
    """`--via badgateway+http://…` gets the other one's verdict on a page that really is broken."""
    demo.stop_application()
    asked = vantages([f"badgateway+{local.url}/"])
    verdict = check(demo.url, vantages=asked, timeout=20.0)
    (told,) = [o for o in verdict.observations if o.name == "vantage-answer"]
    assert told.value["status"] == 502
    (compared,) = [o for o in verdict.observations if o.name == "elsewhere-compared"]
    assert (compared.value["here"], compared.value["elsewhere"]) == ("error", "alike")


def test_why_the_other_one_refuses_is_said(local, check):
    """A refusal is the vantage's, in its own words."""
    asked = vantages([f"badgateway+{local.url}/no-such-place/"])
    verdict = check("http://127.0.0.1:9/", vantages=asked, timeout=20.0)
    (failed,) = [o for o in verdict.observations if o.name == "vantage-failed"]
    assert "404" in failed.text("detail")
