"""Laws of `facts` that hold for every INVITE, and what one source says against another."""

import time

import msgspec
import pytest
from caller_corpus import TRUNKS, Specimen, invite, read, specimens
from hypothesis import given, settings
from hypothesis import strategies as st
from routing_contracts import TABLE

from chakka.caller.facts import admission_class, facts
from chakka.numbering.model import CallerClass
from chakka.routing.attempt import CallAttempt, Presentation
from chakka.sip.grammar import Malformed
from chakka.sip.message import Request, parse

SPECIMENS = specimens()
CARRIER, OWN, STRANGER = TRUNKS["carrier"], TRUNKS["own spelling"], TRUNKS["stranger"]
TELLING = ("P-Asserted-Identity", "P-Charging-Vector", "Remote-Party-ID", "X-Caller-Prefecture", "Privacy")
NUMBER = "0422511234"

visible = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x30FF, exclude_characters="\x7f"), max_size=60
)
scraps = st.lists(
    st.sampled_from(
        [
            *("<", ">", '"', ";", "=", ",", "@", "%", "%22", "\\", " ", "sip:", "tel:", "+81", "0422511234"),
            *("cpc", "cpc=payphone", "ttc-charging-params", "cai", "11200", "apc", "FE01", "mobile1:5", "id"),
            *("phone-context", "anonymous", "Coin line/payphone", "公衆電話", "大阪府", "27", "\udcff"),
        ]
    ),
    max_size=14,
).map("".join)
values = st.one_of(visible, scraps)
headers = st.lists(st.tuples(st.sampled_from(TELLING), values), max_size=4)


@given(headers, st.sampled_from(sorted(TRUNKS)))
def test_whatever_the_headers_say_there_is_an_attempt(lines: list[tuple[str, str]], trunk: str) -> None:
    request = invite(*(f"{name}: {value}" for name, value in lines))
    attempt = facts(request, TRUNKS[trunk], TABLE, 7)
    assert (attempt.trunk, attempt.at_ms, attempt.called_number) == (trunk, 7, "0120123456")


