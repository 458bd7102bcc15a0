"""Number notification (service.md R6.1–R6.3, signalling.md §4): 1351, 1350, and what is presented then."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from calling_lines import FRIEND, NOTIFYING, CallingOffice, presented
from exchange import FIRST_LINE, FREEPHONE, SECOND_LINE
from routing_contracts import OSAKA, SHIBUYA, TOKYO, contract, to

from chakka.callplane.live_writer import LiveWriter
from chakka.callplane.notification import Notification
from chakka.config import Trunk
from chakka.errors import InputError
from chakka.media import control
from chakka.records.model import CallKind, NotificationSet
from chakka.routing.attempt import Presentation
from chakka.routing.caller_shown import masked
from chakka.routing.decision import Outcome, Reason
from chakka.stores.live_store import KeepNotification, LiveStore


def said(office: CallingOffice) -> list[str]:
    return [play.clips[-1] for play in office.plane.played]


def switched_on(**settings: object) -> CallingOffice:
    office = CallingOffice(NOTIFYING, **settings)
    office.dial_and_listen("1351")
    return office


def test_r6_1_dialling_1351_starts_it_and_says_so_and_releases() -> None:
    office = switched_on()
    assert [event.response.status for event in office.answers] == [200]
    assert said(office) == ["notification_on"]
    assert office.byes == [FIRST_LINE]
    assert office.plane.kept == [KeepNotification(number=TOKYO, freephone=FREEPHONE)]
    assert not office.plane.plane.calls


def test_r6_1_dialling_1350_stops_it_and_says_so() -> None:
    office = switched_on()
    office.dial_and_listen("1350")
    assert said(office) == ["notification_on", "notification_off"]
    assert office.plane.kept[-1] == KeepNotification(number=TOKYO, freephone="")
    office.dial_out(FRIEND)
    assert presented(office.sent_out) == {"From": TOKYO, "P-Asserted-Identity": TOKYO, "Privacy": None}


def test_r6_1_it_is_off_after_contract() -> None:
    office = CallingOffice(NOTIFYING)
    office.dial_out(FRIEND)
    assert presented(office.sent_out) == {"From": TOKYO, "P-Asserted-Identity": TOKYO, "Privacy": None}


def test_r6_1_the_state_is_per_line_number() -> None:
    office = switched_on()
    office.dial_out(FRIEND, from_=f"<sip:{SHIBUYA}@192.0.2.21>")
    assert presented(office.sent_out)["From"] == SHIBUYA
    office.dial_out(FRIEND)
    assert presented(office.sent_out)["From"] == FREEPHONE


def test_r6_1_the_change_is_journalled_before_the_caller_hears_of_it() -> None:
    office = CallingOffice(NOTIFYING)
    office.plane.disk.latency = 1.0
    office.dial_out("1351")
    office.run(0.5)
    noted = office.plane.disk.written[0]
    assert isinstance(noted, NotificationSet)
    assert (noted.line, noted.freephone) == (TOKYO, FREEPHONE)
    assert not office.answers and not office.plane.kept
    office.run(1.0)
    assert office.answers and office.plane.kept


def test_a_change_that_the_disk_does_not_take_is_no_change() -> None:
    office = CallingOffice(NOTIFYING)
    office.plane.disk.fails = True
    office.dial_and_listen("1351")
    assert [failed.status for failed in office.refusals] == [503]
    assert not office.plane.kept
    office.plane.disk.fails = False
    office.dial_out(FRIEND)
    assert presented(office.sent_out)["From"] == TOKYO


def test_a_caller_who_hangs_up_while_the_change_is_written_has_changed_it_all_the_same() -> None:
    office = CallingOffice(NOTIFYING)
    office.plane.disk.latency = 1.0
    call = office.dial_out("1351")
    call.cancel(office.network.now)
    office.run(12)
    assert office.plane.kept == [KeepNotification(number=TOKYO, freephone=FREEPHONE)]
    assert not office.plane.plane.calls


def test_the_confirmation_waits_for_the_callers_ack() -> None:
    office = CallingOffice(NOTIFYING)
    office.acks = False
    office.dial_out("1351")
    office.run(2)
    assert len(office.answers) == 1 and not office.plane.played
    office.run(60)
    assert not office.plane.plane.calls


def test_a_media_process_that_is_away_does_not_undo_the_change() -> None:
    office = CallingOffice(NOTIFYING)
    office.plane.media_is_up = False
    office.dial_and_listen("1351")
    assert [failed.status for failed in office.refusals] == [480]
    office.dial_out(FRIEND)
    assert presented(office.sent_out)["From"] == FREEPHONE


def test_the_record_says_that_a_line_changed_its_notification() -> None:
    record = switched_on().record
    assert (record.facts.kind, record.facts.line) == (CallKind.NOTIFICATION, TOKYO)
    assert (record.reason, record.status, record.answered_by) == (
        Reason.NOTIFICATION_SET,
        200,
        "announcement",
    )
    assert record.facts.trace == (("notification_on", TOKYO, FREEPHONE),)
    assert record.answered_at_ms is None


# -- whose number


def test_r6_3_a_line_in_no_contracts_list_is_refused_and_told_so() -> None:
    office = CallingOffice(NOTIFYING)
    office.dial_and_listen("1351", line=SECOND_LINE)
    assert said(office) == ["notification_refused"]
    assert [failed.status for failed in office.refusals] == [403]
    assert not office.plane.kept
    assert office.record.reason is Reason.NOTIFICATION_REFUSED
    assert office.record.facts.line == OSAKA


def test_r6_3_a_contract_without_a_list_lets_nobody_present_its_number() -> None:
    office = CallingOffice(contract(to(TOKYO)))
    office.dial_and_listen("1351")
    assert said(office) == ["notification_refused"]


@pytest.mark.parametrize("header", ["P-Preferred-Identity", "P-Asserted-Identity"])
def test_the_number_that_the_telephone_prefers_counts_if_it_is_the_lines(header: str) -> None:
    office = CallingOffice(NOTIFYING)
    office.dial_and_listen("1351", (header, f"<sip:{SHIBUYA}@192.0.2.21>"))
    assert office.plane.kept == [KeepNotification(number=SHIBUYA, freephone=FREEPHONE)]


def test_a_number_of_another_line_is_not_believed() -> None:
    """From the first address with a number of the second: the first line's first number."""
    office = CallingOffice(NOTIFYING)
    office.dial_and_listen("1351", ("P-Preferred-Identity", f"<sip:{OSAKA}@192.0.2.21>"))
    assert office.plane.kept == [KeepNotification(number=TOKYO, freephone=FREEPHONE)]


