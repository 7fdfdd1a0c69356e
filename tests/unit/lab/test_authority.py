"""The lab's certificates are what they are asked to be."""

import ssl
from datetime import UTC, datetime

import pytest
from cryptography import x509

from badgateway.lab.authority import KINDS, Authority


def read(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_certificate_names_what_it_is_for_and_loads(tmp_path):
    """Names and addresses, signed by the authority; key and certificate fit."""
    issued = Authority(tmp_path / "ca").issue("nginx.example.com", "192.0.2.1")
    found = read(issued.cert).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert found.value.get_values_for_type(x509.DNSName) == ["nginx.example.com"]
    assert [str(a) for a in found.value.get_values_for_type(x509.IPAddress)] == ["192.0.2.1"]
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(issued.cert, issued.key)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(issued.bundle)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_certificate_can_be_made_for_a_site(tmp_path, kind):
    """Its file loads with its key; only the wrong name leaves the site's own out."""
    made = Authority(tmp_path / "ca").like(kind, "a.example.com")
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.cert, made.key)
    found = read(made.cert).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    names = found.value.get_values_for_type(x509.DNSName)
    assert ("a.example.com" in names) is (kind != "wrong-name")


def test_certificates_that_are_wrong_on_purpose(tmp_path):
    """Expired, not yet valid, self-signed, and of an authority that nobody knows."""
    ca, now = Authority(tmp_path / "ca"), datetime.now(UTC)
    assert read(ca.issue("a.example.com", expired=True).cert).not_valid_after_utc < now
    assert read(ca.issue("a.example.com", not_yet=True).cert).not_valid_before_utc > now
    own = read(ca.issue("a.example.com", self_signed=True).cert)
    assert own.issuer == own.subject
    other = read(ca.issue("a.example.com", issuer="Another CA").cert)
    assert "Another CA" in other.issuer.rfc4514_string()
