"""Who said what to whom when: the SIP messages of recent calls, for `chakka ladder`.

Kept is little: the start line, CSeq, time and peer of each message, and no header that names a person. Of a
message that belongs to no call of ours, nothing.
"""

import re
from collections import OrderedDict
from typing import Any

from chakka.callplane.instant import Instant
from chakka.callplane.shown import printable, start_line
from chakka.localtime import jst_iso
from chakka.sip.address import Address, transport_of

# Of one call; whoever repeats himself for hours must not drive out all others.
_MOST_OF_A_CALL = 300
_LONGEST = 160
_CALL_ID = b"\r\nCall-ID: "
_CSEQ = b"\r\nCSeq: "
# RFC 3261 §7.3.1: names in any case, blanks around the colon; §7.3.3: `i` is Call-ID.
_ANY_CALL_ID = re.compile(rb"\r\n(?:Call-ID|i)[ \t]*:[ \t]*([!-~]+)", re.IGNORECASE)
_ANY_CSEQ = re.compile(rb"\r\nCSeq[ \t]*:[ \t]*([^\r]*)", re.IGNORECASE)


# One message: when (monotonic), leg (0 is the caller's, then branch by branch), whether we sent it, the peer,
# start line and CSeq as on the wire, whether it has a body. A plain tuple: made for every message.
Step = tuple[float, int, bool, Address, bytes, bytes, bool]


class Ladder:
    """The messages of one call. left_out: how many came after the most that are kept."""

    __slots__ = ("began", "called_number", "calling_number", "left_out", "lines", "sip_call_ids", "steps")

    def __init__(self, called_number: str, calling_number: str, began: Instant) -> None:
        self.called_number = called_number
        self.calling_number = calling_number
        self.began = began
        self.lines: list[str] = []
        self.sip_call_ids: list[bytes] = []
        self.steps: list[Step] = []
        self.left_out = 0


class Ladders:
    """The ladders of recent calls. The oldest goes when there are more than `most` messages; 0: none."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept = 0
        self._ladders: OrderedDict[str, Ladder] = OrderedDict()
        self._legs: dict[bytes, tuple[Ladder, int]] = {}

    def begin(self, call_id: str, sip_call_id: str, ladder: Ladder) -> None:
        """Keep the messages of a call from now on. calling_number of the ladder: as it may be shown."""
        if self._most:
            self._ladders[call_id] = ladder
            self._add(ladder, sip_call_id)

    def add_line(self, call_id: str, sip_call_id: str, number: str) -> None:
        """Keep the messages of a branch towards a line too."""
        ladder = self._ladders.get(call_id)
        if ladder is not None:
            ladder.lines.append(number)
            self._add(ladder, sip_call_id)

    def _add(self, ladder: Ladder, sip_call_id: str) -> None:
        octets = sip_call_id.encode("utf-8", "surrogateescape")
        self._legs[octets] = ladder, len(ladder.sip_call_ids)
        ladder.sip_call_ids.append(octets)

    def note(self, message: bytes, peer: Address, monotonic: float, *, is_sent: bool) -> None:
        """Keep a message if it belongs to a call; takes about a microsecond."""
        # Nearly all write these headers the usual way and on adjacent lines.
        at = message.find(_CALL_ID) + len(_CALL_ID)
        end = message.find(b"\r\n", at)
        is_usual = at >= len(_CALL_ID)
        found = self._legs.get(message[at:end] if is_usual else _value(message, _ANY_CALL_ID))
        if found is None:
            return
        ladder, leg = found
        if len(ladder.steps) >= _MOST_OF_A_CALL:
            ladder.left_out += 1
            return
        at = message.find(_CSEQ, end) + len(_CSEQ)
        is_usual = at >= len(_CSEQ)
        cseq = message[at : message.find(b"\r\n", at)] if is_usual else _value(message, _ANY_CSEQ)
        end = message.find(b"\r\n", 0, _LONGEST)
        start = message[:end] if end > 0 else message[:_LONGEST]
        has_body = not message.endswith(b"\r\n\r\n")
        ladder.steps.append((monotonic, leg, is_sent, peer, start, cseq[:_LONGEST], has_body))
        self._kept += 1
        if self._kept > self._most:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        _, ladder = self._ladders.popitem(last=False)
        self._kept -= len(ladder.steps)
        for sip_call_id in ladder.sip_call_ids:
            # A later call of a peer that repeats its Call-IDs may have taken the place.
            found = self._legs.get(sip_call_id)
            if found is not None and found[0] is ladder:
                del self._legs[sip_call_id]

    def document(self, call_id: str) -> dict[str, Any] | None:
        """Return a call's ladder as JSON-ready facts, None when it is not kept (any more).

        legs:     names of the columns besides chakka's own: the caller, then line numbers.
        messages: ms since the INVITE; sent = by chakka; numbers but those of the service are hidden.
        """
        ladder = self._ladders.get(call_id)
        if ladder is None:
            return None
        return {
            "call_id": call_id,
            "called_number": printable(ladder.called_number),
            "calling_number": ladder.calling_number,
            "began_at": jst_iso(ladder.began.utc_ms),
            "legs": ["caller", *ladder.lines],
            "messages": [_message(ladder, step) for step in ladder.steps],
            "left_out": ladder.left_out,
        }


def _message(ladder: Ladder, step: Step) -> dict[str, Any]:
    monotonic, leg, is_sent, peer, start, cseq, has_body = step
    host, port = peer[:2]
    return {
        "ms": round((monotonic - ladder.began.monotonic) * 1000),
        "leg": leg,
        "sent": is_sent,
        "peer": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "transport": transport_of(peer),
        "start": start_line(start, {ladder.called_number, *ladder.lines}),
        "cseq": printable(cseq.decode("utf-8", "backslashreplace")),
        "body": has_body,
    }


def _value(message: bytes, pattern: re.Pattern[bytes]) -> bytes:
    found = pattern.search(message)
    return found[1] if found else b""
