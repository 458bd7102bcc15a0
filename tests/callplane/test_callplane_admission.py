"""Calls let in per number and per stranger: reliability.md §1, §2 (one number flooded)."""

import msgspec
import pytest
from exchange import CALLER, FIRST_LINE, FREEPHONE, OFFER, PLANE, SECOND_LINE, STRANGER, Exchange
from exchange import LINES as LINE_ADDRESSES
from network import user_agent
from routing_contracts import OSAKA, TOKYO, contract, to

import chakka.callplane.admission as admission_module
from chakka.callplane.admission import Admission
from chakka.config import CallTimers, Config, Trunk
from chakka.contract.model import Line
from chakka.records.model import Shed
from chakka.sip.agent import Outgoing, UserAgent
from chakka.sip.message import Request, parse

OTHER = "0120999999"
LINES = (
    Line(id="tokyo", channels=500, numbers=(TOKYO,)),
    Line(id="osaka", channels=500, numbers=(OSAKA,)),
)
TRUNK = Trunk(name="carrier", hosts=(CALLER[0],))


def admission(per_number: int = 2, per_stranger: int = 1) -> Admission:
    calls = CallTimers(per_number_per_second=per_number, per_stranger_per_second=per_stranger)
    return Admission(Config(trunks=(TRUNK,), calls=calls), lambda size: bytes(size))


def invite(number: str = FREEPHONE) -> Request:
    parsed = parse(
        f"INVITE sip:{number}@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
        f"From: <sip:0422511234@192.0.2.1>;tag=1\r\nTo: <sip:{number}@192.0.2.9>\r\n"
        "Call-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n".encode()
    )
    assert isinstance(parsed, Request)
    return parsed


def let_in(gate: Admission, times: int, source: tuple[str, int] = CALLER, at: float = 0.0) -> int:
    """Return how many of so many INVITEs at one moment are let in."""
    return sum(gate.refusal(invite(), source, at) is None for _ in range(times))


def test_a_number_gets_so_many_calls_in_any_second() -> None:
    gate = admission(per_number=2)
    assert [let_in(gate, 5, at=at) for at in (0.0, 0.5, 1.0, 1.5)] == [2, 0, 2, 0]


def test_one_number_takes_nothing_from_another() -> None:
    gate = admission(per_number=2)
    let_in(gate, 100)
    assert gate.refusal(invite(OTHER), CALLER, 0.0) is None


def test_a_stranger_cannot_use_up_what_a_number_may_get() -> None:
    gate = admission(per_number=2, per_stranger=50)
    assert let_in(gate, 100, STRANGER) == 50
    assert let_in(gate, 2) == 2


def test_one_stranger_takes_nothing_from_another() -> None:
    gate = admission(per_stranger=1)
    assert let_in(gate, 10, STRANGER) == 1
    assert let_in(gate, 10, ("192.0.2.67", 5060)) == 1
    assert let_in(gate, 10, (STRANGER[0], 40_000)) == 0


def test_zero_is_no_bound() -> None:
    gate = admission(per_number=0, per_stranger=0)
    assert let_in(gate, 500) == let_in(gate, 500, STRANGER) == 500


def test_the_refusal_is_503_with_retry_after_and_cause_42() -> None:
    gate = admission(per_number=0)
    gate.is_overloaded = True
    refusal = gate.refusal(invite(), CALLER, 0.0)
    assert refusal is not None
    assert (refusal.status, refusal.lines.startswith("Retry-After: 1\r\n")) == (503, True)
    assert "Q.850;cause=42" in refusal.lines


@pytest.mark.parametrize("byte", range(256))
def test_retry_after_is_one_to_ten_seconds(byte: int) -> None:
    gate = Admission(Config(), lambda size: bytes([byte] * size))
    gate.is_overloaded = True
    refusal = gate.refusal(invite(), CALLER, 0.0)
    assert refusal is not None
    assert 1 <= int(refusal.lines.split("\r\n")[0].removeprefix("Retry-After: ")) <= 10


def test_calls_not_let_in_are_counted_by_number_and_minute() -> None:
    gate = admission(per_number=1)
    assert not list(gate.take_shed(60_000))
    let_in(gate, 4)
    gate.refusal(invite(OTHER), CALLER, 0.0)
    gate.refusal(invite(OTHER), CALLER, 0.0)
    assert not list(gate.take_shed(119_999))
    assert list(gate.take_shed(120_000)) == [
        Shed(minute_ms=60_000, number=FREEPHONE, calls=3),
        Shed(minute_ms=60_000, number=OTHER, calls=1),
    ]
    assert not list(gate.take_shed(180_000))


