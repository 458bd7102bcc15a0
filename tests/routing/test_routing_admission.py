"""Which calls are accepted, and into which group (service.md §2; plan-format.md, caller classes)."""

import pytest
from routing_contracts import (
    FROM_050,
    FROM_MITAKA,
    FROM_MOBILE,
    FROM_OSAKA,
    NAGOYA,
    NATIONWIDE,
    OSAKA,
    REST,
    TABLE,
    TOKYO,
    call,
    call_of,
    compiled,
    contract,
    decided,
    to,
)

from chakka.contract.model import Origin, UnknownOrigin
from chakka.numbering.model import CallerClass
from chakka.routing.attempt import IDLE, CallAttempt, Presentation
from chakka.routing.decide import decide
from chakka.routing.decision import Announcement, Outcome, Reason

KANTO = Origin(regions=("関東",))
KINKI = Origin(regions=("近畿",))
# 関東 with mobiles, 近畿 without; nobody else may call.
EAST_WEST = contract(to(TOKYO, name="east", origin=KANTO), to(OSAKA, name="west", origin=KINKI, mobile=False))
# Classes that are no telephone of Japan with a place, or no caller at all.
REFUSED_CLASSES = [
    "ip_phone",
    "international",
    "satellite",
    "ship",
    "aircraft",
    "m2m",
    "pager",
    "toll_free",
    "uan",
    "premium",
    "mass_call",
    "other_0ab0",
    "special_access",
    "service_code",
    "carrier_select",
]


def test_r2_1_an_offer_without_g711_rings_nothing_and_nothing_is_said() -> None:
    decision = decided(EAST_WEST, call(has_g711=False))
    assert (decision.outcome, decision.reason) == (Outcome.REFUSE, Reason.MEDIA_NOT_ACCEPTED)
    assert decision.announcement is None
    assert decision.targets == ()


@pytest.mark.parametrize("caller_class", REFUSED_CLASSES)
def test_r2_2_callers_of_other_classes_are_refused_with_restriction_guidance(caller_class: str) -> None:
    attempt = call_of(CallerClass(caller_class), charge_area="武蔵野三鷹", prefecture="東京都")
    decision = decided(EAST_WEST, attempt)
    assert (decision.outcome, decision.reason) == (Outcome.REFUSE, Reason.CLASS_NOT_ACCEPTED)
    assert decision.announcement is Announcement.RESTRICTED_CLASS
    assert decision.targets == ()


def test_r2_2_a_050_number_is_known_by_itself() -> None:
    assert decided(EAST_WEST, call(FROM_050)).reason is Reason.CLASS_NOT_ACCEPTED


def test_every_class_is_either_admitted_by_place_or_refused() -> None:
    by_place = {"fixed", "payphone", "unknown", "mobile", "fmc"}
    assert {each.value for each in CallerClass} == by_place | set(REFUSED_CLASSES)


def test_r2_3_with_a_nationwide_group_every_charge_area_of_japan_is_accepted() -> None:
    plan = compiled(contract(to(TOKYO)))
    refused = [
        area.name
        for area in TABLE.charge_areas
        if decide(plan, call_of(CallerClass.FIXED, charge_area=area.name), {}, IDLE).targets != (TOKYO,)
    ]
    assert (len(TABLE.charge_areas), refused) == (561, [])


def test_r2_3_the_areas_of_two_groups_and_the_rest_are_told_apart_in_all_of_japan() -> None:
    plan = compiled(
        contract(
            to(TOKYO, name="east", origin=KANTO),
            to(OSAKA, name="west", origin=KINKI),
            to(NAGOYA, name="others", origin=REST),
        )
    )
    expected = {"関東": "east", "近畿": "west"}
    for area in TABLE.charge_areas:
        decision = decide(plan, call_of(CallerClass.FIXED, charge_area=area.name), {}, IDLE)
        assert decision.group == expected.get(area.region, "others"), area.name


