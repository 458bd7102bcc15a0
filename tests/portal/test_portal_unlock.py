"""The release of a lock: asked for once, decided with a reason, charged once (service.md R7.2)."""

import json
import re
from datetime import UTC, date, datetime

import pytest
from business import NUMBER, OCTOBER, LedgerOfTotals, billed, contract, subscriber
from django.conf import settings
from django.test import Client

from chakka.config import Config
from chakka.errors import InputError
from chakka.portal.accounts.commands.account import main
from chakka.portal.accounts.entering import Attempt, Outcome, enter, new_form
from chakka.portal.accounts.login_id import new_login_id
from chakka.portal.accounts.models import Lock, User
from chakka.portal.accounts.unlocking import Decision, is_by_strangers, request_unlock, unlock
from chakka.portal.billing.models import InvoiceLineRow
from chakka.portal.contracts.models import WorkOrder

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
LOGIN = new_login_id(lambda below: 7)
PASSWORD = "correct-horse-9"
NOW = datetime(2026, 10, 20, 3, 0, tzinfo=UTC)
HOME, ELSEWHERE = "192.0.2.1", "203.0.113.1"


@pytest.fixture
def person() -> User:
    shop = subscriber()
    contract(shop)
    return User.objects.create_user(LOGIN, "shop@shop.example", PASSWORD, shop)


def enters(password: str, address: str = HOME) -> Outcome:
    attempt = Attempt(login_id=LOGIN, password=password, form=new_form(), address=address)
    return enter(attempt, NOW, settings.PORTAL).outcome


def locked(person: User, address: str = HOME, *, asked: bool = True) -> Lock:
    for password in "abc":
        enters(password, address)
    if asked:
        request_unlock(LOGIN, "忘れました。03-5200-1234", NOW)
    return Lock.objects.get(user=person, released_at__isnull=True)


def decision(reason: str = "called back", *, with_fee: bool = True) -> Decision:
    return Decision(by="tester", reason=reason, with_fee=with_fee, at=NOW)


def test_r7_2_a_release_puts_2000_yen_on_the_next_invoice(person: User) -> None:
    lock = locked(person)
    unlock(person, decision())
    assert enters(PASSWORD) is Outcome.IN
    assert WorkOrder.objects.get().lock == str(lock)
    billed(OCTOBER, LedgerOfTotals())
    assert InvoiceLineRow.objects.get(item="lock_release").net_yen == 2_000


def test_r7_2_only_a_request_leads_to_a_release(person: User) -> None:
    locked(person, asked=False)
    with pytest.raises(InputError, match="nobody has asked for it"):
        unlock(person, decision())
    assert enters(PASSWORD) is Outcome.LOCKED


def test_one_lock_has_one_request_one_release_one_fee(person: User) -> None:
    locked(person)
    request_unlock(LOGIN, "another text", NOW)
    assert Lock.objects.get().request.startswith("忘れました")
    unlock(person, decision())
    with pytest.raises(InputError, match="is not locked"):
        unlock(person, decision())
    assert WorkOrder.objects.count() == 1


def test_the_next_lock_has_a_fee_of_its_own(person: User) -> None:
    for _ in range(2):
        locked(person)
        unlock(person, decision())
    assert WorkOrder.objects.count() == Lock.objects.count() == 2


def test_a_lock_by_strangers_is_proposed_without_fee(person: User) -> None:
    enters(PASSWORD, HOME)
    assert is_by_strangers(locked(person, ELSEWHERE))
    unlock(person, decision(with_fee=False))
    assert not WorkOrder.objects.exists()
    assert not is_by_strangers(locked(person, HOME))


def test_a_decision_without_a_reason_releases_nothing(person: User) -> None:
    locked(person)
    with pytest.raises(InputError, match="say why"):
        unlock(person, decision(" "))
    person.refresh_from_db()
    assert person.is_locked


def test_a_fee_that_nobody_can_be_charged_is_a_problem(person: User) -> None:
    locked(person)
    person.subscriber.contracts.update(stop=date(2026, 2, 1))
    with pytest.raises(InputError, match="no contract"):
        unlock(person, decision())


def test_the_request_page_says_the_same_of_every_id(person: User) -> None:
    locked(person, asked=False)
    pages = [
        Client().post("/login/unlock/", {"login_id": each, "text": "x"}, secure=True).content
        for each in (LOGIN, "0000000001", "nonsense")
    ]
    assert len({re.sub('value="[^"]*"', "", page.decode()) for page in pages}) == 1
    assert Lock.objects.get().request == "x"


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(settings, "CONFIG", Config(directory=tmp_path))

    def run(*line: str) -> tuple[int, str]:
        code = main(list(line))
        return code, "".join(capsys.readouterr())

    return run


def test_a_login_is_made_by_command_and_works(said: object) -> None:
    subscriber()
    code, text = said("create", "--email", "new@shop.example", "--subscriber", "SHOP", "--json")
    made = json.loads(text)
    attempt = Attempt(login_id=made["login_id"], password=made["password"], form=new_form(), address=HOME)
    assert (code, enter(attempt, NOW, settings.PORTAL).outcome) == (0, Outcome.IN)
    assert made["password"] not in said("list")[1]


def test_what_is_wrong_with_a_new_login_is_said_at_once(said: object, person: User) -> None:
    code, text = said("create", "--email", "nonsense", "--subscriber", "NOBODY", "--json")
    assert code == 1
    assert [problem["where"] for problem in json.loads(text)["problems"]] == ["email", "subscriber"]
    assert said("create", "--email", "SHOP@shop.example", "--subscriber", "SHOP")[0] == 1


def test_a_login_is_given_to_the_operator_and_back(said: object, person: User) -> None:
    assert json.loads(said("role", LOGIN, "--operator", "--json")[1])[0]["role"] == "operator"
    assert json.loads(said("role", LOGIN, "--subscriber", "SHOP", "--json")[1])[0]["subscriber"] == "SHOP"
    assert said("role", "nobody", "--operator")[0] == 1


def test_locks_are_listed_with_evidence_and_released_by_command(said: object, person: User) -> None:
    locked(person, ELSEWHERE)
    code, text = said("locks")
    assert (code, text.count(f"from {ELSEWHERE}")) == (0, 3)
    assert "忘れました" in text
    assert said("unlock", LOGIN, "--reason", "called back", "--json")[0] == 0
    assert said("locks", "--json")[1].strip() == "[]"
    released = Lock.objects.get()
    assert (released.reason, released.with_fee) == ("called back", True)
    assert said("unlock", LOGIN, "--reason", "again")[0] == 1


def test_the_number_of_the_shop_carries_the_fee(person: User) -> None:
    locked(person)
    unlock(person, decision())
    assert WorkOrder.objects.get().contract.number_id == NUMBER
