"""A server of the page on loopback, as `badgateway serve` runs it, and a client to speak to it."""

import http.client
import json
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

import pytest
import uvicorn


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Server:
    """A running server."""

    port: int
    settings: object
    app: object
    client: str = "127.0.0.1"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body=None, client=None, timeout=30, **headers) -> Answer:
        """One request; keyword arguments are headers, with `_` for `-`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, dict):
            kind = given.setdefault("Content-Type", "application/x-www-form-urlencoded")
            body = (json.dumps(body) if kind == "application/json" else urlencode(body)).encode()
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=timeout, source_address=(client or self.client, 0)
        )
        connection.request(method, path, body, given)
        response = connection.getresponse()
        answer = Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read(),
        )
        connection.close()
        return answer

    def get(self, path: str, **headers) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body=None, **headers) -> Answer:
        return self.ask("POST", path, body, **headers)

    def api(self, path: str, body: dict, **headers) -> Answer:
        headers.setdefault("Content_Type", "application/json")
        return self.ask("POST", f"/api/v1{path}", body, **headers)

    def check(self, url: str) -> str:
        """Start a check by the form; where it stands."""
        answer = self.post("/check", {"url": url})
        assert answer.status == 303, answer.text
        return answer.headers["location"]

    def done(self, place: str, seconds: float = 20.0) -> Answer:
        """The page of a check once it is over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            state = self.get(f"/api/v1{place}").json["state"]
            if state not in ("waiting", "running"):
                return self.get(place)
            time.sleep(0.05)
        raise AssertionError(f"{place} does not end")


@contextmanager
def served(known, make, **changes):
    """A server with the settings that `make` gives for a port; stopped at the end."""
    from badgateway.web.app import application

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    settings = replace(make(port), **changes)
    app = application(settings, known)
    quiet = {
        "log_config": None,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
    }
    config = uvicorn.Config(app, http="h11", loop="asyncio", ws="none", **quiet)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started and time.monotonic() < end:
        time.sleep(0.01)
    try:
        yield Server(port, settings, app)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def running(known):
    """`served`, for fixtures that keep a server for longer than one test."""
    return lambda make, **changes: served(known, make, **changes)


@pytest.fixture
def serve(running):
    """Start servers; each is stopped at the end of the test."""
    with ExitStack() as stack:
        yield lambda make, **changes: stack.enter_context(running(make, **changes))


@pytest.fixture
def local(serve, tmp_path):
    """The page as the person at this machine has it."""
    from badgateway.web.settings import local_settings

    return serve(
        lambda port: local_settings(port, tmp_path / "history.sqlite3", public_resolvers=False)
    )


@pytest.fixture
def demo():
    """A small site that works until its application is stopped."""
    from badgateway.demo.site import DemoSite

    with DemoSite() as site:
        yield site
