"""A side that vanishes: both legs and the record are closed within 300 seconds (reliability.md §2)."""

import pytest
from exchange import CALLER, FIRST_LINE, PLANE, Exchange
from network import Address
from routing_contracts import TOKYO, contract, to

from chakka.records.model import ReleasedBy


def talking() -> Exchange:
    exchange = Exchange(contract(to(TOKYO)))
    exchange.dial()
    exchange.run(5.0)
    return exchange


@pytest.mark.parametrize("vanished", [CALLER, FIRST_LINE])
def test_a_side_that_vanishes_ends_the_call_on_the_other_within_300_seconds(vanished: Address) -> None:
    exchange = talking()
    cut_at = exchange.network.now
    exchange.network.keep = lambda source, to, data: vanished not in (source, to)
    exchange.run(300.0)
    other = FIRST_LINE if vanished == CALLER else CALLER
    record = exchange.record
    assert record.released_by is ReleasedBy.US
    assert record.cause == 102
    assert exchange.byes == [other]
    assert exchange.network_moment_to(other, b"BYE") - cut_at < 300.0
    assert not exchange.plane.plane.calls


def test_a_quiet_call_of_an_hour_is_kept_up_by_refreshes() -> None:
    exchange = talking()
    exchange.run(3600.0)
    assert len(exchange.plane.plane.calls) == 1
    refreshed = [
        data for _, source, _, data in exchange.network.sent if source != PLANE and b"UPDATE" in data[:8]
    ]
    assert len(refreshed) >= 20
