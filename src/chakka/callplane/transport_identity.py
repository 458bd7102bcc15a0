"""Whom a TLS certificate names: the SIP domain identities of RFC 5922, and how they are compared."""

from collections.abc import Mapping
from typing import Any, Final

from chakka.sip.grammar import Malformed
from chakka.sip.uri import SipUri, parse_uri

Certificate = Mapping[str, Any]
"""What `ssl.SSLSocket.getpeercert` says of a certificate that was verified."""

_ALTERNATIVE_NAMES: Final = "subjectAltName"


def identities(certificate: Certificate) -> tuple[str, ...]:
    """Return the SIP domains that a verified certificate vouches for, in lower case.

    `sip:` URIs without a user come first; only without any of them DNS names count; only without a
    subjectAltName the common name does (RFC 5922 §7.1).
    """
    if _ALTERNATIVE_NAMES not in certificate:
        return tuple(
            value.lower() for field in certificate.get("subject", ()) for value in _common_names(field)
        )
    names = certificate[_ALTERNATIVE_NAMES]
    domains = [domain for kind, value in names if kind == "URI" and (domain := _sip_domain(value))]
    return tuple(domains or [value.lower() for kind, value in names if kind == "DNS"])


def is_identified(certificate: Certificate, domain: str) -> bool:
    """Return whether a verified certificate is that of `domain`; wildcards match nothing (RFC 5922 §7.2)."""
    return domain.lower() in identities(certificate)


def _sip_domain(uri: str) -> str:
    try:
        parsed = parse_uri(uri)
    except Malformed:
        return ""
    if not isinstance(parsed, SipUri) or parsed.scheme != "sip" or parsed.user is not None:
        return ""
    return parsed.host.lower()


def _common_names(field: tuple[tuple[str, str], ...]) -> list[str]:
    return [value for name, value in field if name == "commonName"]
