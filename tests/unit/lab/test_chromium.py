"""The driver says what a real Chromium shows, and a profile keeps what it saw."""

import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import badgateway.lab

SCRIPT = Path(badgateway.lab.__file__).parent / "apps" / "chromium.py"

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed"),
]


class Page(BaseHTTPRequestHandler):
    """A 502 that may be kept for a day, the first time; then a page that is well."""

    asked = 0

    def do_GET(self):
        Page.asked += self.path == "/"
        self.send_response(502 if Page.asked == 1 else 200)
        self.send_header("Cache-Control", "max-age=86400")
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>Shop</title>" + b"x" * 600)

    def log_message(self, *_):
        pass


@pytest.fixture
def url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_kept_error_is_shown_with_its_profile_alone(url, tmp_path):
    """A copy shows the 502 out of its cache after the site is well, and nothing is added to it."""
    profile = tmp_path / "profile"

    def shown(*words):
        done = subprocess.run(
            ["/usr/bin/python3", SCRIPT, *words, url],
            capture_output=True, text=True, check=True, timeout=120,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        )  # fmt: skip
        return done.stdout

    assert "status 502 from network" in shown(profile)
    kept = sorted(path.name for path in profile.rglob("*"))
    assert "status 502 from cache" in shown("--copy", profile)
    assert 'status 200 from network, title "Shop"' in shown("clean")
    assert sorted(path.name for path in profile.rglob("*")) == kept
