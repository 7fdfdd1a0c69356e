"""The lab's certificate authority: every machine of the lab trusts it, nothing outside does."""

import ipaddress
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAYS = 90
"""Validity of an ordinary certificate."""

_MARGIN = timedelta(days=1)

KINDS: dict[str, dict[str, object]] = {
    "valid": {},
    "expired": {"expired": True},
    "not-yet": {"not_yet": True},
    "self-signed": {"self_signed": True},
    "untrusted": {"issuer": "Another Authority"},
    "wrong-name": {},
}
"""What `Authority.like` makes, with the arguments of `issue` for it."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its key, in the three forms that servers want.

    Attributes:
        cert: PEM: the certificate, then the authority's.
        key: PEM: the private key.
        bundle: PEM: certificate, authority's certificate and key in one file (HAProxy, hitch).
    """

    cert: Path
    key: Path
    bundle: Path


class Authority:
    """A certificate authority whose files stand in one folder."""

    def __init__(self, folder: Path, name: str = "badgateway lab CA") -> None:
        """Make it, and a key of its own, in `folder`, which is created where it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._numbers = itertools.count(1)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name, "badgateway lab")
        now = datetime.now(UTC)
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            # Long: a visitor whose clock is years off must find only the site's own out of date.
            .not_valid_before(now - timedelta(days=3650))
            .not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / "ca.pem"
        self.file.write_bytes(self._certificate.public_bytes(Encoding.PEM))
        self.with_key = folder / "ca-with-key.pem"
        """PEM of key and certificate, for software that signs by itself (mitmproxy)."""
        self.with_key.write_bytes(_pem(self._key) + self.file.read_bytes())
        self.with_key.chmod(0o644)

    def issue(
        self,
        *names: str,
        days: int = DAYS,
        expired: bool = False,
        not_yet: bool = False,
        self_signed: bool = False,
        issuer: str | None = None,
    ) -> Certificate:
        """A certificate for `names`, host names or addresses; the first one is its subject.

        Args:
            names: what it is good for.
            days: how long it is valid from now; it began a day ago.
            expired: it ended a day ago.
            not_yet: it begins in a week.
            self_signed: it is signed by its own key instead of the authority's.
            issuer: it is signed by another authority of that name, which nobody trusts.
        """
        if issuer is not None:
            other = Authority(self.folder / issuer.replace(" ", "-"), issuer)
            return other.issue(*names, days=days, expired=expired, not_yet=not_yet)
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        begin, end = now - _MARGIN, now + timedelta(days=days)
        if expired:
            begin, end = now - timedelta(days=days), now - _MARGIN
        if not_yet:
            begin = now + timedelta(days=7)
        subject = _name(names[0])
        signer, by = (key, subject) if self_signed else (self._key, self._name)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(by)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
            .sign(signer, hashes.SHA256())
        )
        chain = certificate.public_bytes(Encoding.PEM)
        if not self_signed:
            chain += self.file.read_bytes()
        stem = f"{next(self._numbers)}-{names[0].replace('*', 'any').replace(':', '-')}"
        files = [self.folder / f"{stem}.{ending}" for ending in ("pem", "key", "bundle")]
        for file, data in zip(files, (chain, _pem(key), chain + _pem(key)), strict=True):
            file.write_bytes(data)
            file.chmod(0o644)  # a throw-away key; servers read it under many users
        return Certificate(*files)

    def like(self, kind: str, *names: str) -> Certificate:
        """A certificate of a kind out of `KINDS`; `wrong-name` is for a name of an older site.

        Raises:
            KeyError: there is no such kind.
        """
        wanted = ("www.old-shop.example",) if kind == "wrong-name" else names
        return self.issue(*wanted, **KINDS[kind])  # type: ignore[arg-type]


def _name(common: str, organisation: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common[:64])]
    if organisation:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _alternatives(names: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
