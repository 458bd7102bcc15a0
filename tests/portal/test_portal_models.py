"""What the database itself refuses: wrong roles, two contracts of a number, a lock charged twice."""

from datetime import date

import pytest
from business import NUMBER, contract, hold, subscriber, work
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from chakka.cli.plan_file import read_plan
from chakka.contract.model import Option
from chakka.errors import InputError
from chakka.facts import DATA
from chakka.portal.accounts.models import PaymentTerms, Role, Subscriber, User
from chakka.portal.billing.adjusting import Wish, adjust
from chakka.portal.billing.demo import seed_demo
from chakka.portal.billing.series import due_on
from chakka.portal.contracts.models import Contract, ContractItem, FreephoneNumber, LineNumber, WorkOrder
from chakka.portal.contracts.opening import open_contract, opening_by_plan, quantity

pytestmark = pytest.mark.django_db


def test_a_user_of_a_subscriber_and_one_of_the_operator_log_in_with_their_own_password() -> None:
    shop = subscriber()
    user = User.objects.create_user("shop1", "Shop@EXAMPLE.jp", "correct horse", shop)
    chief = User.objects.create_superuser("chief", "chief@example.jp", "battery staple")
    assert (user.role, user.email, user.check_password("correct horse")) == (
        Role.SUBSCRIBER,
        "Shop@example.jp",
        True,
    )
    assert (chief.role, chief.subscriber, chief.is_superuser) == (Role.OPERATOR, None, True)


def test_a_role_without_its_subscriber_is_refused() -> None:
    with pytest.raises(IntegrityError):
        User.objects.create(login_id="x", email="x@example.jp", role=Role.SUBSCRIBER)


@pytest.mark.parametrize("number", ["T123", "7000012050002", "T700001205000２", "T70000120500021"])
def test_what_is_no_registration_number_is_refused(number: str) -> None:
    shop = Subscriber(
        code="S", name="店", postal_code="100-0001", address="東京都", registration_number=number
    )
    with pytest.raises(ValidationError) as refusal:
        shop.full_clean()
    assert set(refusal.value.message_dict) == {"registration_number"}


def test_a_registration_number_is_taken() -> None:
    Subscriber(
        code="S", name="店", postal_code="100-0001", address="東京都", registration_number="T7000012050002"
    ).full_clean()


def test_a_number_is_under_one_running_contract() -> None:
    contract(subscriber("A"))
    with pytest.raises(IntegrityError):
        Contract.objects.create(subscriber=subscriber("B"), number_id=NUMBER, start=date(2026, 5, 1))


def test_an_option_is_held_once_at_a_time() -> None:
    of = contract(subscriber())
    with pytest.raises(IntegrityError):
        hold(of, "basic", date(2026, 5, 1))


def test_a_contract_does_not_stop_before_it_starts() -> None:
    of = contract(subscriber())
    with pytest.raises(IntegrityError):
        Contract.objects.filter(pk=of.pk).update(stop=date(2025, 12, 31))


def test_one_lock_is_released_by_one_order() -> None:
    of = contract(subscriber())
    work(of, "lock-1", date(2026, 5, 1), kind="lock_release")
    with pytest.raises(IntegrityError):
        WorkOrder.objects.create(order_id="other", contract=of, kind="lock_release", lock="lock-1")


def test_a_lock_release_names_its_lock_and_no_other_work_does() -> None:
    of = contract(subscriber())
    with pytest.raises(IntegrityError):
        WorkOrder.objects.create(order_id="other", contract=of, kind="lock_release")


def test_the_demo_shop_has_the_demo_numbers_with_the_options_of_their_plans() -> None:
    assert seed_demo(date(2026, 11, 1)) == ["0120123456", "08001234567"]
    assert seed_demo(date(2026, 11, 2)) == []
    items = ContractItem.objects.filter(contract__number_id="0120123456")
    assert dict(items.values_list("item", "quantity")) == {
        "basic": 1,
        "multi_line": 1,
        "origin_distribution": 1,
        "busy_overflow": 2,
        "off_hours": 1,
        "customer_control": 1,
    }
    assert LineNumber.objects.count() == 3
    assert FreephoneNumber.objects.filter(state="working").count() == 2


def test_a_number_under_contract_cannot_be_opened_again() -> None:
    plan, _ = read_plan(DATA / "demo" / "0120123456.yaml")
    assert plan is not None
    shop = subscriber()
    made = open_contract(shop, opening_by_plan(plan, date(2026, 5, 1)))
    with pytest.raises(InputError, match="cannot be opened") as refusal:
        open_contract(shop, opening_by_plan(plan, date(2026, 6, 1)))
    assert "under contract since 2026-05-01" in refusal.value.problems[0].message
    made.items.update(stop=date(2026, 7, 1))
    Contract.objects.filter(pk=made.pk).update(stop=date(2026, 7, 1))
    again = open_contract(shop, opening_by_plan(plan, date(2026, 9, 1)))
    assert again.items.get(item="basic").key == "0120123456/basic/2"
    assert quantity(Option.MULTI_LINE, plan) == quantity(Option.NUMBER_NOTIFICATION, plan) == 1


@pytest.mark.parametrize(
    ("issued_on", "terms", "due"),
    [
        (date(2026, 11, 5), PaymentTerms.END_OF_NEXT_MONTH, date(2026, 12, 31)),
        (date(2027, 1, 31), PaymentTerms.END_OF_NEXT_MONTH, date(2027, 2, 28)),
        (date(2026, 12, 5), PaymentTerms.THIRTY_DAYS, date(2027, 1, 4)),
    ],
)
def test_an_invoice_is_due_by_the_terms_of_its_subscriber(
    issued_on: date, terms: PaymentTerms, due: date
) -> None:
    assert due_on(issued_on, terms) == due


def test_an_adjustment_says_everything_that_is_wrong_with_it() -> None:
    wish = Wish(
        number=NUMBER, net_yen=0, period_first=date(2026, 5, 2), period_last=date(2026, 5, 1), reason=" "
    )
    with pytest.raises(InputError) as refusal:
        adjust(wish, "tester")
    assert {problem.where for problem in refusal.value.problems} == {"yen", "period", "reason", "number"}


def test_an_adjustment_belongs_to_whoever_had_the_number() -> None:
    of = contract(subscriber())
    wish = Wish(
        number=NUMBER, net_yen=-5, period_first=date(2026, 5, 1), period_last=date(2026, 5, 1), reason="詫び"
    )
    assert adjust(wish, "tester").startswith("adjustment/")
    assert of.adjustments.get().by == "tester"