def test_an_anonymous_telephone_is_the_lines_first_number() -> None:
    office = CallingOffice(NOTIFYING)
    office.dial_out("1351", from_='"Anonymous" <sip:anonymous@anonymous.invalid>')
    office.run(12)
    assert office.plane.kept == [KeepNotification(number=TOKYO, freephone=FREEPHONE)]


def test_a_trunk_that_dials_1351_is_a_caller_to_a_number_not_in_service() -> None:
    office = CallingOffice(NOTIFYING)
    office.dial("1351", calling=TOKYO)
    office.run(12)
    assert [failed.status for failed in office.refusals] == [404]
    assert not office.plane.kept


def test_data_calls_to_1351_change_nothing() -> None:
    office = CallingOffice(NOTIFYING)
    office.dial_out("1351", body=b"v=0\r\no=- 1 1 IN IP4 192.0.2.21\r\ns=-\r\nt=0 0\r\n")
    assert [failed.status for failed in office.refusals] == [488]
    assert not office.plane.kept


def test_an_offerless_call_to_1351_hears_the_confirmation() -> None:
    office = CallingOffice(NOTIFYING)
    office.dial_out("1351", body=b"")
    office.run(12)
    assert office.plane.kept and [event.response.status for event in office.answers] == [200]


# -- what is presented


