"""Call ids: 26 characters, ordered by time, minted at the first INVITE (charging.md §4)."""

# Crockford's base 32: no I, L, O, U; case does not matter when read aloud.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CALL_ID_LENGTH = 26


def call_id(utc_ms: int, randomness: bytes) -> str:
    """Return a call id: 10 characters of time, 16 of chance.

    utc_ms:     arrival of the INVITE.
    randomness: 10 bytes.
    """
    value = (utc_ms << 80) | int.from_bytes(randomness[:10], "big")
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def is_call_id(text: str) -> bool:
    """Return whether a text could be a call id."""
    return len(text) == CALL_ID_LENGTH and set(text) <= set(_ALPHABET)
