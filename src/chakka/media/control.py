"""What the call plane and the media process say to each other: one message per Unix datagram, msgpack.

A stream belongs to the socket path that opened it; its id is the caller's word and must be new within
one run of the caller. Answers go to that path, so a caller binds its socket before it speaks.
"""

from typing import Annotated, Literal, TypeVar

import msgspec

Law = Literal["PCMU", "PCMA"]

StreamId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Clip = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]

# No message comes near this; a longer datagram is nobody's command.
LONGEST_DATAGRAM = 16_384


class Open(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    """Asks for an RTP port; answered by Opened or Refused."""

    id: StreamId


class Play(msgspec.Struct, frozen=True, kw_only=True, tag="play"):
    """Asks for clips to be sent, `repeat` times with a pause between; answered by Finished or Refused.

    host:         an IP address of the other side's SDP; port: its RTP port.
    payload_type: the number under which its SDP takes `law`.
    clips:        names in order (`prompts.script`), `pause_<ms>` among them.
    """

    id: StreamId
    host: Annotated[str, msgspec.Meta(max_length=64)]
    port: int
    law: Law
    payload_type: Annotated[int, msgspec.Meta(ge=0, le=127)]
    clips: Annotated[tuple[_Clip, ...], msgspec.Meta(min_length=1, max_length=200)]
    repeat: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1
    pause_ms: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


class Close(msgspec.Struct, frozen=True, kw_only=True, tag="close"):
    """Ends a stream and frees its port. No answer; an unknown id is already closed."""

    id: StreamId


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """The stream sends from here: what our SDP must say."""

    id: str
    host: str
    port: int


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag="finished"):
    """The last packet of a Play has been sent; the port stays until Close, or for a minute."""

    id: str


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The command was not carried out; a stream that exists stays as it was."""

    id: str
    error: str


Command = Open | Play | Close
Event = Opened | Finished | Refused

_Message = TypeVar("_Message", Command, Event)

_encoder = msgspec.msgpack.Encoder()
_command_decoder = msgspec.msgpack.Decoder[Command](Command)
_event_decoder = msgspec.msgpack.Decoder[Event](Event)


def write(message: Command | Event) -> bytes:
    """Return the datagram of a message."""
    return _encoder.encode(message)


def read_command(datagram: bytes) -> Command | None:
    """Return the command in a datagram, or None when there is none."""
    return _read(_command_decoder, datagram)


def read_event(datagram: bytes) -> Event | None:
    """Return the event in a datagram, or None when there is none."""
    return _read(_event_decoder, datagram)


def _read(decoder: "msgspec.msgpack.Decoder[_Message]", datagram: bytes) -> _Message | None:
    if len(datagram) > LONGEST_DATAGRAM:
        return None
    try:
        return decoder.decode(datagram)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
