"""Fixtures: the broken upstreams and the gateways in front of them, started once per session."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from backstage import Backstage, needed
from certificates import Authority, self_signed
from gateways import GATEWAYS, Gateway, Nginx
from upstreams import Fault, Upstreams

from badgateway.transport.stream import tls_context


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder that servers may enter after they have given up root; pytest's own is closed."""
    with tempfile.TemporaryDirectory(prefix="badgateway-", ignore_cleanup_errors=True) as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="session")
def authority(folder: Path) -> Authority:
    """The authority that counts as trusted."""
    return Authority(folder, "Test Authority")


@pytest.fixture(scope="session")
def backstage(folder: Path, authority: Authority) -> Iterator[Backstage]:
    """The upstreams, running."""
    with Upstreams(self_signed(folder, "untrusted", "127.0.0.1")) as upstreams:
        nginx = Nginx(folder / "nginx", upstreams.ports, authority.file)
        ports = {**upstreams.ports, Fault.RELAYED: nginx.ports[Fault.REFUSED]}
        yield Backstage(folder, authority, ports, nginx)


@pytest.fixture(scope="session")
def gateway(backstage: Backstage) -> Iterator[Callable[[str], Gateway]]:
    """Gives a running gateway by its name, started when it is first asked for."""
    started: dict[str, Gateway | Exception] = {}
    with ExitStack() as stack:

        def running(name: str) -> Gateway:
            kind = GATEWAYS[name]
            needed(kind.binary, name)
            if name not in started:
                here = (
                    backstage.nginx
                    if kind is Nginx
                    else kind(backstage.folder / name, backstage.ports, backstage.authority.file)
                )
                try:
                    started[name] = stack.enter_context(here)
                except Exception as error:  # noqa: BLE001 - said again by every row
                    started[name] = error
            found = started[name]
            if isinstance(found, Exception):
                raise found
            return found

        yield running


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test's authority is the only one that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setenv("SSL_CERT_DIR", str(authority.file.parent / "none"))
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()
