"""Two user agents on a network that loses, delays and repeats datagrams, all by one seed and one clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from chakka.sip.address import Address, Flow
from chakka.sip.agent import Outgoing, UserAgent
from chakka.sip.events import Event
from chakka.sip.message import Request, Response, parse
from chakka.sip.timers import Timers

ALICE: Address = ("192.0.2.1", 5060)
BOB: Address = ("192.0.2.2", 5060)
# The port that a connection is opened from.
EPHEMERAL = 49_152


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How the network treats each datagram; times in seconds. Streams only take their time."""

    loss: float = 0.0
    duplicates: float = 0.0
    delay: float = 0.01
    jitter: float = 0.0


def tokens(name: str) -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{name}{next(numbers):08d}"


def user_agent(name: str, address: Address, timers: Timers | None = None, **options: object) -> UserAgent:
    host, port = address[0], address[1]
    return UserAgent(
        contact=f"sip:{host}:{port}",
        via_host=f"{host}:{port}",
        timers=timers or Timers(),
        token=tokens(name),
        product="chakka-test",
        listening={"tcp": f"{host}:{port}", "tls": f"{host}:{port + 1}"},
        **options,  # type: ignore[arg-type]
    )


@dataclass
class Network:
    """The link, the agents on it by address, and everything that was ever sent or reported."""

    agents: dict[Address, UserAgent]
    link: Link = field(default_factory=Link)
    seed: int = 0
    now: float = 0.0
    sent: list[tuple[float, Address, Address, bytes]] = field(default_factory=list)
    events: list[tuple[Address, Event]] = field(default_factory=list)
    on_event: Callable[[Address, Event], None] | None = None
    keep: Callable[[Address, Address, bytes], bool] = lambda source, to, data: True

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._flying: list[tuple[float, int, Address, Address, bytes]] = []
        self._last_arrival: dict[tuple[Address, str], float] = {}
        self._order = count()

    def settle(self) -> None:
        """Carry what the agents have to send and tell, until they are quiet."""
        busy = True
        while busy:
            busy = False
            for address, agent in self.agents.items():
                for event in agent.take_events():
                    busy = True
                    self.events.append((address, event))
                    if self.on_event is not None:
                        self.on_event(address, event)
                for data, to in agent.take_datagrams():
                    busy = True
                    self._carry(address, to, data)
                for data, flow in agent.take_stream_messages():
                    busy = True
                    self._carry_in_order(address, flow, data)

    def run(self, until: float) -> None:
        """Let time pass up to `until`."""
        self.settle()
        while (moment := self._next()) is not None and moment <= until:
            self.now = max(self.now, moment)
            while self._flying and self._flying[0][0] <= self.now:
                _, _, source, to, data = heappop(self._flying)
                if to in self.agents:
                    self.agents[to].receive(data, source, self.now)
                self.settle()
            for agent in self.agents.values():
                due = agent.next_timer()
                if due is not None and due <= self.now:
                    agent.handle_timer(self.now)
                    self.settle()
        self.now = until

    def messages(self, *, source: Address | None = None) -> Iterator[tuple[float, Request | Response]]:
        """Return what was sent, parsed, with its moment."""
        for moment, sender, _, data in self.sent:
            if source is None or sender == source:
                yield moment, parse(data)

    def told(self, address: Address) -> list[Event]:
        return [event for where, event in self.events if where == address]

    def _next(self) -> float | None:
        moments = [due for agent in self.agents.values() if (due := agent.next_timer()) is not None]
        if self._flying:
            moments.append(self._flying[0][0])
        return min(moments, default=None)

    def _carry_in_order(self, source: Address, to: Flow, data: bytes) -> None:
        """Carry a message over a stream: nothing is lost and nothing overtakes."""
        self.sent.append((self.now, source, to, data))
        if not self.keep(source, to, data):
            return
        wait = self.link.delay + self._dice.uniform(0.0, self.link.jitter)
        arrival = max(self.now + wait, self._last_arrival.get((source, to.host), 0.0))
        self._last_arrival[source, to.host] = arrival
        receiver = next(address for address in self.agents if address[0] == to.host)
        seen = Flow(source[0], EPHEMERAL, to.transport)
        heappush(self._flying, (arrival, next(self._order), seen, receiver, data))

    def _carry(self, source: Address, to: Address, data: bytes) -> None:
        self.sent.append((self.now, source, to, data))
        if not self.keep(source, to, data):
            return
        copies = 2 if self._dice.random() < self.link.duplicates else 1
        for _ in range(copies):
            if self._dice.random() >= self.link.loss:
                wait = self.link.delay + self._dice.uniform(-self.link.jitter, self.link.jitter)
                heappush(self._flying, (self.now + max(0.0, wait), next(self._order), source, to, data))


def pair(link: Link | None = None, seed: int = 0, timers: Timers | None = None) -> Network:
    """Return Alice and Bob on a network."""
    agents = {ALICE: user_agent("a", ALICE, timers), BOB: user_agent("b", BOB, timers)}
    return Network(agents, link or Link(), seed)


def to_bob(**changes: object) -> Outgoing:
    """Return what Alice sends to Bob."""
    parts: dict[str, object] = {
        "request_uri": "sip:0120000000@192.0.2.2",
        "destination": BOB,
        "from_": "<sip:0312345678@192.0.2.1>",
        "to": "<sip:0120000000@192.0.2.2>",
        "body": b"v=0\r\n",
    }
    if isinstance(changes.get("destination"), Flow):
        parts["request_uri"] = "sip:0120000000@192.0.2.2;transport=tcp"
    return Outgoing(**(parts | changes))  # type: ignore[arg-type]


def start_line(data: bytes) -> str:
    return data.partition(b"\r\n")[0].decode()