@given(st.sampled_from(SPECIMENS), st.data())
def test_an_invite_that_was_cut_or_garbled_is_refused_or_tells_facts(
    specimen: Specimen, data: st.DataObject
) -> None:
    octets = bytearray(specimen.invite)
    for _ in range(data.draw(st.integers(0, 5))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    octets = octets[: data.draw(st.integers(0, len(octets)))]
    try:
        message = parse(bytes(octets))
    except Malformed:
        return
    if isinstance(message, Request):
        assert isinstance(facts(message, specimen.profile, TABLE, 0), CallAttempt)


@given(headers, st.sampled_from(["<sip:0422511234@h>", "<sip:0422511234@h;cpc=payphone>;cpc=02"]))
def test_an_untrusted_trunk_tells_no_more_than_the_number(lines: list[tuple[str, str]], from_: str) -> None:
    request = invite(*(f"{name}: {value}" for name, value in lines), from_=from_)
    attempt = facts(request, STRANGER, TABLE, 0)
    plain = facts(invite(), STRANGER, TABLE, 0)
    hidden = {"presentation": attempt.presentation, "sources": attempt.sources}
    assert attempt == msgspec.structs.replace(plain, **hidden)
    assert set(attempt.sources) == set(plain.sources)


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
def test_every_fact_has_a_source_and_every_source_a_fact(specimen: Specimen) -> None:
    attempt = facts(specimen.request, specimen.profile, TABLE, 0)
    known = {
        "number": attempt.calling_number,
        "class": attempt.rating_class is not CallerClass.UNKNOWN,
        "charge_area": attempt.charge_area,
        "prefecture": attempt.prefecture,
        "carrier_group": attempt.carrier_group,
        "presentation": True,
    }
    assert set(attempt.sources) == {fact for fact, value in known.items() if value}


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
def test_the_order_of_header_lines_makes_no_difference(specimen: Specimen) -> None:
    head, _, body = specimen.invite.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    # Identities keep their order among themselves: the first of them counts.
    turned = sorted(lines, key=lambda line: line.lower().partition(b":")[0], reverse=True)
    request = read(b"\r\n".join([start, *turned]) + b"\r\n\r\n" + body)
    assert facts(request, specimen.profile, TABLE, 0) == facts(specimen.request, specimen.profile, TABLE, 0)


@pytest.mark.parametrize("rated", CallerClass)
def test_r2_5_payphones_alone_are_admitted_as_another_class(rated: CallerClass) -> None:
    expected = CallerClass.FIXED if rated is CallerClass.PAYPHONE else rated
    assert admission_class(rated) is expected


def test_r2_2_no_category_makes_a_caller_from_abroad_a_domestic_one() -> None:
    for category in ("payphone", "mobile-vplmn", "01", "ordinary"):
        request = invite(f"P-Asserted-Identity: <tel:+442079460000;cpc={category}>")
        assert facts(request, CARRIER, TABLE, 0).caller_class is CallerClass.INTERNATIONAL


def test_r2_10_a_charge_area_code_gives_the_principal_prefecture() -> None:
    # 06 reaches into 尼崎 as well.
    request = invite('P-Charging-Vector: icid-value=1;ttc-charging-params="cai=66000"')
    attempt = facts(request, CARRIER, TABLE, 0)
    assert (attempt.charge_area, attempt.prefecture) == ("大阪", "大阪府")


def test_a_withheld_number_is_kept_and_marked() -> None:
    request = invite("P-Asserted-Identity: <tel:+81422511234>", "Privacy: id")
    attempt = facts(request, CARRIER, TABLE, 0)
    assert (attempt.calling_number, attempt.presentation) == (NUMBER, Presentation.WITHHELD)


def test_each_source_of_the_class_gives_way_to_the_one_before_it() -> None:
    charging = 'P-Charging-Vector: icid-value=1;ttc-charging-params="apc=mobile1:2"'
    identity = "P-Asserted-Identity: <tel:+81422511234{}>"
    payphone = '"Coin line/payphone" <sip:anonymous@anonymous.invalid>'
    layers = [
        (invite(charging, identity.format(";cpc=02"), from_=payphone), CallerClass.SHIP, "charging"),
        (invite(identity.format(";cpc=02"), from_=payphone), CallerClass.MOBILE, "cpc"),
        (invite(identity.format(""), from_=payphone), CallerClass.PAYPHONE, "display"),
        (invite(identity.format("")), CallerClass.FIXED, "prefix"),
    ]
    for request, rated, source in layers:
        attempt = facts(request, CARRIER, TABLE, 0)
        assert (attempt.rating_class, attempt.sources["class"]) == (rated, source)


@pytest.mark.parametrize(
    "line",
    [
        "P-Charging-Vector: ttc-charging-params=" + "a" * 8_000,
        "P-Charging-Vector: ttc-charging-params=" + "a =" * 2_700,
        "P-Charging-Vector: " + "ttc-charging-params" * 420,
        'P-Charging-Vector: ttc-charging-params="' + "apc=" + "FE01" * 1_900 + '"',
        'P-Charging-Vector: ttc-charging-params="mobile1=' + "1" * 8_000 + '"',
        "P-Asserted-Identity: " + "<" * 8_000,
        "P-Asserted-Identity: " + '"' * 8_001,
        "P-Asserted-Identity: <tel:" + "1" * 8_000 + ">",
        "P-Asserted-Identity: <sip:0" + ";cpc" * 2_000 + "@h>",
        "P-Asserted-Identity: " + "<tel:+81422511234>," * 400,
        "P-Asserted-Identity: " + "公" * 2_600 + " <tel:+81422511234>",
        "Privacy: " + "id;" * 2_600,
        "X-Caller-Prefecture: " + "大" * 2_600,
    ],
    ids=lambda line: line[:40],
)
def test_a_long_header_line_takes_no_long_time(line: str) -> None:
    request = invite(line)
    # Linear reading takes a millisecond or two, quadratic reading of 8 KB fifty and more.
    assert min(_seconds(request) for _ in range(3)) < 0.025


def _seconds(request: Request) -> float:
    started = time.process_time()
    facts(request, OWN, TABLE, 0)
    return time.process_time() - started


@settings(max_examples=30)
@given(st.permutations(["cai=11200", "apc=fixed1:1", "carrier=2001", "icid=7"]), st.sampled_from(";,&| "))
def test_charging_parameters_come_in_any_order(parameters: list[str], mark: str) -> None:
    request = invite(f'P-Charging-Vector: icid-value=1;ttc-charging-params="{mark.join(parameters)}"')
    attempt = facts(request, OWN, TABLE, 0)
    told = (attempt.charge_area, attempt.rating_class, attempt.carrier_group)
    assert told == ("札幌", CallerClass.PAYPHONE, "a")