@pytest.mark.parametrize(
    ("prefecture", "outcome", "reason"),
    [
        ("東京都", Outcome.CONNECT, Reason.OK),
        ("大阪府", Outcome.REFUSE, Reason.MOBILE_NOT_ACCEPTED),
        ("北海道", Outcome.REFUSE, Reason.AREA_NOT_DESIGNATED),
    ],
)
def test_r2_4_mobiles_are_accepted_or_refused_by_their_prefectures_group(
    prefecture: str, outcome: Outcome, reason: Reason
) -> None:
    decision = decided(EAST_WEST, call(FROM_MOBILE, prefecture=prefecture))
    assert (decision.outcome, decision.reason) == (outcome, reason)


def test_r2_4_one_charge_area_of_a_prefecture_is_enough_for_its_mobiles() -> None:
    made = contract(to(TOKYO, name="hamamatsu", origin=Origin(charge_areas=("浜松",))))
    assert decided(made, call(FROM_MOBILE, prefecture="静岡県")).group == "hamamatsu"
    assert decided(made, call_of(CallerClass.FIXED, charge_area="静岡")).reason is Reason.AREA_NOT_DESIGNATED


def test_r3_3_of_groups_that_split_a_prefecture_the_accepting_one_gets_its_mobiles() -> None:
    groups = (
        to(TOKYO, name="a", origin=Origin(charge_areas=("静岡",)), mobile=False),
        to(OSAKA, name="b", origin=Origin(charge_areas=("浜松",))),
        to(NAGOYA, name="c", origin=REST, mobile=False),
    )
    for order in (groups, groups[::-1]):
        assert decided(contract(*order), call(FROM_MOBILE, prefecture="静岡県")).group == "b"


def test_r2_5_payphones_are_admitted_by_charge_area_as_fixed_callers_are() -> None:
    payphone = call_of(CallerClass.PAYPHONE, charge_area="武蔵野三鷹")
    assert decided(EAST_WEST, payphone).targets == (TOKYO,)
    assert decided(EAST_WEST, call_of(CallerClass.PAYPHONE, charge_area="札幌")).outcome is Outcome.REFUSE


@pytest.mark.parametrize(
    ("attempt", "announcement"),
    [
        (call("0112234567"), Announcement.RESTRICTED_AREA),
        (call(FROM_MOBILE, prefecture="大阪府"), Announcement.RESTRICTED_CLASS),
        (call(FROM_050), Announcement.RESTRICTED_CLASS),
        (call(FROM_MOBILE, prefecture="北海道"), Announcement.RESTRICTED_AREA),
    ],
)
def test_r2_6_a_refused_caller_hears_why_unless_the_contract_is_silent(
    attempt: CallAttempt, announcement: Announcement
) -> None:
    silent = contract(*EAST_WEST.groups, restriction_guidance=False)
    spoken, plain = decided(EAST_WEST, attempt), decided(silent, attempt)
    assert (spoken.outcome, spoken.announcement) == (Outcome.REFUSE, announcement)
    assert (plain.outcome, plain.announcement, plain.reason) == (Outcome.REFUSE, None, spoken.reason)
    assert spoken.targets == plain.targets == ()


def test_r2_9_left_out_the_group_with_most_charge_areas_takes_callers_of_unknown_place() -> None:
    made = contract(
        to(OSAKA, name="west", origin=KINKI, mobile=False), to(TOKYO, name="east", origin=REST, mobile=False)
    )
    decision = decided(made, call_of(CallerClass.FIXED))
    assert (decision.outcome, decision.reason, decision.group) == (Outcome.CONNECT, Reason.OK, "east")
    assert ("treated_as", "fixed", "east") in decision.trace


def test_r2_9_left_out_mobiles_of_unknown_place_go_to_the_largest_group_that_accepts_them() -> None:
    made = contract(
        to(TOKYO, name="east", origin=REST, mobile=False),
        to(OSAKA, name="west", origin=KINKI),
        to(NAGOYA, name="south", origin=Origin(regions=("沖縄",))),
    )
    decision = decided(made, call(FROM_MOBILE))
    assert decision.group == "west"
    assert decision.trace == (("treated_as", "mobile", "west"),)


