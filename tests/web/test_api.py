"""The interface for programs."""

import json
import socket
import time
from dataclasses import dataclass

import pytest

from badgateway.web.settings import Settings


@dataclass
class Silent:
    """A site that takes connections and says nothing."""

    url: str


@pytest.fixture
def slow():
    """A site that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Silent(f"http://127.0.0.1:{listener.getsockname()[1]}/")


def test_a_check_answers_with_the_verdict_of_the_contract(local, demo):
    """The same object as `--json` prints."""
    demo.stop_application()
    answer = local.api("/check", {"url": demo.url})
    assert answer.status == 200
    told = answer.json
    assert told["schema"] == "badgateway.verdict/1"
    assert (told["outcome"], told["status"], told["side"]) == ("gateway-error", 502, "site")


def test_explaining_takes_one_text_or_several(local):
    """Named materials are sources of what was seen."""
    one = local.api("/explain", {"text": "502 Bad Gateway\nnginx/1.24.0"}).json
    assert one["emitter"]["name"] == "nginx"
    page = {"name": "page.html", "text": "<title>502 Proxy Error</title>"}
    several = local.api("/explain", {"materials": [page, {"text": "nothing"}]}).json
    assert several["subject"] == "page.html, material"


def test_who_does_not_wait_is_told_where_to_look(local, demo):
    """The links lead to where it stands, and to its events."""
    answer = local.api("/check", {"url": demo.url, "wait": False})
    assert answer.status == 202
    links = answer.json["links"]
    local.done(links["page"])
    standing = local.get(links["self"]).json
    assert standing["state"] == "done"
    assert standing["verdict"]["outcome"] == "healthy"
    events = local.get(links["events"]).text
    last = json.loads(events.strip().rpartition("data: ")[2])
    assert last["verdict"]["outcome"] == "healthy"


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 400, "bad-json"),
        (b"[]", {}, 400, "bad-json"),
        (b"[" * 100_000, {}, 400, "bad-json"),
        (b'{"url": 5}', {}, 400, "bad-url"),
        (b"{}", {}, 400, "bad-url"),
        (b'{"url": "ftp://x/"}', {}, 400, "bad-url"),
        (b'{"url": "x.example"}', {"Content_Type": "text/plain"}, 415, "not-json"),
    ],
)
def test_what_is_wrong_is_said_with_a_word_for_programs(local, body, headers, status, code):
    """A status, a code that stays, and a sentence."""
    headers = {"Content_Type": "application/json", **headers}
    answer = local.post("/api/v1/check", body, **headers)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert answer.json["error"]["message"]


def test_unknown_places_are_json_too(local):
    """Programs never get a page."""
    for path in ("/api/v1/checks/none", "/api/v1/nothing"):
        answer = local.get(path)
        assert (answer.status, answer.json["error"]["code"]) == (404, "not-found")
    assert local.get("/api/v1/check").status == 405


def test_a_key_is_asked_for_where_one_is_set(serve, demo):
    """A vantage serves who shares its key, and nobody else."""
    server = serve(lambda port: Settings(port=port, key="a shared key"))
    for shown in ({}, {"Authorization": "Bearer another"}, {"Authorization": "Basic a shared key"}):
        answer = server.api("/check", {"url": demo.url}, **shown)
        assert (answer.status, answer.json["error"]["code"]) == (401, "key-missing")
    answer = server.api("/check", {"url": demo.url}, Authorization="Bearer a shared key")
    assert answer.json["outcome"] == "healthy"


def test_the_document_describes_every_route_and_the_verdict(local, demo):
    """The OpenAPI document names what there is, and a real verdict fits it."""
    from badgateway.web import api

    told = local.get("/api/v1/openapi.json").json
    assert told["openapi"].startswith("3.1")
    assert set(told["paths"]) == {route.path for route in api.routes()}
    schema = told["components"]["schemas"]["Verdict"]
    verdict = local.api("/check", {"url": demo.url}).json
    assert set(schema["required"]) <= set(verdict)
    assert verdict["outcome"] in schema["properties"]["outcome"]["enum"]


def test_who_goes_away_stops_his_check(serve, slow):
    """A check that nobody waits for ends, and its place is free."""
    server = serve(lambda port: Settings(port=port, patience=0.2))
    body = json.dumps({"url": slow.url}).encode()
    head = (
        f"POST /api/v1/check HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head.encode() + body)
        wait_for(lambda: server.app.state.site.checks._runs._running)
    wait_for(lambda: not server.app.state.site.checks._runs._running)
    (check,) = server.app.state.site.checks._all.values()
    assert check.state.value == "stopped"


def test_the_queue_tells_its_places_and_turns_away_who_comes_too_late(serve, slow):
    """One runs, one waits, the third is asked to come again."""
    server = serve(lambda port: Settings(port=port, at_once=1, queue=1))
    asked = [server.api("/check", {"url": f"{slow.url}{n}", "wait": False}) for n in range(3)]
    assert [answer.status for answer in asked] == [202, 202, 503]
    assert asked[1].json["place"] == 1
    assert asked[2].headers["retry-after"]
    page = server.get(asked[1].json["links"]["page"]).text
    assert "You are number 1 in the queue" in page


def test_those_who_ask_for_the_same_page_share_one_look(serve, slow):
    """While it is under way, and for a short time after it."""
    server = serve(lambda port: Settings(port=port, at_once=1, queue=1, keep=60))
    asked = [server.api("/check", {"url": slow.url, "wait": False}) for _ in range(5)]
    assert [answer.status for answer in asked] == [202] * 5
    assert len({answer.json["id"] for answer in asked}) == 5
    assert {answer.json["state"] for answer in asked} == {"running"}


def test_one_address_asks_so_often_and_no_more(serve, demo):
    """Others are served meanwhile; the first may ask again after the time that it is told."""
    server = serve(lambda port: Settings(port=port, per_minute=2))
    url = {"url": demo.url}
    assert [server.api("/check", url).status for _ in range(3)] == [200, 200, 429]
    assert server.post("/check", url).status == 429
    assert int(server.api("/check", url).headers["retry-after"]) <= 30
    assert server.api("/check", url, client="127.0.0.2").status == 200


def wait_for(happened, seconds=5.0):
    """Wait until it is true."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_another_instance_uses_it_as_a_vantage(serve, demo):
    """What `--via badgateway+http://…` asks for and understands is what this server says."""
    import asyncio
    from dataclasses import replace

    from badgateway.model.hop import Hop
    from badgateway.model.observation import Evidence, Observation
    from badgateway.model.target import Wishes, target_of
    from badgateway.model.vantage import vantage_of
    from badgateway.probes import Context
    from badgateway.probes.vantage_badgateway import run

    demo.stop_application()
    server = serve(lambda port: Settings(port=port, key="shared"))
    target = target_of(demo.url)

    def seen(key):
        vantage = replace(vantage_of(f"badgateway+{server.url}/"), key=key)
        wishes = Wishes(vantages=(vantage,))
        context = Context(target, wishes, Evidence(), time.monotonic() + 10)
        asked = Observation(Hop.BROWSER, "asked", {"url": target.url})

        async def every():
            return [observation async for observation in run(asked, context)]

        return asyncio.run(every())[-1]

    assert seen("shared").name == "vantage-answer"
    assert seen("shared").value["status"] == 502
    assert seen("wrong").name == "vantage-failed"
