"""What all tests share: the knowledge, certificates, the check, and the command line."""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "specification",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("specification")

# Who starts the tests in the background may have Ctrl-C ignored, which programs under test inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def known():
    """All knowledge that ships with the package."""
    from badgateway.knowledge.base import knowledge

    return knowledge()


@pytest.fixture
def started():
    """Starts programs that end with the test, whatever becomes of it."""
    with ExitStack() as stack:

        def start(command: list[str], **options) -> subprocess.Popen:
            process = stack.enter_context(subprocess.Popen(command, **options))
            stack.callback(process.kill)
            return process

        yield start


# --- certificates


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, on disk for the TLS library."""

    pem: Path
    der: bytes

    def context(self, *alpn: str) -> ssl.SSLContext:
        """A server's context with it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Callable[..., Issued]:
    """Make a self-signed certificate for names, addresses, and a time around now."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder = tmp_path_factory.mktemp("certificates")
    key = ec.generate_private_key(ec.SECP256R1())

    def issue(
        *names: x509.GeneralName,
        subject: str = "test",
        days: tuple[float, float] = (-1, 30),
        more: tuple[x509.ExtensionType, ...] = (),
    ) -> Issued:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        for extension in more:
            builder = builder.add_extension(extension, critical=False)
        signed = builder.sign(key, hashes.SHA256())
        pem = folder / f"{len(list(folder.iterdir()))}.pem"
        pem.write_bytes(
            signed.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return Issued(pem, signed.public_bytes(serialization.Encoding.DER))

    return issue


# --- the program


@pytest.fixture
def check(known):
    """Check a URL as the command does; a broken probe is a bug and fails the test at once."""
    from badgateway.investigate.check import check_url
    from badgateway.model.target import Wishes, endpoint_of, target_of

    def run(url: str, resolvers: tuple[str, ...] = (), **wishes):
        given = {"timeout": 3.0, "public_resolvers": False, **wishes}
        given["resolvers"] = tuple(map(endpoint_of, resolvers))
        started = time.monotonic()
        verdict = asyncio.run(check_url(target_of(url), Wishes(**given), known=known))
        took = time.monotonic() - started
        assert took < given["timeout"] + 1.5, f"took {took:.1f} s"
        broken = [o.text("error") for o in verdict.observations if o.name == "probe-broken"]
        assert broken == [], f"a bug of the program: {broken}"
        return verdict

    return run


@dataclass(frozen=True)
class Ran:
    """What one run of the program left."""

    status: int
    out: str
    err: str


@pytest.fixture
def command(capsys, monkeypatch):
    """Run the command line inside this process; fails on a traceback."""
    from badgateway.cli.main import main

    def run(*arguments: str, stdin: bytes | None = None) -> Ran:
        if stdin is not None:
            import io

            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        try:
            status = main(arguments)
        except SystemExit as ended:
            status = int(ended.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Ran(status, out, err)

    return run


@pytest.fixture
def program():
    """Run the command line as a process of its own; fails on a traceback."""

    def run(
        *arguments: str, stdin: bytes = b"", seconds: float = 20, env: dict[str, str] | None = None
    ) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "badgateway", *arguments],
            input=stdin,
            capture_output=True,
            timeout=seconds,
            check=False,
            env={**os.environ, "PYTHONWARNINGS": "error", **(env or {})},
        )
        err = done.stderr.decode("utf-8", "replace")
        assert "Traceback" not in err, err
        return Ran(done.returncode, done.stdout.decode("utf-8", "replace"), err)

    return run
