"""Certificates for tests: one authority that counts as trusted, and leaves that are wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

NAME = "www.shop.test"
"""The site that the certificates are for; `.test` never exists in the DNS (RFC 6761)."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A server's certificate and key as files.

    Attributes:
        chain: PEM file of the certificate.
        key: PEM file of its key.
        both: PEM file of both, as HAProxy wants it.
    """

    chain: Path
    key: Path
    both: Path


class Authority:
    """A certificate authority in a folder; `file` is its certificate."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        self._certificate = (
            _builder(name, name, self._key, now - timedelta(days=365), now + timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / f"{_slug(name)}.pem"
        self.file.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def leaf(self, label: str, *names: str, days: tuple[int, int] = (-1, 30)) -> Leaf:
        """A certificate signed by this authority for `names`, good for `days` from today."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = _leaf(self._name, key, names, days).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
            critical=False,
        )
        return _written(self._folder, label, signed.sign(self._key, hashes.SHA256()), key)


def self_signed(folder: Path, label: str, *names: str) -> Leaf:
    """A certificate that signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    signed = _leaf(names[0], key, names, (-1, 30)).sign(key, hashes.SHA256())
    return _written(folder, label, signed, key)


def _leaf(
    issuer: str, key: ec.EllipticCurvePrivateKey, names: tuple[str, ...], days: tuple[int, int]
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    first, last = (now + timedelta(days=day) for day in days)
    return (
        _builder(issuer, names[0], key, first, last)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
    )


def _builder(
    issuer: str,
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    first: datetime,
    last: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def _written(
    folder: Path, label: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> Leaf:
    leaf = Leaf(folder / f"{label}.crt", folder / f"{label}.key", folder / f"{label}.pem")
    chain = certificate.public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    leaf.chain.write_bytes(chain)
    leaf.key.write_bytes(secret)
    leaf.both.write_bytes(chain + secret)
    return leaf
