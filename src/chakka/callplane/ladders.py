"""Who said what to whom when: the SIP messages of recent calls, for `chakka ladder`.

A call keeps nothing for it: messages of peers that take part in calls go as they are into one ring, between
marks that say which Call-IDs belong to which call. Only when somebody asks is the ring searched and read.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from chakka.callplane.instant import Instant
from chakka.callplane.shown import printable, start_line
from chakka.localtime import jst_iso
from chakka.sip.address import Address, transport_of

# Octets of a message that are kept: its head, and SDP of the usual length.
_LONGEST = 2_000
# Of one call; beyond it somebody repeats himself.
_MOST_SHOWN = 500
_MOST_HOSTS = 10_000
# RFC 3261 §7.3.1: names in any case, blanks around the colon; §7.3.3: `i` is Call-ID.
_CALL_ID = re.compile(rb"\n(?:Call-ID|i)[ \t]*:[ \t]*([!-~]+)", re.IGNORECASE)
_CSEQ = re.compile(rb"\nCSeq[ \t]*:[ \t]*([^\r]*)", re.IGNORECASE)


class Leg(NamedTuple):
    """Says that a SIP dialog belongs to a call. name: `caller`, or the line number."""

    call_id: str
    sip_call_id: str
    name: str


class Parties(NamedTuple):
    """What the head of a ladder says; calling_number: as it may be shown."""

    called_number: str
    calling_number: str
    utc_ms: int


# When (monotonic), whether we sent it, the peer, the message; or when, and what begins. Plain tuples: one is
# made for every message.
_Message = tuple[float, bool, Address, bytes]
_Mark = tuple[float, Leg, Parties | None]
_Entry = _Message | _Mark


class Ladders:
    """The SIP messages of recent calls. most: how many are kept; 0: none."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ring: deque[_Entry] = deque(maxlen=most)
        self._hosts: set[str] = set()

    def begin(self, leg: Leg, parties: Parties, peer: Address, now: Instant) -> None:
        """Note that a call began; from now on its caller's address is worth listening to."""
        self._mark((now.monotonic, leg, parties), peer)

    def add_line(self, leg: Leg, peer: Address, monotonic: float) -> None:
        """Note a branch of a call towards a line, and its address."""
        self._mark((monotonic, leg, None), peer)

    def _mark(self, mark: _Mark, peer: Address) -> None:
        if not self._most:
            return
        if len(self._hosts) >= _MOST_HOSTS:
            self._hosts.clear()
        self._hosts.add(peer[0])
        self._ring.append(mark)

    def note(self, message: bytes, peer: Address, monotonic: float, *, is_sent: bool) -> None:
        """Keep a message if its peer takes part in calls."""
        if peer[0] in self._hosts:
            self._ring.append((monotonic, is_sent, peer, message[:_LONGEST]))

    def entries(self) -> list[_Entry]:
        """Return what is kept, to be read at leisure by `document`."""
        return list(self._ring)


def document(entries: Iterable[_Entry], call_id: str) -> dict[str, Any] | None:
    """Return a call's ladder as JSON-ready facts, None when its beginning is not kept.

    legs:     names of the columns besides chakka's own: the caller, then line numbers.
    messages: ms since the INVITE; sent = by chakka; users and numbers but the service's own are hidden.
    left_out: how many messages came after those.
    """
    found = list(entries)
    marks = [entry for entry in found if len(entry) == 3 and entry[1].call_id == call_id]
    began, _, parties = marks[0] if marks else (0.0, None, None)
    if parties is None:
        return None
    legs = {
        leg.sip_call_id.encode("utf-8", "surrogateescape"): place for place, (_, leg, _) in enumerate(marks)
    }
    names = [leg.name for _, leg, _ in marks]
    messages = [_step(leg, entry, began) for leg, entry in _messages(found, began, legs)]
    for message in messages[:_MOST_SHOWN]:
        message["start"] = start_line(message["start"], {parties.called_number, *names})
    return {
        "call_id": call_id,
        "called_number": printable(parties.called_number),
        "calling_number": parties.calling_number,
        "began_at": jst_iso(parties.utc_ms),
        "legs": [printable(name) for name in names],
        "messages": messages[:_MOST_SHOWN],
        "left_out": len(messages[_MOST_SHOWN:]),
    }


def _messages(entries: list[_Entry], began: float, legs: dict[bytes, int]) -> Iterator[tuple[int, _Message]]:
    """Yield the messages of a call with the leg that they belong to."""
    for entry in entries:
        if len(entry) != 4 or entry[0] < began:
            continue
        message = entry[3]
        # Far quicker than reading the header of every message.
        if any(sip_call_id in message for sip_call_id in legs):
            leg = legs.get(_value(message, _CALL_ID))
            if leg is not None:
                yield leg, entry


def _step(leg: int, entry: _Message, began: float) -> dict[str, Any]:
    monotonic, is_sent, peer, message = entry
    host, port = peer[:2]
    return {
        "ms": round((monotonic - began) * 1000),
        "leg": leg,
        "sent": is_sent,
        "peer": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "transport": transport_of(peer),
        "start": message,
        "cseq": printable(_value(message, _CSEQ).decode("utf-8", "backslashreplace")),
        "body": not message.endswith(b"\r\n\r\n"),
    }


def _value(message: bytes, pattern: re.Pattern[bytes]) -> bytes:
    found = pattern.search(message)
    return found[1] if found else b""
