"""What once went wrong in calls, each under the name of its symptom."""

from exchange import CALLER, Exchange
from routing_contracts import NAGOYA, OSAKA, TOKYO, contract, overflow

from chakka.media.control import Open, Opened, Refused

PICK_UP_S = 1.0


def guided(**settings: object) -> Exchange:
    return Exchange(contract(overflow(TOKYO, OSAKA), guidance=True), **settings)  # type: ignore[arg-type]


def tell_media(exchange: Exchange, event: Opened | Refused) -> None:
    plane = exchange.plane
    plane.plane.media(event, plane.at(exchange.network.now))


def to_caller(exchange: Exchange, start: bytes) -> list[bytes]:
    return [data for _, _, to, data in exchange.network.sent if to == CALLER and data.startswith(start)]


def test_streams_wait_as_long_as_all_lines_together_may_ring() -> None:
    exchange = Exchange(contract(overflow(TOKYO, OSAKA, NAGOYA, ring_seconds=120), guidance=True))
    exchange.dial()
    longest = 120 + 120 + 180
    assert all(one.idle_s >= longest for one in exchange.plane.said(Open))