def test_r6_2_while_on_the_freephone_number_is_presented_and_the_real_one_is_charged() -> None:
    office = switched_on()
    office.dial_out(FRIEND)
    assert presented(office.sent_out) == {
        "From": FREEPHONE,
        "P-Asserted-Identity": FREEPHONE,
        "P-Charge-Info": TOKYO,
        "Privacy": None,
    }


@pytest.mark.parametrize(
    ("presents_in", "from_", "asserted"),
    [(("pai",), TOKYO, FREEPHONE), (("from",), FREEPHONE, TOKYO)],
)
def test_r6_2_the_trunk_says_where_the_freephone_number_stands(
    presents_in: tuple[str, ...], from_: str, asserted: str
) -> None:
    trunk = Trunk(name="carrier", hosts=("192.0.2.1",), outbound=True, presents_in=presents_in)
    office = switched_on(trunks=(trunk,))
    office.dial_out(FRIEND)
    sent = presented(office.sent_out)
    assert (sent["From"], sent["P-Asserted-Identity"], sent["P-Charge-Info"]) == (from_, asserted, TOKYO)


def test_r6_2_the_record_says_what_was_presented() -> None:
    office = switched_on()
    office.dial_out(FRIEND)
    office.run(3)
    office.answers[-1].call.bye(office.network.now)
    office.run(1)
    record = next(one for one in office.records if one.facts.kind is CallKind.OUTGOING)
    assert (record.facts.line, record.facts.presented) == (TOKYO, FREEPHONE)
    assert record.facts.attempt.calling_number == TOKYO
    assert record.facts.trace == (("outgoing", TOKYO, "carrier"), ("presented", FREEPHONE))


def test_184_withholds_the_number_and_wins_over_notification() -> None:
    office = switched_on()
    office.dial_out(f"184{FRIEND}")
    assert office.sent_out.uri == f"sip:{FRIEND}@192.0.2.1:5060"
    assert presented(office.sent_out) == {
        "From": "anonymous",
        "P-Asserted-Identity": TOKYO,
        "Privacy": "id",
    }
    assert FREEPHONE not in office.sent_out.to_bytes().decode()


def test_186_presents_the_number_whatever_the_telephone_asks_for() -> None:
    office = switched_on()
    office.dial_out(f"186{FRIEND}", ("Privacy", "id"))
    assert office.sent_out.uri == f"sip:{FRIEND}@192.0.2.1:5060"
    assert presented(office.sent_out) == {
        "From": FREEPHONE,
        "P-Asserted-Identity": FREEPHONE,
        "P-Charge-Info": TOKYO,
        "Privacy": "none",
    }


def test_a_telephone_that_asks_for_privacy_withholds_its_number() -> None:
    office = switched_on()
    office.dial_out(FRIEND, ("Privacy", "id"))
    assert presented(office.sent_out)["Privacy"] == "id"
    assert presented(office.sent_out)["From"] == "anonymous"
    office.run(3)
    facts = next(one.facts for one in office.records if one.facts.kind is CallKind.OUTGOING)
    assert (facts.presented, facts.attempt.presentation) == (None, Presentation.WITHHELD)


@pytest.mark.parametrize("number", ["110", "118", "119", "104", "117", "171"])
def test_service_codes_carry_the_real_number(number: str) -> None:
    office = switched_on()
    office.dial_out(number)
    assert office.sent_out.uri == f"sip:{number}@192.0.2.1:5060"
    assert presented(office.sent_out) == {"From": TOKYO, "P-Asserted-Identity": TOKYO, "Privacy": None}


def test_184_before_110_leaves_the_real_number_for_those_who_answer() -> None:
    office = switched_on()
    office.dial_out("184110")
    assert office.sent_out.uri == "sip:110@192.0.2.1:5060"
    assert presented(office.sent_out) == {"From": TOKYO, "P-Asserted-Identity": TOKYO, "Privacy": "id"}


