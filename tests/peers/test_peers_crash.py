"""kill -9 before anybody has answered: every call that was let in has its record (reliability.md §1)."""

import re
from collections.abc import Callable

from peer_node import Node, wait_until
from peer_plans import business
from peer_sipp import Sipps
from peer_steps import G711_ANSWER, await_request, hear, invite, pause, reply, sdp

from chakka.cli.status_page import ask
from chakka.records.entries import decode
from chakka.records.left_open import TEMPORARY_FAILURE
from chakka.records.model import Counted
from chakka.stores.journal_reader import JournalEntry, read_entries

HOLDS_ON_MS = 30_000
# Nothing final comes before the crash.
WAITS_LONG = [invite(), *(hear(status, optional=True) for status in (100, 180, 183)), hear(200)]
RINGS_ON = [await_request("INVITE"), reply(180, "Ringing"), pause(HOLDS_ON_MS)]
PICKS_UP = [
    await_request("INVITE"),
    reply(180, "Ringing"),
    reply(200, "OK", body=sdp(*G711_ANSWER), repeats=True),
    await_request("ACK"),
    pause(HOLDS_ON_MS),
]


def states(node: Node) -> dict[str, int]:
    """Return how many calls the call plane has in which state."""
    page = ask(node.config.status_socket, "/metrics").body.decode()
    found = re.findall(r'^chakka_calls\{state="([a-z]+)"\} (\d+)', page, re.MULTILINE)
    return {state: int(calls) for state, calls in found if calls != "0"}


def test_calls_that_ring_hear_an_announcement_or_are_guided_at_kill_9_have_one_record_each(
    new_node: Callable[[], Node], sipp_on: Callable[[Node], Sipps]
) -> None:
    node = new_node()
    sipp = sipp_on(node)
    guided, (picking_up,) = business(node, guidance=True)
    closed = node.new_number()
    ringing, (silent,) = business(node)
    sipp.line(picking_up, PICKS_UP)
    sipp.line(silent, RINGS_ON)
    sipp.caller(guided, WAITS_LONG)
    # Each from a host of its own: SIPp takes ports for sound beside its own port.
    sipp.caller(closed, WAITS_LONG, host=node.network.plain_carrier)
    wait_until(lambda: states(node) == {"guiding": 1, "playing": 1}, "a guidance and an announcement")
    sipp.caller(ringing, WAITS_LONG, host=node.network.doubtful_carrier)
    wait_until(lambda: states(node).get("hunting"), "a line rings")
    for number in (guided, closed, ringing):
        wait_until(lambda number=number: node.calls(number), f"the ledger knows of the call to {number}")
        assert node.calls(number)[0].record.released_at_ms is None
    node.kill("callplane")
    node.start_one("callplane")
    node.wait_until_it_serves(within_s=3.0)

    records = {number: node.the_call(number).record for number in (guided, closed, ringing)}
    assert {number: str(record.reason) for number, record in records.items()} == {
        guided: "fault",
        closed: "number_not_in_service",
        ringing: "fault",
    }
    for record in records.values():
        assert (record.answered_at_ms, record.status, record.cause) == (None, 0, TEMPORARY_FAILURE)
        assert (record.estimated, record.fault) == (True, True)
    assert [leg.destination for leg in records[ringing].facts.legs] == [silent.number]
    assert node.calls(ringing)[0].rated is None


def test_a_node_that_stops_in_order_has_counted_every_call(
    new_node: Callable[[], Node], sipp_on: Callable[[Node], Sipps]
) -> None:
    node = new_node()
    number, (line,) = business(node)
    sipp = sipp_on(node)
    sipp.line(line, RINGS_ON)
    sipp.caller(number, WAITS_LONG)
    wait_until(lambda: states(node) == {"hunting": 1}, "a line rings")
    node.terminate("callplane")
    found = [
        decode(one.payload) for one in read_entries(node.config.journal) if isinstance(one, JournalEntry)
    ]
    counted = [entry for entry in found if isinstance(entry, Counted)]
    assert sum(entry.calls for entry in counted) == 1
    assert [entry.is_last for entry in counted] == [*(False for _ in counted[1:]), True]
