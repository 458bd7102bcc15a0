"""From the headers of an INVITE to the facts of a call: signalling.md §1, service.md R2.5."""

import pytest
from routing_contracts import TABLE

from chakka.callplane.caller_facts import attempt_of, dialled_number
from chakka.config import Trunk
from chakka.numbering.model import CallerClass
from chakka.routing.attempt import CallAttempt, Presentation
from chakka.sip.message import Request, parse

TRUSTED = Trunk(name="carrier", hosts=("192.0.2.1",), trusted=True)
UNTRUSTED = Trunk(name="peer", hosts=("192.0.2.1",))


def invite(
    *headers: str, from_: str = "<sip:0422511234@example.jp>", uri: str = "sip:0120123456@h"
) -> Request:
    lines = [
        f"INVITE {uri} SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        f"From: {from_};tag=1",
        "To: <sip:0120123456@h>",
        "Call-ID: 1",
        "CSeq: 1 INVITE",
        "Contact: <sip:192.0.2.1>",
        *headers,
        "",
        "",
    ]
    request = parse("\r\n".join(lines).encode())
    assert isinstance(request, Request)
    return request


def facts(*headers: str, trunk: Trunk = TRUSTED, **changes: str) -> CallAttempt:
    return attempt_of(invite(*headers, **changes), trunk, TABLE, 0)


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:0120123456@h", "0120123456"),
        ("sip:0120-123-456@h;user=phone", "0120123456"),
        ("sip:+81120123456@h", "0120123456"),
        ("tel:+81-120-123-456", "0120123456"),
        ("tel:0120123456;phone-context=+81", "0120123456"),
        ("sip:08001234567;npdi@h", "08001234567"),
        ("sip:shop@h", ""),
        ("sip:192.0.2.9", ""),
        ("sip:%30120123456@h", ""),
    ],
)
def test_the_dialled_number_is_read_from_every_spelling(uri: str, number: str) -> None:
    assert dialled_number(uri) == number


def test_a_trusted_p_asserted_identity_wins_over_from() -> None:
    attempt = facts("P-Asserted-Identity: <tel:+81422511234>", from_="<sip:0312345678@h>")
    assert (attempt.calling_number, attempt.sources["number"]) == ("0422511234", "pai")
    assert (attempt.charge_area, attempt.prefecture) == ("武蔵野三鷹", "東京都")


def test_an_untrusted_trunk_is_believed_the_number_of_its_from_alone() -> None:
    attempt = facts(
        "P-Asserted-Identity: <tel:+81422511234>", from_="<sip:0662001234@h>;cpc=payphone", trunk=UNTRUSTED
    )
    assert (attempt.calling_number, attempt.rating_class) == ("0662001234", CallerClass.FIXED)


@pytest.mark.parametrize(
    "identity",
    [
        "<sip:0422511234@h;cpc=payphone>",
        '"Shop" <tel:0422511234;CPC=PAYPHONE>',
        '<sip:0422511234@h>;cpc="payphone"',
        "<sip:0422511234;cpc=payphone@h>",
        "<sip:0422511234@h>;cpc=03",
    ],
)
def test_r2_5_a_payphone_is_admitted_as_fixed_and_rated_as_payphone(identity: str) -> None:
    attempt = facts(f"P-Asserted-Identity: {identity}")
    assert (attempt.caller_class, attempt.rating_class) == (CallerClass.FIXED, CallerClass.PAYPHONE)
    assert attempt.charge_area == "武蔵野三鷹"


def test_a_withheld_number_is_kept_for_charging_and_marked() -> None:
    attempt = facts(
        "P-Asserted-Identity: <tel:+81422511234>",
        "Privacy: id",
        from_='"Anonymous" <sip:anonymous@anonymous.invalid>',
    )
    assert (attempt.calling_number, attempt.presentation) == ("0422511234", Presentation.WITHHELD)


def test_no_number_at_all_is_unavailable_and_of_unknown_class() -> None:
    attempt = facts(from_="<sip:h>")
    assert (attempt.calling_number, attempt.presentation) == (None, Presentation.UNAVAILABLE)
    assert attempt.caller_class is CallerClass.UNKNOWN


@pytest.mark.parametrize("identity", ["<<>>", '"', "tel:+", "<sip:@>", "<sip:0422511234@h:99999>", ";;;;"])
def test_a_broken_identity_is_passed_over(identity: str) -> None:
    attempt = facts(f"P-Asserted-Identity: {identity}", from_="<sip:0662001234@h>")
    assert attempt.calling_number == "0662001234"


def test_a_foreign_caller_keeps_its_plus() -> None:
    attempt = facts(from_="<sip:+442079460000@h>")
    assert (attempt.calling_number, attempt.caller_class) == ("+442079460000", CallerClass.INTERNATIONAL)
