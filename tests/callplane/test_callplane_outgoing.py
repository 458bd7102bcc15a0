"""Calls that lines make and calls to line numbers: outside the service (R2.8, signalling.md §4)."""

from __future__ import annotations

import pytest
from calling_lines import DATA, FRIEND, NOTIFYING, VIDEO, CallingOffice, presented
from exchange import CALLER, FIRST_LINE, FREEPHONE, PLANE, SECOND_LINE, STRANGER, TUESDAY_10_MS, Telephone
from network import user_agent
from routing_contracts import OSAKA, SHIBUYA, TOKYO, contract, overflow, to

from chakka.callplane.bindings import Binding
from chakka.config import Address, LineAddress, Trunk
from chakka.contract.model import Line
from chakka.media.control import Play
from chakka.records.model import CallKind, Record
from chakka.routing.attempt import Presentation
from chakka.routing.caller_shown import masked
from chakka.routing.decision import Outcome, Reason
from chakka.sip import digest_client, digest_server, events
from chakka.sip.digest import Algorithm, Credentials
from chakka.stores.live_store import KeepNotification

ONE_CHANNEL = contract(
    overflow(TOKYO, OSAKA),
    lines=(
        Line(id="tokyo", channels=1, numbers=(TOKYO, SHIBUYA)),
        Line(id="osaka", channels=1, numbers=(OSAKA,)),
    ),
)
SPARE: tuple[str, int] = ("192.0.2.2", 5060)


def outgoing(office: CallingOffice) -> Record:
    (record,) = [one for one in office.records if one.facts.kind is CallKind.OUTGOING]
    return record


# -- a line calls out


def test_a_line_calls_out_talks_and_leaves_one_record() -> None:
    office = CallingOffice(NOTIFYING)
    call = office.dial_out(FRIEND)
    office.run(5)
    call.bye(office.network.now)
    office.run(1)
    record = office.record
    assert (record.facts.kind, record.facts.line, record.destination) == (CallKind.OUTGOING, TOKYO, FRIEND)
    assert (record.reason, record.is_confirmed, record.released_by) == (Reason.OK, True, "caller")
    assert record.conversation_ms == pytest.approx(4200, abs=200)
    assert office.byes == [CALLER]


def test_the_invite_to_the_trunk_is_ours_from_the_first_line() -> None:
    office = CallingOffice(NOTIFYING)
    office.dial_out(FRIEND)
    invite = office.sent_out
    assert invite.uri == f"sip:{FRIEND}@192.0.2.1:5060"
    assert invite.from_.uri == f"sip:{TOKYO}@192.0.2.9"
    assert invite.max_forwards == 69
    assert invite.headers.get("History-Info") is None
    assert b"m=audio 4100" in invite.body


def test_numbers_abroad_are_called_in_global_form() -> None:
    office = CallingOffice(NOTIFYING)
    office.dial_out("010442079460000")
    assert office.sent_out.uri == "sip:+442079460000@192.0.2.1:5060"


def test_early_media_of_the_called_network_is_heard() -> None:
    office = CallingOffice(NOTIFYING)
    office.carrier = Telephone(early_media=True)
    office.dial_out(FRIEND)
    assert [one.response.status for one in office.ringing if one.response.status > 100] == [183]
    assert office.ringing[-1].response.body


@pytest.mark.parametrize(("status", "final"), [(404, 404), (486, 486), (603, 603), (500, 480)])
def test_the_line_hears_what_the_trunk_said(status: int, final: int) -> None:
    office = CallingOffice(NOTIFYING)
    office.carrier = Telephone(rings=False, refuses=status)
    office.dial_out(FRIEND)
    office.run(1)
    assert [failed.status for failed in office.refusals] == [final]
    assert office.record.status == final


def test_a_line_that_hangs_up_before_the_answer_ends_the_call_at_the_trunk() -> None:
    office = CallingOffice(NOTIFYING)
    office.carrier = Telephone(answers_after=None)
    call = office.dial_out(FRIEND)
    call.cancel(office.network.now)
    office.run(2)
    assert office.record.reason is Reason.ABANDONED
    assert not office.plane.plane.calls


@pytest.mark.parametrize("body", [DATA, VIDEO], ids=["data", "video"])
@pytest.mark.parametrize("is_on", [False, True], ids=["off", "on"])
def test_r6_3_data_calls_are_refused_with_notification_on_and_off(is_on: bool, body: bytes) -> None:
    office = CallingOffice(NOTIFYING)
    if is_on:
        office.dial_and_listen("1351")
    office.dial_out(FRIEND, body=body)
    assert [failed.status for failed in office.refusals] == [488]
    assert not office.invites(CALLER)
    assert (outgoing(office).reason, outgoing(office).cause) == (Reason.MEDIA_NOT_ACCEPTED, 88)


