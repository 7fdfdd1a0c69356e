"""Certificates read and explained, valid or not. No verification here: facts only."""

import ipaddress
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime

UNKNOWN_ISSUER_CODES = frozenset({2, 18, 19, 20, 21, 27})
"""OpenSSL's verify errors that mean: no way from this certificate to a trusted authority."""


PROBLEM_CODES = {9: "not-yet-valid", 10: "expired", 62: "wrong-name", 64: "wrong-name"}
"""OpenSSL's verify errors that have a word of their own here."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says.

    Attributes:
        subject: common name, or the whole subject where it has none.
        issuer: organisation and common name of whoever signed it.
        names: host names and addresses it is good for.
        not_before: first moment of validity.
        not_after: last moment of validity.
        self_signed: whether it signed itself.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    self_signed: bool

    def problems(self, host: str, now: datetime) -> tuple[str, ...]:
        """Everything wrong with it for `host`, as words; trust is not looked at."""
        found = []
        if now < self.not_before:
            found.append("not-yet-valid")
        if now > self.not_after:
            found.append("expired")
        if not any(_good_for(name, host) for name in self.names):
            found.append("wrong-name")
        return tuple(found)


def read_certificate(der: bytes) -> Certificate | None:
    """The certificate in `der`; None where it cannot be read at all."""
    # 90 ms of import that only a certificate in need of explanation costs.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    def shown(name: x509.Name, *wanted: x509.ObjectIdentifier) -> str:
        parts = [str(item.value) for oid in wanted for item in name.get_attributes_for_oid(oid)]
        return ", ".join(dict.fromkeys(parts)) or name.rfc4514_string()

    try:
        with warnings.catch_warnings():
            # Odd serial numbers and the like: that is what we are here to look at.
            warnings.simplefilter("ignore")
            found = x509.load_der_x509_certificate(der)
        names: list[str] = []
        try:
            extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            names += extension.value.get_values_for_type(x509.DNSName)
            names += map(str, extension.value.get_values_for_type(x509.IPAddress))
        except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
            pass  # nothing that it could be good for
        return Certificate(
            subject=shown(found.subject, NameOID.COMMON_NAME),
            issuer=shown(found.issuer, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME),
            names=tuple(names[:100]),
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
            self_signed=found.issuer == found.subject,
        )
    except ValueError:
        return None


def _good_for(name: str, host: str) -> bool:
    """RFC 9525 6.3: a wildcard stands for exactly the first label."""
    name, host = name.lower().rstrip("."), host.lower().rstrip(".")
    if name == host:
        return True
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(host)
    except ValueError:
        pass
    first, _, rest = host.partition(".")
    if rest.replace(".", "").isdigit():
        return False  # an address has no labels that a wildcard could stand for
    # OpenSSL accepts no wildcard for a whole top-level domain, nor do browsers.
    return bool(first) and "." in rest and name == f"*.{rest}"


def now() -> datetime:
    """This machine's clock, which may be wrong: that is a cause of its own."""
    return datetime.now(UTC)