# -- how long it holds


def test_it_holds_after_a_restart() -> None:
    office = switched_on()
    kept = {one.number: one.freephone for one in office.plane.kept if isinstance(one, KeepNotification)}
    office.restart()
    office.plane.plane.load_notification(kept)
    office.dial_out(FRIEND)
    assert presented(office.sent_out)["From"] == FREEPHONE


def test_it_ends_when_the_line_leaves_the_contract() -> None:
    office = switched_on()
    office.presentable.clear()
    office.dial_out(FRIEND)
    assert presented(office.sent_out)["From"] == TOKYO


def test_r6_1_it_is_off_when_another_contract_takes_the_line() -> None:
    office = switched_on()
    office.presentable[TOKYO] = "08001234567"
    office.dial_out(FRIEND)
    assert presented(office.sent_out)["From"] == TOKYO


def test_a_plan_store_that_cannot_be_read_lets_lines_call_out_with_their_own_number() -> None:
    def damaged(line_number: str) -> str | None:
        raise InputError(f"number notification of {line_number}: damaged")

    notification = Notification(damaged)
    notification.set(TOKYO, FREEPHONE)
    assert notification.presented(TOKYO) is None


def test_what_a_crash_kept_from_the_store_is_taken_from_the_journal(tmp_path: Path) -> None:
    def entry(line: str, freephone: str) -> NotificationSet:
        return NotificationSet(call_id="c1", line=line, freephone=freephone, at_ms=1)

    async def start() -> dict[str, str]:
        writer = LiveWriter(LiveStore.open(tmp_path), asyncio.get_running_loop())
        flags = writer.notifying([entry(TOKYO, FREEPHONE), entry(OSAKA, "")])
        await asyncio.get_running_loop().run_in_executor(None, writer.close)
        return flags

    with LiveStore.open(tmp_path) as store:
        store.apply([KeepNotification(number=number, freephone=FREEPHONE) for number in (OSAKA, SHIBUYA)])
    assert asyncio.run(start()) == {TOKYO: FREEPHONE, OSAKA: "", SHIBUYA: FREEPHONE}
    with LiveStore.open(tmp_path) as store:
        assert store.notifying() == {TOKYO: FREEPHONE, SHIBUYA: FREEPHONE}


def test_nothing_of_the_lines_own_headers_reaches_the_trunk() -> None:
    office = switched_on()
    office.dial_out(FRIEND, ("P-Asserted-Identity", "<sip:0120999999@x>"), ("X-Evil", "1"))
    sent = office.sent_out
    assert sent.headers.get("X-Evil") is None
    assert sent.headers.get_all("P-Asserted-Identity") == [f"<sip:{FREEPHONE}@192.0.2.9>"]


def test_the_watchers_see_who_changed_it() -> None:
    (event,) = [shown for shown in switched_on().plane.shown if shown["kind"] == "notification"]
    assert (event["line"], event["freephone"]) == (masked(TOKYO), FREEPHONE)


def test_the_watchers_see_a_presented_freephone_number_but_not_the_line_behind_it() -> None:
    office = switched_on()
    office.dial_out(FRIEND)
    decided = [shown for shown in office.plane.shown if shown["kind"] == "decided"][-1]
    assert decided["presented"] == FREEPHONE
    assert TOKYO not in str([shown for shown in office.plane.shown if shown["kind"] != "registered"])


def test_a_stream_that_is_opened_for_1351_is_closed() -> None:
    office = switched_on()
    opened, closed = office.plane.said(control.Open), office.plane.said(control.Close)
    assert [one.id for one in opened] == [one.id for one in closed]


def test_the_decision_of_1351_is_an_announcement() -> None:
    assert switched_on().record.facts.outcome is Outcome.ANNOUNCE