def test_without_an_outbound_trunk_a_line_is_told_so() -> None:
    carrier = Trunk(name="carrier", hosts=("192.0.2.1",))
    office = CallingOffice(NOTIFYING, trunks=(carrier,))
    office.dial_out(FRIEND)
    (failed,) = office.refusals
    assert failed.status == 503
    assert failed.response is not None
    assert failed.response.headers.get("Warning") == '399 chakka "No outbound trunk is configured"'
    assert (office.record.reason, office.record.facts.trace) == (Reason.UNREACHABLE, (("no_trunk",),))


def test_what_is_no_number_is_told_to_be_none() -> None:
    office = CallingOffice(NOTIFYING)
    office.dial_out("reception")
    office.run(10)
    assert [play.clips[-1] for play in office.plane.said(Play) if isinstance(play, Play)] == [
        "not_in_service"
    ]
    assert [failed.status for failed in office.refusals] == [404]


def test_a_silent_host_of_the_trunk_is_passed_over_for_the_next() -> None:
    trunk = Trunk(name="carrier", hosts=("192.0.2.2", "192.0.2.1"), outbound=True)
    office = CallingOffice(NOTIFYING, trunks=(trunk,))
    office.dial_out(FRIEND)
    office.run(8)
    assert office.answers and office.invites(SPARE)


def test_a_trunk_that_is_silent_everywhere_gives_503() -> None:
    trunk = Trunk(name="carrier", hosts=("192.0.2.2",), outbound=True)
    office = CallingOffice(NOTIFYING, trunks=(trunk,))
    office.dial_out(FRIEND)
    office.run(8)
    assert [failed.status for failed in office.refusals] == [503]
    assert (office.record.reason, office.record.cause) == (Reason.UNREACHABLE, 38)


def test_what_a_trunk_says_of_a_number_is_not_asked_of_its_next_host() -> None:
    trunk = Trunk(name="carrier", hosts=("192.0.2.1", "192.0.2.2"), outbound=True)
    office = CallingOffice(NOTIFYING, trunks=(trunk,))
    office.carrier = Telephone(rings=False, refuses=404)
    office.dial_out(FRIEND)
    office.run(2)
    assert not office.invites(SPARE)
    assert [leg.status for leg in office.record.facts.legs] == [404]


def test_a_trunk_without_room_is_asked_at_its_next_host() -> None:
    trunk = Trunk(name="carrier", hosts=("192.0.2.1", "192.0.2.2"), outbound=True)
    office = CallingOffice(NOTIFYING, trunks=(trunk,))
    office.carrier = Telephone(rings=False, refuses=503)
    office.dial_out(FRIEND)
    office.run(2)
    assert office.invites(SPARE)


def test_a_trunk_that_knows_us_by_a_password_gets_it() -> None:
    trunk = Trunk(
        name="carrier", hosts=("192.0.2.1",), outbound=True, user="chakka", realm="ntt", password="himitsu"
    )

    class Strict(CallingOffice):
        def _ring(self, telephone: Telephone, call: object, offered: bytes, now: float) -> None:
            request = call.request  # type: ignore[attr-defined]
            if request.headers.get("Proxy-Authorization") is None:
                lines = digest_server.challenge("ntt", "n", Algorithm, stale=False)
                call.reject(now, 407, headers=tuple(("Proxy-Authenticate", one) for one in lines))  # type: ignore[attr-defined]
                return
            super()._ring(telephone, call, offered, now)  # type: ignore[arg-type]

    office = Strict(NOTIFYING, trunks=(trunk,))
    office.dial_out(FRIEND)
    office.run(3)
    assert office.answers
    assert 'username="chakka"' in (office.sent_out.headers.get("Proxy-Authorization") or "")


# -- channels


def test_an_outgoing_call_takes_a_channel_of_its_line() -> None:
    office = CallingOffice(ONE_CHANNEL)
    call = office.dial_out(FRIEND)
    office.run(3)
    office.dial()
    office.run(3)
    assert office.records[-1].destination == OSAKA
    call.bye(office.network.now)
    office.run(1)
    office.dial()
    office.run(3)
    assert office.records[-1].destination == TOKYO


def test_a_direct_call_takes_a_channel_of_its_line() -> None:
    office = CallingOffice(ONE_CHANNEL)
    office.dial(SHIBUYA)
    office.run(3)
    office.dial()
    office.run(3)
    assert [record.destination for record in office.records] == [SHIBUYA, OSAKA]


@pytest.mark.parametrize("status", [486, 404, 603])
def test_a_call_that_failed_gives_its_channel_back(status: int) -> None:
    office = CallingOffice(ONE_CHANNEL)
    office.carrier = Telephone(rings=False, refuses=status)
    office.dial_out(FRIEND)
    office.run(1)
    office.dial()
    office.run(3)
    assert office.records[-1].destination == TOKYO


