"""What the call plane and the media process say to each other: one message per Unix datagram, msgpack.

A stream belongs to the socket path that opened it; its id is the caller's word and must be new within
one run of the caller. Answers go to that path, so a caller binds its socket before it speaks.
"""

from typing import Annotated, Literal, TypeVar

import msgspec

Law = Literal["PCMU", "PCMA"]

StreamId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Clip = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Host = Annotated[str, msgspec.Meta(max_length=64)]
_PayloadType = Annotated[int, msgspec.Meta(ge=0, le=127)]

# How long a stream may wait to be used, whoever asks: seconds.
LONGEST_IDLE_S = 3_600
# As the id of a Close: all streams of its sender, whatever an earlier run of it has opened.
EVERY_STREAM = "*"

# No message comes near this; a longer datagram is nobody's command.
LONGEST_DATAGRAM = 16_384


class Open(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    """Asks for an RTP port; answered by Opened or Refused.

    idle_s: for how many seconds the stream may lie unused, neither joined nor playing, until it is freed.
    """

    id: StreamId
    idle_s: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_IDLE_S)] = 60


class Play(msgspec.Struct, frozen=True, kw_only=True, tag="play"):
    """Asks for clips to be sent, `repeat` times with a pause between; answered by Finished or Refused.

    host:         an IP address of the other side's SDP; port: its RTP port.
    payload_type: the number under which its SDP takes `law`.
    clips:        names in order (`prompts.script`), `pause_<ms>` among them.

    A joined stream plays to its peer, so that the four may be left out; the peer hears the clips alone, and
    what the other side of a bridge says only after them.
    """

    id: StreamId
    host: _Host = ""
    port: int = 0
    law: Law = "PCMU"
    payload_type: _PayloadType = 0
    clips: Annotated[tuple[_Clip, ...], msgspec.Meta(min_length=1, max_length=200)]
    repeat: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1
    pause_ms: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """The far end of a stream, from its SDP: the one address that is sent to and listened to.

    telephone_event: the number under which it takes RFC 4733 events; None: it takes none.
    is_listening:    False while it is on hold and is to be sent nothing.
    is_speaking:     False while it holds, or has said that it sends nothing, so that silence means nothing.
    """

    id: StreamId
    host: _Host
    port: int
    law: Law
    payload_type: _PayloadType
    telephone_event: _PayloadType | None = None
    is_listening: bool = True
    is_speaking: bool = True


class Join(Peer, frozen=True, kw_only=True, tag="join"):
    """Gives an open stream its peer. No answer but Refused.

    latch: the peer sits behind a symmetric NAT: the port from which its host sends first, within two seconds,
           counts instead of the port of its SDP.
    """

    latch: bool = False


class Move(Peer, frozen=True, kw_only=True, tag="move"):
    """Gives a joined stream another peer, or the same in another state (re-INVITE). No answer but Refused.

    While the peer neither listens nor speaks its address may be 0.0.0.0 and port 0 (hold of RFC 2543).
    """


class Bridge(msgspec.Struct, frozen=True, kw_only=True, tag="bridge"):
    """Lets the peers of two joined streams hear each other, until one of them is closed.

    No answer but Refused, under `id`. Before it neither hears anything of the other.
    """

    id: StreamId
    other: StreamId


class Close(msgspec.Struct, frozen=True, kw_only=True, tag="close"):
    """Ends a stream, or EVERY_STREAM, and frees its port. No answer; an unknown id is already closed."""

    id: StreamId


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """The stream sends from here: what our SDP must say."""

    id: str
    host: str
    port: int


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag="finished"):
    """The last packet of a Play has been sent; the port stays until Close, or for `Open.idle_s`."""

    id: str


class Silent(msgspec.Struct, frozen=True, kw_only=True, tag="silent"):
    """The peer of a joined stream, not on hold, has sent no RTP for a minute; said once a silence."""

    id: str


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The command was not carried out; a stream that exists stays as it was."""

    id: str
    error: str


Command = Open | Play | Join | Move | Bridge | Close
Event = Opened | Finished | Silent | Refused

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
