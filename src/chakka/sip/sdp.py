"""Offer and answer for G.711 calls: what is stripped, answered and read (RFC 3264).

A call carries narrow-band G.711 and telephone-event, no more (service.md R2.1). Every function takes and
gives bodies as octets; all raise Malformed for a body that is no session description.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from chakka.sip.session_description import SDP_TYPE as SDP_TYPE
from chakka.sip.session_description import Direction as Direction
from chakka.sip.session_description import Media as Media
from chakka.sip.session_description import Sdp as Sdp
from chakka.sip.session_description import parse_sdp as parse_sdp
from chakka.sip.session_description import sdp_in as sdp_in


class Law(StrEnum):
    """The two companding laws of G.711, by their RTP names."""

    PCMU = "PCMU"
    PCMA = "PCMA"


class RemoteAudio(NamedTuple):
    """Where a peer takes its audio, and as what.

    direction is the peer's view; telephone_event_pt is None when it takes none (RFC 4733).
    """

    host: str
    port: int
    law: Law
    payload_type: int
    direction: Direction
    telephone_event_pt: int | None = None

    @property
    def is_listening(self) -> bool:
        """Whether the peer wants to be sent audio; address 0.0.0.0 is the hold of RFC 2543."""
        wants = self.direction in (Direction.SENDRECV, Direction.RECVONLY)
        return wants and self.host not in ("0.0.0.0", "::")


class Session(NamedTuple):
    """The identity of a description of ours: version grows by 1 with each that differs (RFC 3264 §8)."""

    number: int = 0
    version: int = 0


FIRST: Final = Session()

_LAWS: Final = {"PCMU/8000": Law.PCMU, "PCMA/8000": Law.PCMA}
_STATIC_TYPES: Final = {Law.PCMU: "0", Law.PCMA: "8"}
_EVENTS: Final = "TELEPHONE-EVENT/8000"
# RFC 4733 leaves the number free; 101 is what most equipment uses.
_EVENTS_TYPE: Final = "101"
_PROTOCOLS: Final = ("RTP/AVP", "RTP/AVPF")
# Of a peer's attributes these go on to the other side; keys, candidates and groups do not.
_CARRIED: Final = ("ptime", "maxptime", "rtcp")
_PER_FORMAT: Final = ("rtpmap", "fmtp")


def narrowband(offer: bytes) -> bytes | None:
    """Return the offer (or answer) with all stripped but one G.711 audio line; None if it has none.

    Result: as many m-lines as before and in their order, the others refused by port 0.
    Source: service.md R2.1; RFC 3264 §6.
    """
    session = parse_sdp(offer)
    voice = _voice(session.media)
    if voice is None:
        return None
    media = _with_others_refused(session.media, voice, _stripped(voice))
    return Sdp(origin=session.origin, timing=session.timing, media=media).to_bytes()


def answer(
    offer: bytes, address: str, port: int, *, law: Law | None = None, session: Session = FIRST
) -> bytes | None:
    """Return our answer to an offer: one law, telephone-event if offered; None without common G.711.

    address, port: where we receive RTP. law: the only one we take; by default the first of the offer.
    Source: RFC 3264 §6.
    """
    offered = parse_sdp(offer)
    voice = _voice(offered.media)
    if voice is None:
        return None
    common = [number for number, found in voice.laws.items() if law in (None, found)]
    if not common:
        return None
    chosen, events = voice.media, voice.events[:1]
    kept = (common[0], *events)
    ours = Media(
        kind=chosen.kind,
        port=port,
        protocol=chosen.protocol,
        formats=kept,
        address=address,
        direction=chosen.direction.answered,
        attributes=(*_format_attributes(chosen, kept, ("rtpmap",)), *_own_attributes(events)),
    )
    media = _with_others_refused(offered.media, voice, ours)
    return Sdp(origin=_origin(session, address), timing=offered.timing, media=media).to_bytes()


def offer(
    address: str,
    port: int,
    *,
    laws: Iterable[Law] = (Law.PCMU, Law.PCMA),
    direction: Direction = Direction.SENDRECV,
    session: Session = FIRST,
) -> bytes:
    """Return an offer of our own: the laws in order of preference, and telephone-event."""
    wanted = tuple(laws)
    rtpmaps = [("rtpmap", f"{_STATIC_TYPES[law]} {law}/8000") for law in wanted]
    audio = Media(
        kind="audio",
        port=port,
        protocol="RTP/AVP",
        formats=(*(_STATIC_TYPES[law] for law in wanted), _EVENTS_TYPE),
        address=address,
        direction=direction,
        attributes=(
            *rtpmaps,
            ("rtpmap", f"{_EVENTS_TYPE} telephone-event/8000"),
            ("fmtp", f"{_EVENTS_TYPE} 0-15"),
            ("ptime", "20"),
        ),
    )
    return Sdp(origin=_origin(session, address), media=(audio,)).to_bytes()


def relayed(description: bytes, address: str, port: int, *, session: Session = FIRST) -> bytes | None:
    """Return an offer as `narrowband` would, but with its audio received by our relay; or None.

    address, port: of the relay, in place of the peer's; o= becomes ours too.
    Result:        both laws, the offerer's first: the relay makes one of the other.
    """
    theirs = parse_sdp(description)
    voice = _voice(theirs.media)
    if voice is None:
        return None
    stripped = _stripped(voice)
    more = tuple([_STATIC_TYPES[law] for law in Law if law not in voice.laws.values()])
    ours = stripped._replace(
        address=address,
        port=port,
        formats=(*voice.laws, *more, *voice.events),
        attributes=tuple(pair for pair in stripped.attributes if pair[0] != "rtcp"),
    )
    media = _with_others_refused(theirs.media, voice, ours)
    return Sdp(origin=_origin(session, address), timing=theirs.timing, media=media).to_bytes()


def remote_media(description: bytes) -> RemoteAudio | None:
    """Return where and how the describer takes audio; None without an accepted G.711 line."""
    voice = _voice(parse_sdp(description).media)
    if voice is None:
        return None
    payload_type, law = next(iter(voice.laws.items()))
    return RemoteAudio(
        host=voice.media.address,
        port=voice.media.port,
        law=law,
        payload_type=int(payload_type),
        direction=voice.media.direction,
        telephone_event_pt=int(voice.events[0]) if voice.events else None,
    )


def restore_answer(original_offer: bytes, filtered_answer: bytes) -> bytes | None:
    """Return the answer to the filtered offer as an answer to the original one; None without G.711.

    Result: one m-line for each of the offer, of its kind and protocol; what the answerer left out or
            made of another kind is refused. The rest is stripped as `narrowband` does.
    Source: RFC 3264 §6.
    """
    offered, answered = parse_sdp(original_offer), parse_sdp(filtered_answer)
    voice = _voice(answered.media)
    if voice is None:
        return None
    place = answered.media.index(voice.media)
    if place >= len(offered.media) or offered.media[place].kind != voice.media.kind:
        return None
    ours = _stripped(voice)
    media = tuple(ours if index == place else _refused(line) for index, line in enumerate(offered.media))
    return Sdp(origin=answered.origin, timing=offered.timing, media=media).to_bytes()


class _Voice(NamedTuple):
    """The audio line that a call uses: law by format, in the order of the line, and its event formats."""

    media: Media
    laws: dict[str, Law]
    events: tuple[str, ...]


def _voice(media: Iterable[Media]) -> _Voice | None:
    """Return the first audio line that is not refused and has G.711."""
    for line in media:
        if line.kind != "audio" or not line.port or line.protocol not in _PROTOCOLS:
            continue
        encodings = line.encodings
        laws = {number: _LAWS[found] for number in line.formats if (found := encodings.get(number)) in _LAWS}
        if laws:
            return _Voice(line, laws, tuple([one for one in line.formats if encodings.get(one) == _EVENTS]))
    return None


def _stripped(voice: _Voice) -> Media:
    media = voice.media
    kept = tuple([number for number in media.formats if number in voice.laws or number in voice.events])
    carried = tuple([pair for pair in media.attributes if pair[0] in _CARRIED])
    return media._replace(formats=kept, attributes=(*_format_attributes(media, kept, _PER_FORMAT), *carried))


def _with_others_refused(media: tuple[Media, ...], voice: _Voice, ours: Media) -> tuple[Media, ...]:
    """Return as many lines as `media`: ours in place of the voice's, the others refused (RFC 3264 §6)."""
    return tuple([ours if line is voice.media else _refused(line) for line in media])


def _format_attributes(
    media: Media, formats: tuple[str, ...], names: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Return the attributes among `names` that speak of `formats`."""
    return tuple(
        [pair for pair in media.attributes if pair[0] in names and pair[1].split(" ", 1)[0] in formats]
    )


def _own_attributes(events: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return what we say of our own side: the events we know (RFC 4733 §3.2) and 20 ms packets."""
    return (*[("fmtp", f"{number} 0-15") for number in events], ("ptime", "20"))


def _refused(media: Media) -> Media:
    return media._replace(port=0, attributes=())


def _origin(session: Session, address: str) -> str:
    version = "IP6" if ":" in address else "IP4"
    return f"- {session.number} {session.version} IN {version} {address}"