def test_emergency_calls_are_never_refused_for_want_of_a_channel() -> None:
    office = CallingOffice(ONE_CHANNEL)
    office.dial()
    office.run(3)
    office.dial_out("110")
    office.run(3)
    assert len(office.answers) == 2


def test_emergency_calls_are_let_in_when_nothing_else_is() -> None:
    office = CallingOffice(NOTIFYING)
    office.plane.plane.shed_new_calls(True)
    office.dial_out(FRIEND)
    office.dial_out("119")
    office.dial_out("184110")
    office.run(3)
    assert [failed.status for failed in office.refusals] == [503]
    assert len(office.answers) == 2


# -- a line calls a freephone number


def test_a_line_that_dials_a_freephone_number_is_decided_like_any_caller() -> None:
    office = CallingOffice(contract(overflow(TOKYO, SHIBUYA)))
    office.dial_out(FREEPHONE, line=SECOND_LINE, from_=f"<sip:{OSAKA}@192.0.2.22>")
    office.run(3)
    facts = office.record.facts
    assert (facts.kind, facts.line, office.record.destination) == (CallKind.FREEPHONE, OSAKA, TOKYO)
    assert (facts.attempt.calling_number, facts.attempt.caller_class, facts.attempt.charge_area) == (
        OSAKA,
        "fixed",
        "大阪",
    )
    assert not office.invites(CALLER)


def test_a_line_that_withholds_its_number_is_withheld_from_the_subscriber() -> None:
    office = CallingOffice(contract(to(TOKYO), withheld="refuse"))
    office.dial_out(f"184{FREEPHONE}", line=SECOND_LINE, from_=f"<sip:{OSAKA}@192.0.2.22>")
    office.run(12)
    assert office.record.facts.attempt.presentation is Presentation.WITHHELD
    assert not office.invites(FIRST_LINE)


def test_a_line_with_one_channel_that_calls_its_own_freephone_number_is_busy() -> None:
    lines = (Line(id="tokyo", channels=1, numbers=(TOKYO,)),)
    office = CallingOffice(contract(to(TOKYO), lines=lines))
    office.dial_out(FREEPHONE)
    office.run(3)
    assert [failed.status for failed in office.refusals] == [486]


def test_a_freephone_number_of_another_carrier_goes_out_by_the_trunk() -> None:
    office = CallingOffice(NOTIFYING)
    office.dial_out("0120999999")
    assert office.sent_out.uri == "sip:0120999999@192.0.2.1:5060"


# -- a trunk calls a line number


def test_r2_8_a_line_number_stays_a_normal_number() -> None:
    office = CallingOffice(contract(to(TOKYO), guidance=True))
    office.dial(TOKYO)
    office.run(3)
    office.calls[-1].bye(office.network.now)
    office.run(1)
    record = office.record
    assert (record.facts.kind, record.destination, record.facts.plan) == (CallKind.DIRECT, TOKYO, "")
    assert record.facts.trace == (("direct", TOKYO),)
    assert not office.plane.said(Play)


@pytest.mark.parametrize("calling", ["05012345678", "+14155550100"])
def test_r2_8_whom_the_service_refuses_a_line_number_takes(calling: str) -> None:
    office = CallingOffice(contract(to(TOKYO)))
    office.dial(TOKYO, calling=calling)
    office.run(3)
    assert len(office.answers) == 1


def test_a_direct_call_to_a_busy_line_overflows_nowhere() -> None:
    office = CallingOffice(contract(overflow(TOKYO, OSAKA)))
    office.telephones[FIRST_LINE] = Telephone(rings=False, refuses=486)
    office.dial(TOKYO)
    office.run(3)
    assert [failed.status for failed in office.refusals] == [486]
    assert not office.invites(SECOND_LINE)
    assert (office.record.reason, office.record.cause) == (Reason.ALL_BUSY, 17)


def test_a_direct_data_call_gets_488() -> None:
    office = CallingOffice(contract(to(TOKYO)))
    office.dial(TOKYO, body=DATA)
    assert [failed.status for failed in office.refusals] == [488]
    assert not office.invites(FIRST_LINE)


# -- who is a line

DESK = LineAddress(number=TOKYO, register=True, user="shop", password="himitsu")
DESK_TOO = LineAddress(number=SHIBUYA, register=True, user="shop", password="himitsu")


