"""`chakka subscriber` and `chakka contract`: what they keep, what it costs, what they refuse."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from business import NOW_MS, NUMBER, OCTOBER, SETTINGS
from django.conf import settings

from chakka.cli.arguments import login_name
from chakka.config import Config
from chakka.facts import DATA
from chakka.portal.accounts.commands import main as subscriber_commands
from chakka.portal.accounts.models import Subscriber
from chakka.portal.billing.commands import main as bill_commands
from chakka.portal.billing.commands import words
from chakka.portal.billing.final import IssuedIsFinal
from chakka.portal.billing.models import Invoice
from chakka.portal.contracts.commands import main as contract_commands
from chakka.portal.contracts.models import (
    Contract,
    ContractItem,
    ContractStep,
    DirectoryIssue,
    FreephoneNumber,
    LineNumber,
    WorkOrder,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
COMMANDS = {
    "bill": bill_commands.main,
    "contract": contract_commands.main,
    "subscriber": subscriber_commands.main,
}
SHOP = ("--name", "木曽屋", "--postal-code", "100-0001", "--address", "東京都千代田区千代田1-1")
NOVEMBER = "2026-11"


class Typed:
    """Runs a line as it is typed and returns its exit code and what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, line: str, *more: str) -> tuple[int, str]:
        command, *rest = line.split()
        code = COMMANDS[command]([*rest, *more])
        captured = self._capsys.readouterr()
        return code, captured.out + captured.err

    def json(self, line: str, *more: str) -> Any:
        return json.loads(self(line, *more, "--json")[1])

    def refused(self, line: str, *more: str) -> dict[str, str]:
        """Return the messages of what was refused, by code and place."""
        code, text = self(line, *more, "--json")
        assert code == 1, text
        return {f"{one['code']} {one['where']}": one["message"] for one in json.loads(text)["problems"]}

    def billed(self, month: str) -> tuple[int, int, int]:
        """Issue a month and return net, tax and total of the one invoice."""
        self(f"bill decide no_ledger/{month} --month {month} --reason", "before the first call")
        code, text = self(f"bill run --month {month} --date {month}-28")
        assert code == 0, text
        invoice = Invoice.objects.get(run__month=month)
        return invoice.net_yen, invoice.tax_yen, invoice.total_yen


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """A shop without contracts, on 1 June 2027."""
    monkeypatch.setattr(settings, "CONFIG", Config(directory=tmp_path, billing=SETTINGS))
    monkeypatch.setattr(words, "utc_ms", lambda: NOW_MS)
    typed = Typed(capsys)
    assert typed("subscriber add KISO", *SHOP)[0] == 0
    return typed


def opened(typed: Typed, rest: str = "") -> None:
    """Open the number from 17 October on."""
    code, text = typed(f"contract open {NUMBER} --subscriber KISO --start 2026-10-17 {rest}")
    assert code == 0, text


def test_e06_a_business_that_begins_on_the_17th_is_billed_by_commands_alone(typed: Typed) -> None:
    opened(typed, "--option origin_distribution busy_overflow")
    assert typed.billed(OCTOBER) == (2_042, 204, 2_246)
    assert typed("bill verify")[0] == 0


def test_e06_the_price_that_is_shown_is_the_price_that_is_billed(typed: Typed) -> None:
    asked = typed.json("contract price --start 2026-10-17 --option origin_distribution busy_overflow")
    first, second = asked["first_month"], asked["second_month"]
    assert (first["month"], first["net_yen"], first["tax_yen"], first["total_yen"]) == (
        OCTOBER,
        2_042,
        204,
        2_246,
    )
    assert (second["month"], second["net_yen"], second["total_yen"]) == (NOVEMBER, 2_153, 2_368)


def test_a_month_that_is_shown_for_december_goes_on_in_january(typed: Typed) -> None:
    assert "2027-01 without calls" in typed("contract price --start 2026-12-31")[1]


def test_an_agreed_activation_fee_is_charged_instead_of_the_list_price(typed: Typed) -> None:
    opened(typed, "--fee 0")
    assert typed.billed(OCTOBER) == (486, 48, 534)


