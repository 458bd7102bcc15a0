"""What a trunk says of its callers decides their calls, and no line learns a number that is hidden."""

import pytest
from exchange import FIRST_LINE, SECOND_LINE, Exchange
from routing_contracts import FROM_050, FROM_MOBILE, OSAKA, TOKYO, contract, overflow, to

from chakka.numbering.model import CallerClass
from chakka.routing.attempt import Presentation
from chakka.routing.decision import Reason


def called(exchange: Exchange, *headers: tuple[str, str], **changes: object) -> Exchange:
    exchange.dial(headers=headers, **changes)  # type: ignore[arg-type]
    exchange.run(12.0)
    return exchange


def test_r2_5_a_payphone_is_connected_as_fixed_and_recorded_as_payphone() -> None:
    identity = ("P-Asserted-Identity", "<tel:+81422511234;cpc=payphone>")
    exchange = called(Exchange(contract(to(TOKYO, mobile=False))), identity)
    attempt = exchange.record.facts.attempt
    assert exchange.record.reason is Reason.OK
    assert (attempt.caller_class, attempt.rating_class) == (CallerClass.FIXED, CallerClass.PAYPHONE)


def test_r2_2_a_satellite_telephone_with_a_mobile_number_is_refused() -> None:
    vector = ("P-Charging-Vector", 'icid-value=1;ttc-charging-params="mobile1=1;mobile2=5"')
    exchange = called(Exchange(contract(to(TOKYO))), vector, calling=FROM_MOBILE)
    assert exchange.record.reason is Reason.CLASS_NOT_ACCEPTED
    assert not exchange.invites(FIRST_LINE)


def test_r2_2_a_050_caller_stays_one_when_its_network_says_ordinary() -> None:
    identity = ("P-Asserted-Identity", f"<tel:+81{FROM_050[1:]};cpc=ordinary>")
    assert called(Exchange(contract(to(TOKYO))), identity).record.reason is Reason.CLASS_NOT_ACCEPTED


@pytest.mark.parametrize(
    ("display", "presentation"),
    [("Anonymous", Presentation.WITHHELD), ("Coin line/payphone", Presentation.UNAVAILABLE)],
)
def test_no_line_learns_a_number_that_is_not_to_be_shown(display: str, presentation: Presentation) -> None:
    exchange = called(
        Exchange(contract(overflow(TOKYO, OSAKA))),
        ("P-Asserted-Identity", "<tel:+81422511234>"),
        ("Privacy", "id"),
        from_=f'"{display}" <sip:anonymous@anonymous.invalid>',
    )
    assert exchange.record.facts.attempt.presentation is presentation
    assert exchange.record.facts.attempt.calling_number == "0422511234"
    sent = [data for _, _, target, data in exchange.network.sent if target in (FIRST_LINE, SECOND_LINE)]
    assert sent
    assert not [data for data in sent if b"422511234" in data]