class RegisteringOffice(CallingOffice):
    """An office whose telephones have a password; they answer a 401 to an INVITE once."""

    def __init__(self, *, password: str = "himitsu") -> None:
        super().__init__(NOTIFYING, lines={TOKYO: DESK, SHIBUYA: DESK_TOO})
        self.known = (Credentials(username="shop", realm="chakka", password=password),)
        self.given: list[object] = []

    def _on_event(self, where: Address, event: events.Event) -> None:
        if isinstance(event, events.Failed) and event.response and self.is_asked(event):
            lines = digest_client.answers(event.response, self.known, "INVITE", self.asked, lambda: "c")
            event.call.again(self.network.now, lines)
            return
        super()._on_event(where, event)

    def is_asked(self, event: events.Failed) -> bool:
        """Return whether the password is wanted, and was not given yet."""
        is_new = event.status == 401 and event.call not in self.given
        self.given.append(event.call)
        return is_new

    @property
    def asked(self) -> str:
        """Return the Request-URI of the INVITE that was sent last."""
        return self.invites(PLANE)[-1].uri


def test_a_stranger_can_neither_call_out_nor_change_a_notification() -> None:
    office = CallingOffice(NOTIFYING)
    stranger = user_agent("stranger", STRANGER)
    office.network.agents[STRANGER] = stranger
    office.dial_out(FRIEND, line=STRANGER)
    office.dial_out("1351", line=STRANGER)
    office.run(12)
    assert [failed.status for failed in office.refusals] == [403, 403]
    assert not office.invites(CALLER) and not office.plane.kept
    assert not office.records


def test_the_same_host_at_another_port_is_another_telephone() -> None:
    office = CallingOffice(NOTIFYING)
    other = ("192.0.2.21", 5062)
    office.network.agents[other] = user_agent("other", other)
    office.dial_out("1351", line=other)
    assert [failed.status for failed in office.refusals] == [403]


@pytest.mark.parametrize(("outcome", "number"), [(Outcome.CONNECT, FRIEND), (Outcome.REFUSE, "reception")])
def test_the_record_says_what_was_decided(outcome: Outcome, number: str) -> None:
    office = CallingOffice(NOTIFYING)
    office.dial_out(number)
    office.run(12)
    assert office.records[-1].facts.outcome is outcome


def test_whom_a_line_calls_is_masked_for_watchers() -> None:
    office = CallingOffice(NOTIFYING)
    office.dial_out(FRIEND)
    office.run(3)
    assert FRIEND not in str(office.plane.shown)
    (decided,) = [event for event in office.plane.shown if event["kind"] == "decided"]
    assert (decided["call_kind"], decided["line"], decided["presented"]) == (
        CallKind.OUTGOING,
        masked(TOKYO),
        masked(TOKYO),
    )


def test_a_line_with_a_password_is_asked_for_it_before_it_may_call_out() -> None:
    office = RegisteringOffice()
    office.dial_out(FRIEND)
    office.run(3)
    assert len(office.answers) == 1
    assert outgoing(office).facts.line == TOKYO


def test_a_line_with_a_password_is_asked_for_it_before_it_may_change_its_notification() -> None:
    office = RegisteringOffice()
    office.dial_out("1351", ("P-Preferred-Identity", f"<sip:{SHIBUYA}@192.0.2.9>"))
    office.run(12)
    assert office.plane.kept == [KeepNotification(number=SHIBUYA, freephone=FREEPHONE)]


def test_a_wrong_password_can_neither_call_out_nor_change_a_notification() -> None:
    office = RegisteringOffice(password="falsch")
    office.dial_out(FRIEND)
    office.dial_out("1351")
    office.run(12)
    assert [failed.status for failed in office.refusals] == [401, 401]
    assert not office.records and not office.plane.kept and not office.invites(CALLER)


def test_a_password_opens_its_own_lines_alone() -> None:
    """User shop names a number of somebody else: its own first number is taken."""
    office = RegisteringOffice()
    office.dial_out(FRIEND, from_=f"<sip:{OSAKA}@192.0.2.21>")
    office.run(3)
    assert presented(office.sent_out)["From"] == TOKYO


def test_a_telephone_that_registered_at_the_trunks_host_is_a_line_all_the_same() -> None:
    office = RegisteringOffice()
    here = Binding(
        number=TOKYO,
        contact=f"sip:{TOKYO}@192.0.2.1:5062",
        host="192.0.2.1",
        port=5062,
        expires_ms=TUESDAY_10_MS + 3_600_000,
        refreshed_ms=TUESDAY_10_MS,
        call_id="r1",
        cseq=1,
    )
    office.plane.plane.load([here], office.plane.at(office.network.now))
    telephone = ("192.0.2.1", 5062)
    office.network.agents[telephone] = user_agent("desk", telephone)
    office.dial_out("1351", line=telephone)
    office.run(12)
    assert [one.number for one in office.plane.kept if isinstance(one, KeepNotification)] == [TOKYO]
