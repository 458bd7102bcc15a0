"""Digest authentication: what both sides read and compute (RFC 3261 §22, 7616, 8760).

What is configured is the password: it answers challenges of any algorithm and realm, which a stored hash
of user, realm and password could not.
"""

import hashlib
import re
from enum import StrEnum

import msgspec

from chakka.sip.grammar import TOKEN, bad, split_list, unquote

_SCHEME = re.compile(r"([A-Za-z]++)[ \t]++(.++)", re.DOTALL)
_PARAM = re.compile(rf'({TOKEN})[ \t]*+=[ \t]*+("(?:[^"\\]++|\\.)*+"|[!#-+\--~]++)', re.DOTALL)
_NONCE_COUNT = re.compile(r"[0-9a-fA-F]{8}")
# A challenge has seven parameters of RFC 7616, an answer ten; more are unknown ones.
_MOST_PARAMETERS = 32


class Algorithm(StrEnum):
    """A hash that both sides know, the strongest first (RFC 8760 §2.2)."""

    SHA_256 = "SHA-256"
    MD5 = "MD5"

    @classmethod
    def named(cls, text: str) -> "Algorithm | None":
        """Return the algorithm of this name in any case, None for one that we do not know."""
        return next((one for one in cls if one.value == text.upper()), None)


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """What a server asks for (RFC 7616 §3.3).

    algorithm: None when it is none of ours. offers_auth: qop=auth may be used. has_qop: any qop is asked
    for, so that a challenge which knows auth-int alone can be told from one of RFC 2069.
    """

    realm: str
    nonce: str
    algorithm: Algorithm | None = Algorithm.MD5
    has_qop: bool = False
    offers_auth: bool = False
    opaque: str | None = None
    stale: bool = False


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """What a client answers (RFC 7616 §3.4). nonce_count: the eight digits as written, "" without qop."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: Algorithm | None = Algorithm.MD5
    qop: str | None = None
    cnonce: str = ""
    nonce_count: str = ""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are, or a user is, in one realm."""

    username: str
    realm: str
    password: str


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One use of a nonce by a client: how often it was used, this time included, and our own nonce."""

    count: int
    cnonce: str


# -- reading


def parse_challenge(text: str) -> Challenge | None:
    """Return the challenge of a WWW-Authenticate or Proxy-Authenticate line; None for another scheme.

    Raises: Malformed without realm or nonce, and for parameters that cannot be read.
    """
    params = _digest_params(text, "challenge")
    if params is None:
        return None
    qops = [one.strip(" \t").lower() for one in params.get("qop", "").split(",")]
    return Challenge(
        realm=_required(params, "realm", "challenge"),
        nonce=_required(params, "nonce", "challenge"),
        algorithm=Algorithm.named(params.get("algorithm", "MD5")),
        has_qop="qop" in params,
        offers_auth="auth" in qops,
        opaque=params.get("opaque"),
        stale=params.get("stale", "").lower() == "true",
    )


def parse_authorization(text: str) -> Authorization | None:
    """Return the credentials of an Authorization or Proxy-Authorization line; None for another scheme.

    Raises: Malformed if what RFC 7616 §3.4 requires is missing or cannot be read.
    """
    params = _digest_params(text, "credentials")
    if params is None:
        return None
    qop = params.get("qop")
    count = params.get("nc", "")
    if qop is not None and ("cnonce" not in params or not _NONCE_COUNT.fullmatch(count)):
        raise bad("credentials: qop wants cnonce and nc of eight digits")
    return Authorization(
        username=_required(params, "username", "credentials"),
        realm=_required(params, "realm", "credentials"),
        nonce=_required(params, "nonce", "credentials"),
        uri=_required(params, "uri", "credentials"),
        response=_required(params, "response", "credentials").lower(),
        algorithm=Algorithm.named(params.get("algorithm", "MD5")),
        qop=None if qop is None else qop.lower(),
        cnonce=params.get("cnonce", ""),
        nonce_count=count,
    )


def _digest_params(text: str, what: str) -> dict[str, str] | None:
    match = _SCHEME.fullmatch(text.strip(" \t"))
    if match is None:
        raise bad(what)
    if match[1].lower() != "digest":
        return None
    items = _items(match[2], what)
    params: dict[str, str] = {}
    for item in items:
        pair = _PARAM.fullmatch(item)
        if pair is None or pair[1].lower() in params:
            raise bad(f"{what}: {item[:40]}")
        params[pair[1].lower()] = unquote(pair[2])
    return params


def _items(text: str, what: str) -> list[str]:
    items = split_list(text)
    if len(items) > _MOST_PARAMETERS:
        raise bad(f"{what}: too many parameters")
    return items


def _required(params: dict[str, str], name: str, what: str) -> str:
    value = params.get(name)
    if value is None:
        raise bad(f"{what}: no {name}")
    return value


# -- what both sides compute


def ha1(algorithm: Algorithm, username: str, realm: str, password: str) -> str:
    """Return H(A1) of RFC 7616 §3.4.2: the secret that both sides share."""
    return _hash(algorithm, f"{username}:{realm}:{password}")


def response_value(secret: str, method: str, authorization: Authorization) -> str:
    """Return the response that `secret` gives (RFC 7616 §3.4.1; without qop as RFC 2069 had it).

    secret:        `ha1` for the algorithm of `authorization`.
    authorization: its nonce, uri, qop, cnonce and nonce count count; its own response does not.
    Raises:        ValueError for an algorithm that is not ours.
    """
    algorithm = authorization.algorithm
    if algorithm is None:
        raise ValueError("an unknown algorithm has no response")
    ha2 = _hash(algorithm, f"{method}:{authorization.uri}")
    middle = authorization.nonce
    if authorization.qop is not None:
        middle = f"{middle}:{authorization.nonce_count}:{authorization.cnonce}:{authorization.qop}"
    return _hash(algorithm, f"{secret}:{middle}:{ha2}")


def _hash(algorithm: Algorithm, text: str) -> str:
    octets = text.encode("utf-8", "surrogateescape")
    if algorithm is Algorithm.SHA_256:
        return hashlib.sha256(octets).hexdigest()
    return hashlib.md5(octets, usedforsecurity=False).hexdigest()
