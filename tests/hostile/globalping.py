"""A stand-in for Globalping's API, after its published schema.

https://github.com/jsdelivr/globalping, public/v1/spec.yaml and components/schemas.yaml: a request
that the schema does not allow is refused with 400, as the API does. Its probes are given as what
each of them meets.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REQUEST = {"type", "target", "inProgressUpdates", "locations", "limit", "timeout"} | {
    "measurementOptions"
}
LOCATION = {
    "continent",
    "region",
    "country",
    "state",
    "city",
    "asn",
    "network",
    "tags",
    "magic",
} | {"limit"}
OPTIONS = {"request", "resolver", "protocol", "port", "ipVersion"}
HTTP_REQUEST = {"host", "path", "query", "method", "headers"}

Meets = Callable[[dict], dict]
"""From the request to the test result of one probe."""


def finished(status: int, body: str = "", name: str = "", **headers: str) -> dict:
    """The result of a probe that got an answer (FinishedHttpTestResult)."""
    return {
        "status": "finished",
        "rawOutput": f"HTTP/1.1 {status}\n" + body,
        "rawHeaders": "\n".join(f"{key}: {value}" for key, value in headers.items()),
        "rawBody": body or None,
        "truncated": False,
        "headers": {key.lower().replace("_", "-"): value for key, value in headers.items()},
        "statusCode": status,
        "statusCodeName": name,
        "resolvedAddress": "192.0.2.10",
        "timings": dict.fromkeys(("total", "dns", "tcp", "tls", "firstByte", "download"), 10),
        "tls": None,
    }


def failed(output: str, source: str | None) -> dict:
    """The result of a probe that got none (FailedTestResult); older APIs name no source."""
    told = {"status": "failed", "rawOutput": output}
    return told if source is None else {**told, "failureSource": source}


def always(result: dict) -> Meets:
    """A probe that meets the same whatever it asks for."""
    return lambda asked: result


def only(target: str, result: dict) -> Meets:
    """A probe that meets `result` at `target`, and a good page anywhere else."""
    return lambda asked: result if asked["target"] == target else finished(200, "ok")


@dataclass
class Globalping:
    """The API with its probes; `asked` holds every request body, in order."""

    probes: list[Meets] = field(default_factory=list)
    key: str = ""
    refuse: tuple[int, dict, dict] | None = None
    asked: list[dict] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    authorization: list[str | None] = field(default_factory=list)

    def create(self, body: dict) -> tuple[int, dict, dict]:
        """POST /v1/measurements."""
        if self.refuse is not None:
            return self.refuse
        if trouble := self._invalid(body):
            error = {"type": "validation_error", "message": "Parameter validation failed."}
            return 400, {"error": {**error, "params": {"body": trouble}}}, {}
        if not self.probes:
            error = {"type": "no_probes_found", "message": "No matching IPv4 probes available."}
            return 422, {"error": error}, {}
        self.asked.append(body)
        number = f"m{len(self.asked)}"
        headers = {"Location": f"/v1/measurements/{number}"}
        return 202, {"id": number, "probesCount": len(self.probes)}, headers

    def look(self, number: str) -> tuple[int, dict, dict]:
        """GET /v1/measurements/{id}: in progress once, then finished."""
        if not number[1:].isdigit() or not 0 < int(number[1:]) <= len(self.asked):
            return 404, {"error": {"type": "not_found", "message": "Not found."}}, {}
        self.looks.append(number)
        body = self.asked[int(number[1:]) - 1]
        running = self.looks.count(number) == 1
        results = [
            {
                "probe": {
                    "continent": "EU", "region": "Western Europe", "country": "DE", "state": None,
                    "city": f"City {place}", "asn": 64_500 + place, "network": f"Net {place}",
                    "latitude": 50.0, "longitude": 8.0, "tags": ["eyeball-network"],
                    "resolvers": ["private"],
                },
                "result": {"status": "in-progress", "rawOutput": ""} if running else meets(body),
            }
            for place, meets in enumerate(self.probes)
        ]  # fmt: skip
        return (
            200,
            {
                "id": number,
                "type": "http",
                "target": body["target"],
                "status": "in-progress" if running else "finished",
                "createdAt": "2026-11-25T00:00:00.000Z",
                "updatedAt": "2026-11-25T00:00:01.000Z",
                "probesCount": len(self.probes),
                "results": results,
            },
            {},
        )

    def _invalid(self, body: dict) -> str:
        """What the schema does not allow; empty for nothing."""
        options = body.get("measurementOptions", {})
        request = options.get("request", {})
        locations = body.get("locations", [])
        if isinstance(locations, str):
            known = locations[:1] == "m" and int(locations[1:]) <= len(self.asked)
            places: list[dict] = []
        else:
            known, places = True, locations
        rules = {
            "keys": set(body) <= REQUEST and {"type", "target"} <= set(body),
            "type": body.get("type") == "http",
            "locations": known and all(set(place) <= LOCATION for place in places),
            "limit": not ("limit" in body and any("limit" in place for place in places)),
            "timeout": 5 <= body.get("timeout", 10) <= 30,
            "options": set(options) <= OPTIONS,
            "protocol": options.get("protocol", "HTTPS") in ("HTTP", "HTTPS", "HTTP2"),
            "port": 0 <= options.get("port", 80) <= 65_535,
            "request": set(request) <= HTTP_REQUEST,
            "method": request.get("method", "HEAD") in ("HEAD", "GET", "OPTIONS"),
            "path": "?" not in request.get("path", ""),
        }
        return ", ".join(name for name, kept in rules.items() if not kept)


def handler(api: Globalping) -> type[BaseHTTPRequestHandler]:
    """The HTTP side of it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(api.create(body) if self._known() else self._stranger())

        def do_GET(self) -> None:
            self._answer(api.look(self.path.rsplit("/", 1)[1]))

        def _known(self) -> bool:
            api.authorization.append(self.headers["Authorization"])
            return not api.key or self.headers["Authorization"] == f"Bearer {api.key}"

        def _stranger(self) -> tuple[int, dict, dict]:
            return 401, {"error": {"type": "unauthorized", "message": "Unauthorized."}}, {}

        def _answer(self, answer: tuple[int, dict, dict]) -> None:
            status, data, headers = answer
            sent = json.dumps(data).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(sent)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def served(api: Globalping) -> ThreadingHTTPServer:
    """Serve it on loopback until `shutdown`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(api))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