def test_dialling_at_random_does_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission_module, "_MOST_NAMED", 3)
    gate = admission()
    gate.is_overloaded = True
    list(gate.take_shed(0))
    for place in range(10):
        gate.refusal(invite(f"012000000{place}"), CALLER, 0.0)
    shed = {one.number: one.calls for one in gate.take_shed(60_000)}
    assert len(shed) == 4
    assert shed["others"] == 7


def test_calls_not_let_in_when_the_node_stops_are_counted_too() -> None:
    gate = admission(per_number=1)
    list(gate.take_shed(60_000))
    let_in(gate, 3)
    assert list(gate.take_shed(None)) == [Shed(minute_ms=60_000, number=FREEPHONE, calls=2)]


def test_whom_a_line_calls_is_not_named_when_its_call_is_not_let_in() -> None:
    gate = Admission(Config(lines=LINE_ADDRESSES), bytes)
    gate.is_overloaded = True
    for number in ("09012345678", TOKYO):
        gate.refusal(invite(number), CALLER, 0.0)
    assert {one.number for one in gate.take_shed(60_000)} == {"others", TOKYO}


@pytest.mark.parametrize("uri", ["tel:+81120123456", "sip:192.0.2.9", "sip:%ff@192.0.2.9", "sip:a@b"])
def test_whatever_is_dialled_is_counted_somewhere(uri: str) -> None:
    request = parse(invite().to_bytes().replace(f"sip:{FREEPHONE}@192.0.2.9 ".encode(), f"{uri} ".encode()))
    assert isinstance(request, Request)
    gate = admission(per_number=1)
    assert gate.refusal(request, CALLER, 0.0) is None
    assert gate.refusal(request, CALLER, 0.0) is not None


def flooded(per_number: int) -> Exchange:
    """Two numbers; the first gets five times what it may, the other one call in 100 ms, for 4 s."""
    calls = CallTimers(per_number_per_second=per_number)
    other = msgspec.structs.replace(contract(to(OSAKA), lines=LINES), number=OTHER)
    exchange = Exchange(contract(to(TOKYO), lines=LINES), other, calls=calls)
    for _ in range(40):
        for _ in range(per_number * 5 // 10):
            flood(exchange)
        exchange.dial(OTHER)
    exchange.run(3.0)
    return exchange


def flood(exchange: Exchange, caller: UserAgent | None = None) -> None:
    """One more INVITE, without waiting for what becomes of it."""
    outgoing = Outgoing(
        request_uri=f"sip:{FREEPHONE}@192.0.2.9",
        destination=PLANE,
        from_="<sip:0422511234@192.0.2.1>",
        to=f"<sip:{FREEPHONE}@192.0.2.9>",
        body=OFFER,
    )
    (caller or exchange.caller).invite(outgoing, exchange.network.now)


def test_a_flooded_number_is_capped_and_every_call_to_another_succeeds() -> None:
    exchange = flooded(per_number=20)
    assert len(exchange.invites(SECOND_LINE)) == 40
    answered = [record.destination for record in exchange.records if record.answered_at_ms]
    assert answered.count(OSAKA) == 40
    assert 80 <= len(exchange.invites(FIRST_LINE)) <= 100
    assert {failed.status for failed in exchange.refusals} == {503}


def test_what_is_not_let_in_leaves_nothing_behind() -> None:
    exchange = Exchange(contract(to(TOKYO)), calls=CallTimers(per_number_per_second=1))
    exchange.dial()
    flood(exchange)
    exchange.run(1.0)
    assert [failed.status for failed in exchange.refusals] == [503]
    assert len(exchange.plane.plane.calls) == 1
    exchange.run(60.0)
    shed = [one for one in exchange.plane.shown if one["kind"] == "shed"]
    assert [(one["number"], one["calls"]) for one in shed] == [(FREEPHONE, 1)]


def test_a_stranger_that_floods_gets_one_answer_for_each_invite_and_calls_go_on() -> None:
    exchange = Exchange(contract(to(TOKYO)), calls=CallTimers(per_stranger_per_second=5))
    stranger = user_agent("stranger", STRANGER)
    exchange.network.agents[STRANGER] = stranger
    for _ in range(30):
        flood(exchange, stranger)
    exchange.run(0.3)
    answers = [data.split(b" ")[1] for _, _, to, data in exchange.network.sent if to == STRANGER]
    assert (answers.count(b"403"), answers.count(b"503")) == (5, 25)
    exchange.dial()
    exchange.run(2.0)
    assert exchange.answers
