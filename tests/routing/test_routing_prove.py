"""The proof of a plan (service.md §9.2): it covers everything, and finds what is wrong or strange."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from routing_contracts import (
    HOLIDAYS,
    NAGOYA,
    OSAKA,
    REST,
    SHIBUYA,
    TABLE,
    TOKYO,
    changed,
    closed,
    compiled,
    contract,
    every_day,
    on,
    overflow,
    ratio,
    to,
    weights_every_day,
)
from routing_strategies import attempts, contracts

from chakka.contract.model import Change, Contract, Hours, Origin, UnknownOrigin
from chakka.localtime import jst_instant_ms
from chakka.numbering.model import CallerClass
from chakka.routing.attempt import IDLE, CallAttempt
from chakka.routing.calendar import Moment, day_pattern
from chakka.routing.cells import DayKind, calendars_of, cells, days
from chakka.routing.check import check
from chakka.routing.decide import decide
from chakka.routing.findings import Finding
from chakka.routing.plan import CompiledPlan
from chakka.routing.prove import Happening, Proof, prove

quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

ALWAYS = every_day("00:00-24:00")
NEVER = every_day()
NIGHT = every_day("00:00-09:00", "18:00-24:00")
WEEK_MINUTES = 7 * 1440
PLACES = 562


def proved(made: Contract) -> Proof:
    return prove(made, compiled(made), TABLE)


def found(made: Contract, code: str) -> list[Finding]:
    return [finding for finding in proved(made).findings if finding.code == code]


def week(proof: Proof, caller_class: str, outcome: str) -> int:
    """Return the charge-area minutes of an ordinary week with that outcome."""
    return sum(
        kinds.get(DayKind.WEEK, 0)
        for happening, kinds in proof.area_minutes.items()
        if (happening.caller_class, happening.outcome) == (caller_class, outcome)
    )


class TestCoverage:
    def test_a_plain_plan_connects_every_fixed_caller_at_every_minute_of_the_week(self) -> None:
        proof = proved(contract(to(TOKYO)))
        assert week(proof, "fixed", "connect") == PLACES * WEEK_MINUTES
        assert proof.minutes[DayKind.WEEK] == WEEK_MINUTES
        assert proof.findings == ()

    def test_every_class_adds_up_to_every_place_and_minute(self) -> None:
        made = contract(
            to(TOKYO, name="east", origin=Origin(regions=("関東",))),
            to(OSAKA, name="west", origin=Origin(regions=("近畿",)), mobile=False),
            schedules={
                "night": every_day(
                    "00:00-09:00", holiday="all", dates=(on("2026-12-29", "2027-01-03", "all"),)
                )
            },
            hours={TOKYO: closed("night")},
        )
        proof = proved(made)
        covered: Counter[tuple[CallerClass, DayKind]] = Counter()
        for happening, kinds in proof.area_minutes.items():
            for kind, count in kinds.items():
                covered[happening.caller_class, kind] += count
        assert set(covered) == {(caller_class, kind) for caller_class in CallerClass for kind in DayKind}
        assert all(count == PLACES * proof.minutes[kind] for (_, kind), count in covered.items())
        assert proof.minutes[DayKind.DATES] == 6 * 1440

    def test_off_hours_are_measured_to_the_minute(self) -> None:
        made = contract(to(TOKYO), schedules={"night": NIGHT}, hours={TOKYO: closed("night")})
        proof = proved(made)
        assert week(proof, "fixed", "connect") == PLACES * 7 * 9 * 60
        assert week(proof, "fixed", "announce") == PLACES * 7 * 15 * 60

    def test_areas_are_counted_by_charge_area(self) -> None:
        made = contract(
            to(TOKYO, origin=Origin(prefectures=("沖縄県",))), unknown_origin=UnknownOrigin(fixed="refuse")
        )
        okinawa = sum(area.prefecture == "沖縄県" for area in TABLE.charge_areas)
        assert week(proved(made), "fixed", "connect") == okinawa * WEEK_MINUTES

    def test_the_summary_is_plain_values_with_the_shares_of_each_class(self) -> None:
        summary = check(contract(to(TOKYO)), TABLE, HOLIDAYS).summary
        assert summary is not None
        assert (summary["charge_areas"], summary["classes"]) == (561, len(CallerClass))
        assert {
            "class": "fixed",
            "group": "all",
            "outcome": "connect",
            "reason": "ok",
            "area_minutes": {"week": PLACES * WEEK_MINUTES},
        } in summary["outcomes"]  # type: ignore[operator]
        assert summary["notes"] == []

    def test_the_summary_names_the_ordinary_week_first(self) -> None:
        schedules = {"s": every_day(holiday="all", dates=(on("2026-12-29", "2027-01-03", "all"),))}
        made = contract(to(TOKYO), schedules=schedules, hours={TOKYO: closed("s")})
        assert list(proved(made).summary()["minutes"]) == ["week", "holiday", "dates"]  # type: ignore[call-overload]


class TestTime:
    def test_an_ordinary_week_has_seven_days_and_holidays_seven_more(self) -> None:
        plan = compiled(
            contract(to(TOKYO), schedules={"s": every_day(holiday="all")}, hours={TOKYO: closed("s")})
        )
        kinds = Counter(day.kind for day in days(plan))
        assert kinds == {DayKind.WEEK: 7, DayKind.HOLIDAY: 7}

    def test_days_under_date_rules_are_counted_one_by_one(self) -> None:
        schedule = every_day(holiday="all", dates=(on("2026-12-29", "2027-01-03", "none"),))
        plan = compiled(contract(to(TOKYO), schedules={"s": schedule}, hours={TOKYO: closed("s")}))
        ruled = [day for day in days(plan) if day.kind is DayKind.DATES]
        assert [day.ordinal for day in ruled] == list(
            range(date(2026, 12, 29).toordinal(), date(2027, 1, 4).toordinal())
        )

    def test_a_rule_for_a_thousand_years_is_counted_by_weekday(self) -> None:
        schedule = every_day(dates=(on("2026-01-01", "3025-12-31", "all"),))
        plan = compiled(contract(to(TOKYO), schedules={"s": schedule}, hours={TOKYO: closed("s")}))
        ruled = [day for day in days(plan) if day.kind is DayKind.DATES]
        assert len(ruled) < 30
        expected = date(3026, 1, 1).toordinal() - date(2026, 1, 1).toordinal()
        assert sum(day.count for day in ruled) == expected

    @quick
    @given(contracts())
    def test_every_witness_lies_in_its_cell(self, made: Contract) -> None:
        """The day that stands for others is a holiday exactly if the plan says so."""
        plan = compiled(made)
        for day in days(plan):
            assert plan.is_holiday(day.ordinal) is day.is_holiday

    @quick
    @given(contracts(), attempts)
    def test_any_instant_is_decided_as_the_witness_of_its_cell(
        self, made: Contract, attempt: CallAttempt
    ) -> None:
        """Brute force against interval algebra: same patterns, same minutes, same targets."""
        plan = compiled(made)
        decision = decide(plan, attempt, {}, IDLE)
        groups = [group for group in plan.groups if group.name == decision.group]
        for calendars in (calendars_of(plan, group) for group in groups):
            moment = plan.moment(attempt.at_ms)
            (cell,) = (
                cell
                for cell in cells(plan, calendars, days(plan))
                if cell.moment.minute <= moment.minute < cell.end
                and patterns_on(plan, calendars, cell.moment) == patterns_on(plan, calendars, moment)
            )
            at_ms = jst_instant_ms(cell.moment.day, cell.moment.minute)
            witness = decide(plan, msgspec.structs.replace(attempt, at_ms=at_ms), {}, IDLE)
            assert (witness.outcome, witness.targets) == (decision.outcome, decision.targets)
            assert witness.sequence == decision.sequence

    @quick
    @given(contracts(), attempts)
    def test_whatever_happens_to_a_call_the_proof_said_that_it_happens(
        self, made: Contract, attempt: CallAttempt
    ) -> None:
        """Any place of the table or none, any instant; the attempt brings only facts that a proof sees."""
        plan = compiled(made)
        area = attempt.charge_area if TABLE.charge_area(attempt.charge_area or "") else None
        prefecture = attempt.prefecture if TABLE.prefecture(attempt.prefecture or "") else None
        decision = decide(
            plan,
            CallAttempt(
                called_number=plan.number,
                caller_class=attempt.caller_class,
                charge_area=area,
                prefecture=prefecture,
                at_ms=attempt.at_ms,
            ),
            {},
            IDLE,
        )
        happening = Happening(
            caller_class=attempt.caller_class,
            group=decision.group or "",
            outcome=decision.outcome.value,
            reason=decision.reason.value,
        )
        assert happening in prove(made, plan, TABLE).area_minutes


def patterns_on(plan: CompiledPlan, calendars: Sequence[int], moment: Moment) -> list[int]:
    return [day_pattern(plan.calendars[index], moment.day, moment.is_holiday) for index in calendars]


class TestFindings:
    def test_r3_2_an_area_in_two_groups_is_a_problem_that_names_it(self) -> None:
        made = contract(
            to(TOKYO, name="a", origin=Origin(prefectures=("静岡県",))),
            to(OSAKA, name="b", origin=Origin(charge_areas=("浜松",)), mobile=False),
        )
        (finding,) = found(made, "area_in_two_groups")
        assert finding.is_problem
        assert "浜松" in finding.message and "'a'" in finding.message and "'b'" in finding.message

    def test_r3_3_mobiles_of_a_prefecture_in_two_groups_are_a_problem(self) -> None:
        made = contract(
            to(TOKYO, name="a", origin=Origin(charge_areas=("静岡",))),
            to(OSAKA, name="b", origin=Origin(charge_areas=("浜松",))),
        )
        (finding,) = found(made, "mobile_in_two_groups")
        assert "静岡県" in finding.message

    def test_areas_that_no_group_takes_are_noted_with_a_call_from_one(self) -> None:
        (finding,) = found(contract(to(TOKYO, origin=Origin(regions=("関東",)))), "area_gap")
        kanto = sum(area.region == "関東" for area in TABLE.charge_areas)
        assert finding.message.startswith(f"{561 - kanto} charge areas")
        assert finding.witness is not None and finding.witness.charge_area == "札幌"
        assert not finding.is_problem

    def test_a_group_without_areas_is_noted(self) -> None:
        made = contract(to(TOKYO, name="all"), to(OSAKA, name="nobody", origin=REST, mobile=False))
        (finding,) = found(made, "empty_group")
        assert finding.where == "groups[1].origin"

    def test_a_ratio_member_whose_weight_is_always_0_is_noted(self) -> None:
        (finding,) = found(contract(ratio({TOKYO: 1, OSAKA: 0})), "unreachable_number")
        assert finding.where == f"groups[0].ratio.weights.{OSAKA}"
        assert "weight is 0" in finding.message

    def test_a_member_of_weight_0_that_gets_weight_in_a_slot_is_reachable(self) -> None:
        made = contract(
            ratio({TOKYO: 1, OSAKA: 0}, schedule="s"),
            schedules={"s": weights_every_day(h23_24={OSAKA: 1})},
        )
        assert found(made, "unreachable_number") == []

    def test_an_overflow_number_that_is_closed_whenever_reached_is_noted(self) -> None:
        made = contract(overflow(TOKYO, OSAKA), schedules={"s": ALWAYS}, hours={OSAKA: closed("s")})
        (finding,) = found(made, "unreachable_number")
        assert finding.where == "groups[0].overflow[1]"
        assert "closed" in finding.message

    def test_a_number_that_always_rings_as_an_earlier_one_is_noted(self) -> None:
        made = contract(overflow(TOKYO, OSAKA), schedules={"s": ALWAYS}, hours={OSAKA: changed("s", TOKYO)})
        (finding,) = found(made, "unreachable_number")
        assert "earlier" in finding.message

    def test_a_group_that_is_closed_at_every_time_is_noted(self) -> None:
        made = contract(to(TOKYO), schedules={"s": ALWAYS}, hours={TOKYO: closed("s")})
        (finding,) = found(made, "never_open")
        assert finding.where == "groups[0]"

    @pytest.mark.parametrize(
        "hours",
        [
            changed("never", OSAKA),
            Hours(off_hours="always", change=Change(schedule="night", to=OSAKA)),
            Hours(off_hours="night", change=Change(schedule="night", to=OSAKA)),
        ],
    )
    def test_a_change_that_never_takes_effect_is_noted(self, hours: Hours) -> None:
        schedules = {"never": NEVER, "always": ALWAYS, "night": NIGHT}
        made = contract(to(TOKYO), schedules=schedules, hours={TOKYO: hours})
        assert [finding.where for finding in found(made, "change_never")] == [f"hours.{TOKYO}.change"]

    def test_a_self_loop_is_a_problem(self) -> None:
        made = contract(to(TOKYO), schedules={"s": NIGHT}, hours={TOKYO: changed("s", TOKYO)})
        (finding,) = found(made, "self_change")
        assert finding.is_problem

    def test_a_ratio_that_is_all_zero_in_one_slot_is_a_problem_with_the_minute(self) -> None:
        made = contract(
            ratio({TOKYO: 1, OSAKA: 1}, schedule="s"),
            schedules={"s": weights_every_day(h20_21={TOKYO: 0, OSAKA: 0})},
        )
        (finding,) = found(made, "weights_all_zero")
        assert finding.is_problem
        assert finding.witness is not None and finding.witness.at[11:16] == "20:00"
        assert "20:00" in finding.problem().message

    @pytest.mark.parametrize(
        "made",
        [
            contract(overflow(TOKYO, OSAKA), schedules={"s": ALWAYS}, hours={OSAKA: closed("s")}),
            contract(to(TOKYO), schedules={"s": ALWAYS}, hours={TOKYO: closed("s")}),
            contract(
                ratio({TOKYO: 1, OSAKA: 1}, schedule="s"),
                schedules={"s": weights_every_day(h20_21={TOKYO: 0})},
            ),
        ],
    )
    def test_a_witness_shows_what_it_is_said_to_show(self, made: Contract) -> None:
        """A call at the witness's instant finds the number that is named not among the targets."""
        for finding in proved(made).findings:
            assert finding.witness is not None
            plan = compiled(made)
            attempt = CallAttempt(
                called_number=plan.number,
                caller_class=finding.witness.caller_class,
                charge_area=finding.witness.charge_area,
                at_ms=jst_instant_ms(date.fromisoformat(finding.witness.at[:10]).toordinal(), 0)
                + (int(finding.witness.at[11:13]) * 60 + int(finding.witness.at[14:16])) * 60_000,
            )
            named = finding.message.split()[0]
            assert named not in decide(plan, attempt, {}, IDLE).targets

    @quick
    @given(contracts())
    def test_a_contract_without_problems_is_proved_without_problems(self, made: Contract) -> None:
        assert [finding for finding in proved(made).findings if finding.is_problem] == []


