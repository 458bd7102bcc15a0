"""The four machines, walked through the full product of states and inputs (RFC 3261 §17, RFC 6026 §7)."""

from itertools import product

import pytest
from network import tokens
from sip_peer import PEER, request_text

from chakka.sip.agent_core import Core, Identity
from chakka.sip.message import parse
from chakka.sip.timers import Timers
from chakka.sip.transaction import ClientTransaction, ServerTransaction
from chakka.sip.transaction_message import RequestHead, echo
from chakka.sip.transaction_tables import (
    INVITE_CLIENT,
    INVITE_SERVER,
    OTHER_CLIENT,
    OTHER_SERVER,
    Effect,
    Input,
    State,
)

TABLES = {
    "INVITE client": INVITE_CLIENT,
    "other client": OTHER_CLIENT,
    "INVITE server": INVITE_SERVER,
    "other server": OTHER_SERVER,
}
# The alphabet of each machine: what can reach it at all.
RESPONSES = {Input.RESPONSE_1XX, Input.RESPONSE_2XX, Input.RESPONSE_FAILURE, Input.TRANSPORT_ERROR}
SENDINGS = {Input.SEND_1XX, Input.SEND_2XX, Input.SEND_FAILURE}


def core() -> Core:
    identity = Identity(contact="sip:192.0.2.1:5060", via_host="192.0.2.1:5060", product="chakka-test")
    return Core(identity, Timers(), tokens("t"))


def client(method: str) -> ClientTransaction:
    transaction = ClientTransaction(core(), "z9hG4bKx", method, None)
    head = RequestHead(
        "sip:a@192.0.2.2", "SIP/2.0/UDP h;branch=z9hG4bKx", "<sip:b@c>;tag=1", "<sip:d@e>", "i", 1
    )
    transaction.start(head, head.request(method), PEER, 0.0)
    return transaction


def server(method: str) -> ServerTransaction:
    request = parse(request_text(method))
    return ServerTransaction(core(), ("key",), request, echo(request, PEER))  # type: ignore[arg-type]


MACHINES = {
    "INVITE client": lambda: client("INVITE"),
    "other client": lambda: client("OPTIONS"),
    "INVITE server": lambda: server("INVITE"),
    "other server": lambda: server("OPTIONS"),
}


@pytest.mark.parametrize(
    ("machine", "state", "happened"),
    [(machine, *pair) for machine in TABLES for pair in product(State, Input)],
)
def test_each_pair_has_a_row_or_raises(machine: str, state: State, happened: Input) -> None:
    transaction = MACHINES[machine]()
    transaction.state = state
    row = TABLES[machine].get((state, happened))
    if row is None:
        with pytest.raises(KeyError):
            transaction.step(happened, None, 0.0)
    else:
        transaction.step(happened, None, 0.0)
        assert transaction.state is row[0]


@pytest.mark.parametrize("machine", TABLES)
def test_every_state_takes_every_message_of_the_network(machine: str) -> None:
    table = TABLES[machine]
    states = {state for state, _ in table}
    from_network = RESPONSES if "client" in machine else {Input.REQUEST}
    if machine == "INVITE server":
        from_network = {Input.REQUEST, Input.ACK}
    assert [pair for pair in product(states, from_network) if pair not in table] == []


@pytest.mark.parametrize("machine", TABLES)
def test_every_machine_comes_to_its_end_from_every_state(machine: str) -> None:
    table = TABLES[machine]
    ending = {State.TERMINATED}
    for _ in State:
        ending |= {state for (state, _), (target, _) in table.items() if target in ending}
    assert {state for state, _ in table} <= ending


@pytest.mark.parametrize("machine", TABLES)
def test_a_timer_that_has_a_row_is_started_by_a_row_or_at_the_start(machine: str) -> None:
    table = TABLES[machine]
    started = {
        effect.value for _, effects in table.values() for effect in effects if effect.name.startswith("START")
    }
    named = {word for text in started for word in text.replace("Timers", "Timer").split() if len(word) == 1}
    at_start = {"INVITE client": {"A", "B"}, "other client": {"E", "F"}}.get(machine, set())
    used = {happened.value[-1] for _, happened in table if happened.value.startswith("Timer")}
    assert used == named | at_start


def test_rfc_6026_2xx_leads_to_accepted_and_not_to_terminated() -> None:
    assert INVITE_CLIENT[State.PROCEEDING, Input.RESPONSE_2XX][0] is State.ACCEPTED
    assert INVITE_SERVER[State.PROCEEDING, Input.SEND_2XX] == (State.ACCEPTED, (Effect.SEND, Effect.START_L))


def test_rfc_6026_every_2xx_in_accepted_reaches_the_user_and_every_invite_is_absorbed() -> None:
    assert INVITE_CLIENT[State.ACCEPTED, Input.RESPONSE_2XX] == (State.ACCEPTED, (Effect.REPORT,))
    assert INVITE_SERVER[State.ACCEPTED, Input.REQUEST] == (State.ACCEPTED, ())


def test_the_user_cannot_send_two_final_failures() -> None:
    transaction = server("INVITE")
    transaction.respond(486, "tag", "", b"", 0.0)
    with pytest.raises(KeyError):
        transaction.respond(480, "tag", "", b"", 0.0)


@pytest.mark.parametrize("sending", sorted(SENDINGS))
def test_no_response_can_be_sent_on_a_completed_options(sending: Input) -> None:
    assert (State.COMPLETED, sending) not in OTHER_SERVER
