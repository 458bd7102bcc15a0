"""A call plane in this process without network, disk or clock, between a scripted caller and line."""

import os
import re
from pathlib import Path
from random import Random

from chakka import facts
from chakka.callplane.instant import Instant
from chakka.callplane.plane import CallPlane, Sources
from chakka.config_text import parse_config
from chakka.records.entries import encode
from chakka.sip.agent import UserAgent
from sipp import canned, node, text

PORT, LINE_PORT = 5060, 5071
_TAG = re.compile(rb"\r\nTo: [^\r]*(;tag=[^\r;]*)")


class Rehearsal:
    """Carries datagrams between the call plane and its scripted peers; entries are durable at once.

    moment: seconds on the only clock there is.
    """

    def __init__(self) -> None:
        config = parse_config(node.configuration(PORT, LINE_PORT).encode(), Path("nowhere"))
        random = Random(1)
        agent = UserAgent(
            contact="sip:127.0.0.1:5060",
            via_host="127.0.0.1:5060",
            timers=config.timers,
            token=lambda: random.randbytes(8).hex(),
            product="chakka",
        )
        _, plan = node.compiled(node.contract())
        sources = Sources(table=facts.numbering_table(), read_plan=lambda _: plan, randomness=os.urandom)
        self.plane = CallPlane(config, agent, sources)
        self.moment = 1_000.0
        self.tags: dict[str, str] = {}

    def set_up(self, call: str) -> None:
        """Make one call until the caller's ACK."""
        answer = self._bring(text.invite(call))
        found = _TAG.search(answer)
        assert answer.startswith(b"SIP/2.0 200") and found, answer
        self.tags[call] = found[1].decode()
        self._bring(text.in_dialog("ACK", call, 1, self.tags[call]))

    def release(self, call: str) -> None:
        """Hang one call up from the caller's side."""
        answer = self._bring(text.in_dialog("BYE", call, 2, self.tags.pop(call)))
        assert answer.startswith(b"SIP/2.0 200"), answer

    def wait(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        until = self.moment + seconds
        while (due := self.plane.next_timer()) <= until:
            self.moment = max(due, self.moment)
            self.plane.handle_timer(self._now())
            self._carry()
        self.moment = until

    def _bring(self, datagram: bytes) -> bytes:
        """Bring a datagram of the caller; return the last one that goes back to it."""
        self.plane.datagram(datagram, ("127.0.0.1", text.CALLER_PORT), self._now())
        return self._carry()

    def _carry(self) -> bytes:
        """Carry all effects out until none is left, as the edge does."""
        last, outbox = b"", self.plane.outbox
        while True:
            told = [(encode(entry), call) for entry, call in outbox.take_entries()]
            datagrams = self.plane.take_datagrams(self.moment)
            self.plane.take_feed(self.moment)
            if not told and not datagrams:
                return last
            for _, call in told:
                if call is not None:
                    self.plane.stored(call, True, self._now())
            for data, destination in datagrams:
                if destination[1] == text.CALLER_PORT:
                    last = data
                for answer in canned.answers(data, LINE_PORT) if destination[1] == LINE_PORT else ():
                    self.plane.datagram(answer, destination, self._now())

    def _now(self) -> Instant:
        return Instant(self.moment, int(1_795_000_000_000 + self.moment * 1000))