class TestCheck:
    def test_r3_8_a_contract_with_problems_has_no_summary(self) -> None:
        result = check(contract(to("0311112222")), TABLE, HOLIDAYS)
        assert [problem.code for problem in result.problems] == ["not_own_number"]
        assert result.summary is None

    def test_notes_do_not_keep_a_plan_from_being_published(self) -> None:
        result = check(contract(ratio({TOKYO: 1, OSAKA: 0})), TABLE, HOLIDAYS)
        assert result.problems == []
        assert result.summary is not None
        assert [note["code"] for note in result.summary["notes"]] == ["unreachable_number"]  # type: ignore[attr-defined,index]


def test_a_plan_with_ten_groups_and_every_kind_of_schedule_is_proved() -> None:
    regions = list(TABLE.regions)
    schedules = {
        f"s{place}": every_day(
            f"0{place}:00-1{place}:30", holiday="all", dates=(on("2026-12-29", "2027-01-03", "all"),)
        )
        for place in range(10)
    }
    groups = [
        ratio(
            {TOKYO: 1, OSAKA: place % 9 + 1, NAGOYA: 2},
            name=f"g{place}",
            origin=Origin(regions=(regions[place],)) if place < 9 else REST,
            overflow=(SHIBUYA, OSAKA),
        )
        for place in range(10)
    ]
    hours = {TOKYO: closed("s1"), OSAKA: closed("s2"), NAGOYA: changed("s3", SHIBUYA), SHIBUYA: closed("s9")}
    proof = proved(contract(*groups, schedules=schedules, hours=hours))
    assert not [finding for finding in proof.findings if finding.is_problem]
    assert {happening.group for happening in proof.area_minutes} == {"", *(f"g{place}" for place in range(9))}