def test_options_by_use_are_counted_and_named_by_a_quantity(typed: Typed) -> None:
    opened(
        typed, "--option busy_overflow number_notification --quantity busy_overflow=2 number_notification=5"
    )
    shown = typed.json(f"contract show {NUMBER} --at 2026-10-17")
    assert {row["item"]: row["monthly_yen"] for row in shown["items"]} == {
        "basic": 1_000,
        "busy_overflow": 1_600,
        "number_notification": 500,
    }
    assert shown["monthly_yen"] == 3_100


def test_a_plan_gives_options_how_often_and_lines(typed: Typed) -> None:
    plan = DATA / "demo" / f"{NUMBER}.yaml"
    opened(typed, f"--plan {plan}")
    held = dict(ContractItem.objects.values_list("item", "quantity"))
    assert (held["busy_overflow"], held["off_hours"]) == (2, 1)
    assert LineNumber.objects.exists()
    wrong = typed.refused(f"contract open 0120999999 --subscriber KISO --start 2026-10-17 --plan {plan}")
    assert wrong == {"contradiction plan": f"the plan is for {NUMBER}, not for 0120999999"}


def test_the_problems_of_a_plan_are_those_of_the_opening(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("nummer: 1")
    line = f"contract open {NUMBER} --subscriber KISO --start 2026-10-17 --plan {tmp_path / 'plan.yaml'}"
    assert "unknown_key nummer" in typed.refused(line)
    assert not Contract.objects.exists()


def test_a_change_in_mid_month_is_prorated_and_one_job_whatever_it_touches(typed: Typed) -> None:
    """November: basic; overflow 9 days of 1 group and 21 of 3; ratio 21 days; origin 9 days; the job."""
    opened(typed, "--option origin_distribution busy_overflow")
    typed.billed(OCTOBER)
    changed = typed.json(
        f"contract change {NUMBER} --from 2026-11-10 --add ratio_distribution "
        "--quantity busy_overflow=3 --drop origin_distribution"
    )
    assert (changed["fee_yen"], changed["monthly_yen"]) == (1_000, 4_100)
    assert WorkOrder.objects.get(order_id=changed["order_id"]).functions == 2
    net = 1_000 + 800 * 9 // 30 + 2_400 * 21 // 30 + 700 * 21 // 30 + 350 * 9 // 30 + 1_000 + 3
    assert typed.billed(NOVEMBER) == (net, net // 10, net + net // 10)


def test_p12_a_price_list_by_function_charges_what_the_job_touched(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(typed, "--option busy_overflow")
    billing = msgspec.structs.replace(SETTINGS, price_list="per-function")
    monkeypatch.setattr(settings, "CONFIG", Config(directory=settings.CONFIG.directory, billing=billing))
    changed = typed.json(
        f"contract change {NUMBER} --from 2026-11-10 --add off_hours --quantity busy_overflow=2"
    )
    assert changed["fee_yen"] == 1_000 + 2 * 1_000


def test_dropping_options_alone_is_no_job_unless_a_fee_is_agreed(typed: Typed) -> None:
    opened(typed, "--option origin_distribution busy_overflow")
    changed = typed.json(f"contract change {NUMBER} --from 2026-11-10 --drop busy_overflow")
    assert (changed["order_id"], changed["fee_yen"], changed["monthly_yen"]) == (None, None, 1_350)
    agreed = typed.json(
        f"contract change {NUMBER} --from 2026-11-10 --drop origin_distribution --fee 500 --id j1"
    )
    assert (agreed["order_id"], agreed["fee_yen"]) == ("j1", 500)


def test_two_jobs_of_a_day_are_two_orders(typed: Typed) -> None:
    opened(typed)
    first = typed.json(f"contract change {NUMBER} --from 2026-11-10 --add busy_overflow")
    second = typed.json(f"contract change {NUMBER} --from 2026-11-10 --add off_hours")
    assert [first["order_id"], second["order_id"]] == [
        f"change-{NUMBER}-2026-11-10",
        f"change-{NUMBER}-2026-11-10-2",
    ]


def test_an_option_that_was_dropped_can_come_back_on_that_day(typed: Typed) -> None:
    opened(typed, "--option busy_overflow")
    typed(f"contract change {NUMBER} --from 2026-11-10 --drop busy_overflow")
    assert typed(f"contract change {NUMBER} --from 2026-11-10 --add busy_overflow")[0] == 0
    assert ContractItem.objects.filter(item="busy_overflow").order_by("-key").first().key.endswith("/2")


def test_every_problem_of_a_change_is_said_at_once(typed: Typed) -> None:
    opened(typed, "--option origin_distribution busy_overflow")
    typed(f"contract change {NUMBER} --from 2026-10-20 --add off_hours --id job-1")
    assert typed.refused(
        f"contract change {NUMBER} --from 2026-11-10 --add busy_overflow off_hours --drop off_hours "
        "ratio_distribution --quantity origin_distribution=1 number_notification=2 --id job-1"
    ) == {
        "held busy_overflow": f"{NUMBER} has busy_overflow from 2026-10-17",
        "contradiction off_hours": "off_hours is both added and dropped",
        "not_held ratio_distribution": f"{NUMBER} does not have ratio_distribution on 2026-11-10",
        "unchanged origin_distribution": "origin_distribution is held 1 times already",
        "not_held number_notification": f"{NUMBER} does not have number_notification on 2026-11-10; add it",
        "duplicate id": "there is an order 'job-1' already",
    }


def test_a_change_of_nothing_is_refused(typed: Typed) -> None:
    opened(typed)
    assert "nothing change" in typed.refused(f"contract change {NUMBER} --from 2026-11-10")


def test_an_option_cannot_change_its_quantity_on_the_day_it_begins(typed: Typed) -> None:
    """The start day counts: the day would be charged for one group and for two."""
    opened(typed, "--option busy_overflow")
    line = f"contract change {NUMBER} --from 2026-10-17 --quantity busy_overflow=2"
    assert "bad_dates busy_overflow" in typed.refused(line)


def test_a_change_before_the_start_says_when_the_contract_is(typed: Typed) -> None:
    opened(typed)
    wrong = typed.refused(f"contract change {NUMBER} --from 2026-10-16 --add off_hours")
    assert wrong == {
        "no_contract number": f"{NUMBER} is under no contract on 2026-10-16; it is from 2026-10-17 to now on"
    }


def test_p5_the_day_of_the_stop_is_not_charged_and_p7_no_levy_after_it(typed: Typed) -> None:
    opened(typed)
    typed.billed(OCTOBER)
    assert typed(f"contract stop {NUMBER} --on 2026-11-16")[0] == 0
    assert typed.billed(NOVEMBER) == (500, 50, 550)
    assert FreephoneNumber.objects.get().state == "cooling_off"


def test_p5_a_contract_that_stops_on_its_start_day_is_charged_for_that_day(typed: Typed) -> None:
    opened(typed)
    typed(f"contract stop {NUMBER} --on 2026-10-17")
    again = f"contract open {NUMBER} --subscriber KISO --start"
    assert "overlap start" in typed.refused(f"{again} 2026-10-17")
    assert typed(f"{again} 2026-10-18 --fee 0")[0] == 0
    assert typed.billed(OCTOBER)[0] == 1_000 // 31 + 1_000 + 1_000 * 14 // 31 + 3


def test_a_stop_withdraws_what_was_to_begin_later(typed: Typed) -> None:
    opened(typed)
    typed(f"contract change {NUMBER} --from 2026-12-01 --add busy_overflow")
    stopped = typed.json(f"contract stop {NUMBER} --on 2026-11-16")
    assert stopped["withdrawn"] == [f"{NUMBER}/busy_overflow/1", f"change-{NUMBER}-2026-12-01"]
    typed.billed(OCTOBER)
    typed.billed(NOVEMBER)
    code, text = typed("bill draft --month 2026-12 --json")
    assert (code, text) == (0, "")


def test_an_option_that_would_begin_on_the_day_of_the_stop_is_withdrawn(typed: Typed) -> None:
    opened(typed)
    typed(f"contract change {NUMBER} --from 2026-11-16 --add busy_overflow")
    stopped = typed.json(f"contract stop {NUMBER} --on 2026-11-16")
    assert stopped["withdrawn"] == [f"{NUMBER}/busy_overflow/1"]


def test_what_changes_before_a_known_stop_ends_with_the_contract(typed: Typed) -> None:
    opened(typed, "--option busy_overflow")
    typed(f"contract stop {NUMBER} --on 2026-11-16")
    line = f"contract change {NUMBER} --from 2026-11-10 --add off_hours --quantity busy_overflow=2"
    assert typed(line)[0] == 0
    shown = typed.json(f"contract show {NUMBER} --at 2026-11-10")
    assert {row["item"]: row["stop"] for row in shown["items"]} == {
        "basic": "2026-11-16",
        "busy_overflow": "2026-11-16",
        "off_hours": "2026-11-16",
    }


def test_an_option_that_was_billed_is_not_withdrawn_by_a_stop_before_it(typed: Typed) -> None:
    opened(typed)
    typed(f"contract change {NUMBER} --from 2026-10-30 --add busy_overflow")
    typed.billed(OCTOBER)
    wrong = typed.refused(f"contract stop {NUMBER} --on 2026-10-20 --late")
    assert set(wrong) == {f"bad_dates {NUMBER}/busy_overflow/1"}


def test_a_stop_before_the_start_and_a_second_stop_are_refused(typed: Typed) -> None:
    opened(typed)
    assert "bad_dates on" in typed.refused(f"contract stop {NUMBER} --on 2026-10-16")
    typed(f"contract stop {NUMBER} --on 2026-11-16")
    assert typed.refused(f"contract stop {NUMBER} --on 2026-11-20") == {
        "no_contract number": f"{NUMBER} is under no contract; the last stops on 2026-11-16"
    }


def test_a_number_belongs_to_one_contract_at_a_time(typed: Typed) -> None:
    opened(typed)
    again = f"contract open {NUMBER} --subscriber KISO --start"
    assert "overlap start" in typed.refused(f"{again} 2026-09-01")
    typed(f"contract stop {NUMBER} --on 2026-11-16")
    assert "until 2026-11-16" in typed.refused(f"{again} 2026-11-15")["overlap start"]
    assert typed(f"{again} 2026-11-16 --option off_hours")[0] == 0


def test_every_mistake_of_a_stranger_is_said_at_once(typed: Typed) -> None:
    wrong = typed.refused(
        "contract open 012012345 --subscriber NOBODY --start 2026-10-17 "
        "--option off_hour busy_overflow "
        "--quantity x=1 busy_overflow busy_overflow=0 off_hours=2 number_notification=1"
    )
    assert set(wrong) == {
        "bad_number number",
        "no_subscriber subscriber",
        "unknown_option option",
        "unknown_option quantity",
        "bad_value quantity",
        "not_held quantity",
    }
    assert not FreephoneNumber.objects.exists()


def test_a_start_that_has_no_tax_rate_is_refused_and_nothing_is_kept(typed: Typed) -> None:
    code, text = typed(f"contract open {NUMBER} --subscriber KISO --start 2000-01-01")
    assert (code, "2000-01" in text) == (1, True)
    assert not Contract.objects.exists()


def test_a_month_that_was_billed_is_closed_unless_it_is_meant(typed: Typed) -> None:
    opened(typed)
    typed.billed(OCTOBER)
    for line in (
        "contract open 0120999999 --subscriber KISO --start 2026-10-30",
        "contract open 0120999999 --subscriber KISO --start 2026-09-30",
        f"contract change {NUMBER} --from 2026-10-30 --add off_hours",
        f"contract stop {NUMBER} --on 2026-10-30",
        f"contract work {NUMBER} --kind construction --completed 2026-10-30",
    ):
        [(code, message)] = typed.refused(line).items()
        assert code.startswith("closed_month")
        assert "with --late fees agreed late go on the next invoice" in message


def test_what_is_agreed_late_goes_on_the_next_invoice(typed: Typed) -> None:
    """31 October: one day of 650 yen, and the job; then November as a whole."""
    opened(typed)
    typed.billed(OCTOBER)
    assert typed(f"contract change {NUMBER} --from 2026-10-31 --add off_hours --late")[0] == 0
    assert typed.billed(NOVEMBER)[0] == 650 // 31 + 1_000 + 1_000 + 650 + 3


def test_a_stop_that_is_known_late_is_given_back_by_a_credit(typed: Typed) -> None:
    opened(typed)
    typed.billed(OCTOBER)
    assert typed(f"contract stop {NUMBER} --on 2026-10-27 --late")[0] == 0
    number = Invoice.objects.get().number
    assert typed(f"bill credit {number} --reason stopped --date 2026-11-28")[0] == 0
    corrected = Invoice.objects.get(kind="corrected")
    assert corrected.net_yen == 1_000 * 10 // 31 + 1_000
    assert typed("bill verify")[0] == 0


def test_r7_2_the_release_of_a_lock_is_charged_once(typed: Typed) -> None:
    opened(typed)
    typed.billed(OCTOBER)
    line = f"contract work {NUMBER} --kind lock_release --completed 2026-11-12"
    assert typed.json(line)["fee_yen"] == 2_000
    assert "duplicate id" in typed.refused(line)
    assert typed.json(line, "--id", "lock-2", "--fee", "0")["fee_yen"] == 0
    assert typed.billed(NOVEMBER)[0] == 1_000 + 2_000 + 3


def test_work_that_is_still_to_come_is_refused(typed: Typed) -> None:
    opened(typed)
    line = f"contract work {NUMBER} --kind construction --completed 2027-06-02"
    assert typed.refused(line) == {"bad_dates completed": "2027-06-02 is still to come; today is 2027-06-01"}


def directory(typed: Typed, rest: str) -> Any:
    """Order listings in the issue of December on 1 November."""
    return typed.json(f"contract directory {NUMBER} --issue 2026-12 --on 2026-11-01 {rest}")


def test_r8_6_listings_beyond_the_first_are_charged_by_issue(typed: Typed) -> None:
    opened(typed)
    typed.billed(OCTOBER)
    typed.billed(NOVEMBER)
    DirectoryIssue.objects.create(name="2026-12", issued_on="2026-12-10")
    typed(f"contract directory {NUMBER} --issue 2026-12 --on 2026-12-01 --listings 4")
    three = typed.json(f"contract directory {NUMBER} --issue 2026-12 --on 2026-12-02 --listings 3")
    assert (len(three["listings"]), three["charged"]) == (3, 2)
    assert typed.billed("2026-12")[0] == 1_000 + 2 * 500 + 3


def test_r8_6_listings_that_are_cancelled_before_the_issue_cost_nothing(typed: Typed) -> None:
    opened(typed)
    assert directory(typed, "--issued-on 2026-12-10 --listings 3")["charged"] == 2
    assert directory(typed, "--cancel")["listings"] == []


def test_an_issue_that_is_out_carries_what_it_carries(typed: Typed) -> None:
    opened(typed)
    line = f"contract directory {NUMBER} --issue 2026-12 --listings 3"
    assert "unknown_issue issue" in typed.refused(line)
    assert "issue_is_out issue" in typed.refused(line, "--issued-on", "2026-12-10", "--on", "2026-12-10")
    assert not DirectoryIssue.objects.exists()
    directory(typed, "--issued-on 2026-12-10 --listings 3")
    assert "contradiction issued-on" in typed.refused(line, "--issued-on", "2026-12-11", "--on", "2026-12-01")


def test_a_stop_cancels_the_listings(typed: Typed) -> None:
    opened(typed)
    directory(typed, "--issued-on 2026-12-10 --listings 3")
    typed(f"contract stop {NUMBER} --on 2026-11-16")
    shown = typed.json(f"contract show {NUMBER} --at 2026-11-15")
    assert {row["cancelled_on"] for row in shown["listings"]} == {"2026-11-16"}


def test_r8_6_an_issue_that_comes_out_on_the_day_of_the_stop_carries_the_listings(typed: Typed) -> None:
    opened(typed)
    typed.billed(OCTOBER)
    typed(f"contract directory {NUMBER} --issue autumn --issued-on 2026-11-16 --on 2026-11-01 --listings 3")
    typed(f"contract stop {NUMBER} --on 2026-11-16")
    again = typed.json(f"contract directory {NUMBER} --issue autumn --on 2026-11-02 --listings 3")
    assert again["listings"] == [f"{NUMBER}/listing/{place}" for place in (1, 2, 3)]
    assert typed.billed(NOVEMBER)[0] == 500 + 2 * 500


def test_contracts_are_listed_with_the_price_of_a_day(typed: Typed) -> None:
    opened(typed, "--option busy_overflow")
    typed(f"contract change {NUMBER} --from 2026-11-10 --drop busy_overflow")
    assert typed.json("contract list --at 2026-11-09")["monthly_yen"] == 1_800
    assert typed.json("contract list --at 2026-11-10 --subscriber KISO")["monthly_yen"] == 1_000
    assert typed("contract list --at 2026-10-16") == (0, "")
    assert typed("contract list --subscriber OTHER") == (0, "")
    assert "KISO" in typed("contract list")[1]


def test_a_contract_is_shown_for_people_with_what_comes_later(typed: Typed) -> None:
    opened(typed)
    typed(f"contract change {NUMBER} --from 2026-11-10 --add off_hours")
    directory(typed, "--issued-on 2026-12-10 --listings 1")
    _, text = typed(f"contract show {NUMBER} --at 2026-10-20")
    assert "1,000  a month on 2026-10-20" in text
    assert "off_hours × 1, from 2026-11-10" in text
    assert "work change-0120123456-2026-11-10 (construction) 2026-11-10: 1,000 yen" in text
    assert "listing 0120123456/listing/1 from 2026-11-01: 木曽屋" in text


def test_r8_2_each_step_is_kept_with_its_day_who_took_it_and_its_fee(typed: Typed) -> None:
    opened(typed, "--option off_hours")
    typed(f"contract change {NUMBER} --from 2026-11-10 --add busy_overflow --drop off_hours")
    directory(typed, "--issued-on 2026-12-10 --listings 2")
    typed(f"contract work {NUMBER} --kind lock_release --completed 2026-11-12 --id lock-7")
    typed(f"contract work {NUMBER} --kind lock_release --completed 2026-11-12 --id lock-7")
    typed(f"contract stop {NUMBER} --on 2026-11-16")
    steps = typed.json(f"contract show {NUMBER} --at 2026-11-15")["steps"]
    assert [(step["kind"], step["day"], step["what"], step["fee_yen"]) for step in steps] == [
        ("opened", "2026-10-17", "for KISO: off_hours=1", 1_000),
        ("changed", "2026-11-10", "busy_overflow=1 without off_hours", 1_000),
        ("listed", "2026-11-01", "2 listings from issue 2026-12 on", None),
        ("worked", "2026-11-12", "lock-7", 2_000),
        ("stopped", "2026-11-16", "withdrawn: nothing", None),
    ]
    assert {step["by"] for step in steps} == {login_name()}
    assert "worked from 2026-11-12: lock-7, 2,000 yen" in typed(f"contract show {NUMBER} --at 2026-11-15")[1]
    with pytest.raises(IssuedIsFinal):
        ContractStep.objects.all().delete()


def test_a_subscriber_is_changed_and_shown(typed: Typed) -> None:
    opened(typed)
    changed = typed.json(
        "subscriber change KISO --kana キソヤ --registration-number T7000012050002 --terms thirty_days"
    )
    assert (changed["name"], changed["name_kana"], changed["payment_terms"]) == (
        "木曽屋",
        "キソヤ",
        "thirty_days",
    )
    shown = typed.json("subscriber show KISO")
    assert shown["contracts"] == [{"number": NUMBER, "start": "2026-10-17", "stop": None}]
    assert "〒100-0001 東京都千代田区千代田1-1" in typed("subscriber list")[1]
    assert f"{NUMBER} from 2026-10-17" in typed("subscriber show KISO")[1]
    assert typed.json("subscriber change KISO", "--registration-number", "")["registration_number"] == ""


def test_every_mistake_about_a_subscriber_is_said_at_once(typed: Typed) -> None:
    wrong = typed.refused(
        "subscriber add kiso --kana きそや --postal-code 1000001 --terms never "
        "--registration-number T1000012050002",
        "--name",
        " ",
        "--billing-name",
        "a\nb",
        "--billing-postal-code",
        "x",
    )
    assert set(wrong) == {
        "bad_value code",
        "missing name",
        "missing address",
        "bad_value name_kana",
        "bad_value postal_code",
        "check_digit registration_number",
        "bad_value payment_terms",
        "bad_value billing_name",
        "bad_value billing_postal_code",
    }
    assert "duplicate code" in typed.refused("subscriber add KISO", *SHOP)
    assert "nothing change" in typed.refused("subscriber change KISO")
    assert "no_subscriber subscriber" in typed.refused("subscriber change NOBODY --kana ア")
    assert "no_subscriber subscriber" in typed.refused("subscriber show NOBODY")


def test_a_sole_trader_has_a_number_without_check_digit(typed: Typed) -> None:
    number = "T1000012050002"
    assert "check_digit registration_number" in typed.refused(
        f"subscriber change KISO --registration-number {number}"
    )
    assert typed(f"subscriber change KISO --registration-number {number} --sole-trader")[0] == 0
    assert Subscriber.objects.get().registration_number == number


def test_a_refusal_is_said_to_people_once(typed: Typed) -> None:
    assert typed("contract stop 0120999999 --on 2026-11-16") == (
        1,
        "chakka contract stop: 0120999999 is under no contract\n",
    )


@pytest.mark.parametrize(
    "line",
    [
        "contract",
        "contract fly",
        f"contract open {NUMBER} --subscriber KISO",
        f"contract open {NUMBER} --subscriber KISO --start 17/10/2026",
        f"contract open {NUMBER} --subscriber KISO --start 2062-13-01",
        f"contract open {NUMBER} --subscriber KISO --start 9999-12-31",
        f"contract open {NUMBER} --subscriber KISO --start 2026-10-17 --fee -1",
        f"contract open {NUMBER} --subscriber KISO --start 2026-10-17 --option off_hours --plan x.yaml",
        f"contract stop {NUMBER}",
        f"contract work {NUMBER} --kind basic --completed 2026-10-17",
        f"contract directory {NUMBER} --issue 2026-12",
        f"contract directory {NUMBER} --issue 2026-12 --listings -1",
        f"contract directory {NUMBER} --issue 2026-12 --listings 1 --cancel",
        "subscriber",
        "subscriber add",
    ],
)
def test_wrong_usage_of_contracts_ends_with_2(typed: Typed, line: str) -> None:
    with pytest.raises(SystemExit) as end:
        typed(line)
    assert end.value.code == 2


@pytest.mark.parametrize(
    ("command", "action"),
    [
        *(("contract", action) for action in contract_commands.ACTIONS),
        *(("subscriber", action) for action in subscriber_commands.ACTIONS),
    ],
)
def test_every_action_about_contracts_has_help(
    typed: Typed, command: str, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        typed(f"{command} {action} --help")
    assert end.value.code == 0
    assert f"chakka {command} {action}" in capsys.readouterr().out


@pytest.mark.slow
def test_chakka_contract_finds_the_business_database_by_itself(tmp_path: Path) -> None:
    (tmp_path / "chakka.toml").write_bytes((DATA / "demo" / "chakka.toml").read_bytes())

    def chakka(*line: str) -> subprocess.CompletedProcess[str]:
        program = "import sys; from chakka.cli.main import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", program, *line, "--data", str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert chakka("subscriber", "add", "KISO", *SHOP).returncode == 0
    opening = chakka("contract", "open", NUMBER, "--subscriber", "KISO", "--start", "2026-10-17")
    assert (opening.returncode, "0120123456 is KISO's" in opening.stdout) == (0, True)
    assert chakka("contract", "open", NUMBER, "--subscriber", "KISO", "--start", "2026-10-17").returncode == 1
    assert chakka("contract", "show").returncode == 2