def test_r2_9_left_out_the_first_in_the_file_is_taken_on_a_tie() -> None:
    one, other = Origin(charge_areas=("静岡",)), Origin(charge_areas=("浜松",))
    for first, second in ((one, other), (other, one)):
        made = contract(
            to(TOKYO, name="first", origin=first), to(OSAKA, name="second", origin=second, mobile=False)
        )
        assert decided(made, call_of(CallerClass.FIXED)).group == "first"


def test_r2_9_left_out_and_no_group_accepts_mobiles_they_are_refused() -> None:
    decision = decided(contract(to(TOKYO, mobile=False)), call(FROM_MOBILE))
    assert (decision.outcome, decision.reason) == (Outcome.REFUSE, Reason.UNKNOWN_ORIGIN)
    assert decision.announcement is Announcement.RESTRICTED_AREA


def test_r2_9_a_contract_names_the_group_or_refuses() -> None:
    groups = (to(TOKYO, name="east", origin=REST), to(OSAKA, name="west", origin=KINKI))
    made = contract(*groups, unknown_origin=UnknownOrigin(fixed="refuse", mobile="west"))
    assert decided(made, call_of(CallerClass.FIXED)).reason is Reason.UNKNOWN_ORIGIN
    assert decided(made, call(FROM_MOBILE)).targets == (OSAKA,)


def test_r2_9_the_reason_of_a_call_so_treated_is_the_normal_one() -> None:
    assert decided(contract(to(TOKYO)), call_of(CallerClass.FIXED)).reason is Reason.OK


@pytest.mark.parametrize("prefecture", ["東京都", None])
def test_an_fmc_caller_is_a_mobile_of_unknown_prefecture(prefecture: str | None) -> None:
    decision = decided(EAST_WEST, call_of(CallerClass.FMC, prefecture=prefecture))
    assert decision.trace == (("treated_as", "mobile", "east"),)


def test_an_unknown_caller_is_placed_by_its_charge_area_if_signalling_tells_one() -> None:
    attempt = call_of(CallerClass.UNKNOWN, charge_area="大阪", presentation=Presentation.WITHHELD)
    assert decided(EAST_WEST, attempt).group == "west"


def test_an_unknown_caller_without_facts_is_one_of_unknown_fixed_place() -> None:
    decision = decided(EAST_WEST, call_of(CallerClass.UNKNOWN, presentation=Presentation.WITHHELD))
    assert decision.trace[0][:2] == ("treated_as", "fixed")


def test_r2_10_a_caller_of_a_charge_area_in_two_prefectures_belongs_to_the_principal_one() -> None:
    """06 is 大阪, which reaches into 兵庫県 (尼崎)."""
    assert TABLE.lookup(FROM_OSAKA).prefectures == ("大阪府", "兵庫県")
    made = contract(
        to(TOKYO, name="hyogo", origin=Origin(prefectures=("兵庫県",))),
        to(OSAKA, name="osaka", origin=Origin(prefectures=("大阪府",))),
    )
    assert decided(made, call(FROM_OSAKA)).group == "osaka"


def test_r3_1_one_group_is_enough() -> None:
    assert decided(contract(to(TOKYO, origin=NATIONWIDE)), call(FROM_MITAKA)).targets == (TOKYO,)


def test_a_number_without_a_plan_is_not_in_service() -> None:
    decision = decide(None, call(), {}, IDLE)
    assert (decision.outcome, decision.reason) == (Outcome.REFUSE, Reason.NUMBER_NOT_IN_SERVICE)
    assert decision.announcement is Announcement.NOT_IN_SERVICE


def test_a_place_that_the_plan_never_heard_of_still_gets_a_decision() -> None:
    decision = decided(EAST_WEST, call_of(CallerClass.FIXED, charge_area="札幌\n大阪\n"))
    assert decision.outcome in Outcome
