"""Session descriptions: SDP read forgivingly and written strictly (RFC 8866).

Only what an audio call over RTP needs is kept: a description is written anew from these values, so that
nothing a stranger wrote passes through by itself.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from chakka.sip.grammar import Malformed, bad, parse_host, parse_port
from chakka.sip.headers import parse_media_type

SDP_TYPE: Final = "application/sdp"

# Descriptions remembered: each is read for its filter, its answer and its remote address.
_REMEMBERED: Final = 32
# Far above what softphones with video and ICE send; a body of 64 KB could hold 16,000.
_MOST_LINES: Final = 1_000
_DEEPEST_MULTIPART: Final = 3
_HIGHEST_PAYLOAD_TYPE: Final = 127

# What nearly every call offers: one m-line behind the session's address, and attributes below it.
_ONE_STREAM = re.compile(
    r"v=0\r\no=([!-~]++ [0-9]++ [0-9]++ IN IP[46] [!-~]++)\r\ns=[^\r\n]*+\r\nc=IN IP4 ([0-9.]++)\r\n"
    r"t=([0-9]++ [0-9]++)\r\nm=([!-~]++) ([0-9]++) ([!-~]++)((?: [!-~]++)++)\r\n((?:a=[ -~]*+\r\n)*+)"
)
_WORD = re.compile(r"[!-~]++")
_MEDIA_LINE = re.compile(r"m=[!-~]++(?: [!-~]++)*+")
_LINE_VALUE = re.compile(r"[ -~]*+")
_ORIGIN = re.compile(r"[!-~]++ [0-9]++ [0-9]++ IN IP[46] [!-~]++")
_TIMING = re.compile(r"[0-9]++ [0-9]++")
_RTPMAP = re.compile(r"([0-9]{1,3})[ \t]++([!-.0-~]++)/([0-9]++)(?:/1)?+")


class Direction(StrEnum):
    """Which way media flows, as its describer sees it (RFC 8866 §6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def answered(self) -> "Direction":
        """The widest direction that may answer this one (RFC 3264 §6.1)."""
        return _ANSWERED[self]


_ANSWERED: Final = {
    Direction.SENDRECV: Direction.SENDRECV,
    Direction.SENDONLY: Direction.RECVONLY,
    Direction.RECVONLY: Direction.SENDONLY,
    Direction.INACTIVE: Direction.INACTIVE,
}


class Media(NamedTuple):
    """One m-line with what stands under it; port 0 means refused (RFC 3264 §6).

    formats:    payload types as written. address: its own c= or the session's, without brackets.
    attributes: (name, value) as written, value "" without `:`; no directions.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    address: str
    direction: Direction = Direction.SENDRECV
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def encodings(self) -> dict[str, str]:
        """Format → `NAME/clock` in upper case, for the formats with an rtpmap and the static G.711 ones."""
        known = {}
        for number, encoding in _STATIC.items():
            if number in self.formats:
                known[number] = encoding
        for name, value in self.attributes:
            match = _RTPMAP.fullmatch(value) if name == "rtpmap" else None
            if match is not None:
                number, encoding, clock = match.groups()
                if int(number) <= _HIGHEST_PAYLOAD_TYPE:
                    known[number] = f"{encoding}/{clock}".upper()
        return known


# RFC 3551 §6: the payload types that need no rtpmap; others do not matter here.
_STATIC: Final = {"0": "PCMU/8000", "8": "PCMA/8000"}


class Sdp(NamedTuple):
    """A session description. origin is the value of o=, timing that of t=."""

    origin: str
    timing: str = "0 0"
    media: tuple[Media, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the description with CRLF line ends.

        Raises: ValueError if a value cannot stand in a line; values that were read always can.
        """
        address = self._session_address()
        lines = ["v=0", f"o={_checked(_ORIGIN, self.origin)}", "s=-", f"c={_connection(address)}"]
        lines.append(f"t={_checked(_TIMING, self.timing)}")
        for media in self.media:
            lines += _media_lines(media, address)
        lines.append("")
        return "\r\n".join(lines).encode("ascii")

    def _session_address(self) -> str:
        for media in self.media:
            if media.port:
                return media.address
        return "0.0.0.0"


@lru_cache(maxsize=_REMEMBERED)
def parse_sdp(octets: bytes) -> Sdp:
    """Return the description that a body is. Lines of any other letter or form are passed over.

    Raises: Malformed for a body without `v=0` or of more than 1,000 lines, and for m- and c-lines that
            cannot be read.
    """
    text = octets.decode("utf-8", "replace")
    match = _ONE_STREAM.fullmatch(text)
    if match is not None and text.count("\n") < _MOST_LINES:
        return _of_one_stream(match)
    return _of_any_form(text)


def _of_one_stream(match: re.Match[str]) -> Sdp:
    origin, address, timing, kind, port, protocol, formats, lines = match.groups()
    direction, attributes = None, []
    for line in lines.split("\r\n"):
        written = line[2:].strip(" ")
        if written in _DIRECTIONS:
            direction = direction or _DIRECTIONS[written]
        elif line:
            name, _, value = written.partition(":")
            attributes.append((name, value.strip(" ")))
    media = Media(
        address=parse_host(address),
        kind=kind,
        port=parse_port(port),
        protocol=protocol,
        formats=tuple(formats.split()),
        direction=direction or Direction.SENDRECV,
        attributes=tuple(attributes),
    )
    return Sdp(origin=origin, timing=timing, media=(media,))


def _of_any_form(text: str) -> Sdp:
    lines = text.replace("\r\n", "\n").split("\n")
    if not lines[0].startswith("v=0"):
        raise bad("SDP: it does not begin with v=0")
    if len(lines) > _MOST_LINES:
        raise bad("SDP: too many lines")
    sections: list[list[tuple[str, str]]] = [[]]
    for line in lines:
        if line[1:2] != "=":
            continue
        if line[0] == "m":
            sections.append([])
        sections[-1].append((line[0], line[2:].strip(" \t")))
    return _assemble(sections[0], sections[1:])


def sdp_in(content_type: str | None, body: bytes) -> bytes | None:
    """Return the session description that a body is or holds as a part, None if there is none.

    content_type: the whole header value, with a multipart's boundary (RFC 5621).
    """
    return _part(content_type, body, _DEEPEST_MULTIPART) if content_type else None


def _assemble(session: list[tuple[str, str]], sections: list[list[tuple[str, str]]]) -> Sdp:
    fields = dict(reversed(session))
    address = _address(fields["c"]) if "c" in fields else ""
    direction = _direction(session) or Direction.SENDRECV
    media = tuple(_media(lines, address, direction) for lines in sections)
    origin = fields.get("o", "")
    if _ORIGIN.fullmatch(origin) is None:
        origin = "- 0 0 IN IP4 0.0.0.0"
    timing = fields.get("t", "")
    if _TIMING.fullmatch(timing) is None:
        timing = "0 0"
    return Sdp(origin=origin, timing=timing, media=media)


def _media(lines: list[tuple[str, str]], address: str, direction: Direction) -> Media:
    words = lines[0][1].split()
    if len(words) < 4 or not all(map(_WORD.fullmatch, words)):
        raise bad("SDP: m-line")
    own = [value for letter, value in lines if letter == "c"]
    if own:
        address = _address(own[0])
    port = parse_port(words[1].partition("/")[0])
    if port and not address:
        raise bad("SDP: no c-line")
    return Media(
        kind=words[0],
        port=port,
        protocol=words[2],
        formats=tuple(words[3:]),
        address=address or "0.0.0.0",
        direction=_direction(lines) or direction,
        attributes=_attributes(lines),
    )


def _address(connection: str) -> str:
    words = connection.split()
    if len(words) != 3 or words[0] != "IN" or words[1] not in ("IP4", "IP6"):
        raise bad("SDP: c-line")
    # A multicast address has `/ttl` behind it.
    address = words[2].partition("/")[0].strip("[]")
    return parse_host(f"[{address}]").strip("[]") if ":" in address else parse_host(address)


def _attributes(lines: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    values = (value for letter, value in lines if letter == "a" and value not in _DIRECTIONS)
    pairs = (value.partition(":") for value in values if _LINE_VALUE.fullmatch(value))
    return tuple((name, value.strip(" \t")) for name, _, value in pairs)


_DIRECTIONS: Final = {direction.value: direction for direction in Direction}


def _direction(lines: list[tuple[str, str]]) -> Direction | None:
    for letter, value in lines:
        if letter == "a" and value in _DIRECTIONS:
            return _DIRECTIONS[value]
    return None


def _media_lines(media: Media, session_address: str) -> list[str]:
    words = (media.kind, str(media.port), media.protocol, *media.formats)
    line = f"m={' '.join(words)}"
    if line.count(" ") != len(words) - 1:
        raise ValueError(f"{line!r}, with blanks in its words, cannot stand in a session description")
    lines = [_checked(_MEDIA_LINE, line)]
    if media.port == 0:
        return lines
    if media.address != session_address:
        lines.append(f"c={_connection(media.address)}")
    attributes = [f"a={name}:{value}" if value else f"a={name}" for name, value in media.attributes]
    _checked(_LINE_VALUE, "".join(attributes))
    lines += attributes
    lines.append(f"a={media.direction}")
    return lines


def _connection(address: str) -> str:
    return f"IN {'IP6' if ':' in address else 'IP4'} {_checked(_WORD, address)}"


def _checked(pattern: re.Pattern[str], value: str) -> str:
    if pattern.fullmatch(value) is None:
        raise ValueError(f"{value!r} cannot stand in a session description")
    return value


def _part(content_type: str, body: bytes, depth: int) -> bytes | None:
    """Return the first description among the parts, looking `depth` multiparts deep."""
    try:
        kind, params = parse_media_type(content_type)
    except Malformed:
        return None
    if kind == SDP_TYPE:
        return body
    boundary = (params.get("boundary") or "").strip('"')
    if not kind.startswith("multipart/") or not boundary or not depth:
        return None
    delimiter = b"\r\n--" + boundary.encode("utf-8", "surrogateescape")
    # RFC 2046 §5.1.1: the line end before a delimiter belongs to it; before the first there may be none.
    for part in (b"\r\n" + body).split(delimiter)[1:]:
        if part.startswith(b"--"):
            break
        head, _, content = part.partition(b"\r\n\r\n")
        found = _part(_content_type(head), content, depth - 1)
        if found is not None:
            return found
    return None


def _content_type(head: bytes) -> str:
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip(" \t").lower() in ("content-type", "c"):
            return value.strip(" \t")
    return "text/plain"
