"""Journal entries as bytes: msgpack maps whose `type` names the kind of entry."""

import msgspec

from chakka.errors import InputError
from chakka.records.model import Entry

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Entry] = msgspec.msgpack.Decoder(Entry)


def encode(entry: Entry) -> bytes:
    """Return one entry as the payload of a journal frame."""
    return _ENCODER.encode(entry)


def decode(payload: bytes) -> Entry:
    """Return the entry that a payload holds.

    Raises: InputError if the payload is none; the journal's own hashes are checked before.
    """
    try:
        return _DECODER.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise InputError(f"journal entry of {len(payload)} bytes: {fault}") from fault
