"""Whose configuration is read where a URL has an address and no name."""

import os
import socket

import pytest

from badgateway.investigate.logged import edges_among_clients
from badgateway.investigate.search import Request, Search, add, recall
from badgateway.investigate.serving import listening_at, serving
from badgateway.model.hop import Hop
from badgateway.model.material import material_of
from badgateway.model.observation import Observation
from badgateway.model.target import target_of
from badgateway.state import sockets
from badgateway.state.place import places
from badgateway.state.software import Software


def software(pid, place):
    return Software("nginx", pid, (pid,), "www-data", "", (), place)


def test_an_address_is_served_by_who_listens_at_it():
    """Of two gateways the one whose process listens there; the other is left out."""
    place = places()[0]
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = target_of(f"http://127.0.0.1:{server.getsockname()[1]}/")
        listening = list(sockets.look(place))
        assert listening_at(target, listening) == {os.getpid()}
        mine, other = software(os.getpid(), place), software(1, place)
        search = Search(Request(site=target.host, target=target))
        assert serving(search, [other, mine], listening) == [mine]


def test_where_nobody_of_ours_listens_every_gateway_is_read():
    """A container's or another user's process may be the one."""
    place = places()[0]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    target = target_of(f"http://127.0.0.1:{port}/")
    both = [software(1, place), software(2, place)]
    search = Search(Request(site=target.host, target=target))
    assert serving(search, both, list(sockets.look(place))) == both


def seen(name, **value):
    return Observation(Hop.UPSTREAM, name, value, "test")


def test_a_line_of_the_site_under_its_inner_name_is_its_own():
    """The server behind calls the site as its gateway does; other names are others' still."""
    search = Search(Request(site="shop.example.com"))
    line = seen("access-forbidden", by="nginx", client="10.0.0.1", server="app.internal")
    other = seen("access-forbidden", by="nginx", client="10.0.0.1", server="blog.internal")
    # Logs are read before the configuration that tells what the name means.
    add(search, [line, other])
    to = "app.internal:8443"
    add(search, [seen("config-upstream", upstream=to, sites=("shop.example.com",))])
    add(search, [seen("config-upstream", upstream="blog.internal:80", sites=("blog.example.com",))])
    recall(search)
    assert [o.text("server") for o in search.evidence.named("access-forbidden")] == ["app.internal"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('203.0.113.10 - - [25/Nov/2026:04:00:00 +0000] "GET / HTTP/1.1" 200 5', [True]),
        ('{"remote_ip":"203.0.113.99","status":200}', [False]),
        ('198.51.100.7 - - [25/Nov/2026:04:00:00 +0000] "GET /203.0.114.10 HTTP/1.1" 200 5', []),
        ('1203.0.113.10 - - [25/Nov/2026:04:00:00 +0000] "GET / HTTP/1.1" 200 5', []),
    ],
)
def test_an_edge_is_known_by_its_requests(line, found):
    """By its own address, or by one of the same network."""
    search = Search(Request())
    ours = Observation(Hop.HOST, "interface", {"address": "192.0.2.11"})
    visit = Observation(Hop.NETWORK, "connect-refused", {"address": "203.0.113.10", "port": 443})
    add(search, [ours, visit])
    search.logs.append(material_of("access.log", line + "\n"))
    assert [o.value["same"] for o in edges_among_clients(search)] == found
