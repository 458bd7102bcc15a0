"""What only the holder of a month's key can read (charging.md §6). Keys are given, nothing is drawn by lot.

The same words about the same call always give the same bytes, so that an entry delivered twice is one entry.
"""

import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chakka.errors import InputError

SECRET_BYTES = 32
TAG_BYTES = 16
_NONCE_BYTES = 12
# The first octet of everything sealed; another way of sealing will have another.
_AES_GCM = b"\x01"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class MonthKey:
    """The keys of one JST month of arrival, one for each use."""

    cipher: AESGCM
    nonce: bytes
    tag: bytes


def month_key(secret: bytes) -> MonthKey:
    """Return the keys that come of a month's secret.

    Raises: InputError unless the secret has 32 octets.
    Source: RFC 5869 §2.3; the secret is uniformly random, so it is expanded without being extracted.
    """
    if len(secret) != SECRET_BYTES:
        raise InputError(f"the secret of a month has {SECRET_BYTES} octets, not {len(secret)}")
    return MonthKey(
        cipher=AESGCM(_expanded(secret, b"chakka seal")),
        nonce=_expanded(secret, b"chakka nonce"),
        tag=_expanded(secret, b"chakka tag"),
    )


def seal(key: MonthKey, text: bytes, call_id: str) -> bytes:
    """Return `text`, sealed for the call: version, nonce, ciphertext, 16 octets that prove it.

    The nonce depends on all that is sealed, so that no two texts ever share one.
    """
    call = call_id.encode()
    # A call id has no NUL, so that no text can pass for part of it.
    nonce = hmac.digest(key.nonce, call + b"\0" + text, "sha256")[:_NONCE_BYTES]
    return _AES_GCM + nonce + key.cipher.encrypt(nonce, text, call)


def unseal(key: MonthKey, sealed: bytes, call_id: str) -> bytes:
    """Return the text that was sealed for a call.

    Raises: InputError if it was sealed with another key or for another call, or was changed since.
    """
    start = len(_AES_GCM)
    nonce, rest = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
    if sealed[:start] != _AES_GCM or len(nonce) != _NONCE_BYTES:
        raise InputError(f"call {call_id}: {len(sealed)} octets are nothing that was sealed")
    try:
        return key.cipher.decrypt(nonce, rest, call_id.encode())
    except InvalidTag as fault:
        raise InputError(f"call {call_id}: sealed with another key, or changed since") from fault


def tag(key: MonthKey, number: str) -> bytes:
    """Return 16 octets that stand for a number within the key's month and say nothing about it."""
    return hmac.digest(key.tag, number.encode(), "sha256")[:TAG_BYTES]


def _expanded(secret: bytes, label: bytes) -> bytes:
    return hmac.digest(secret, label + b"\x01", "sha256")
