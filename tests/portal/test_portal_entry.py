"""Entry by login id and password, and the lock (service.md R7.2, reliability.md §4)."""

import itertools
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from business import subscriber
from django.core import mail
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from chakka.config import PortalSettings
from chakka.portal.accounts import mail as telling
from chakka.portal.accounts.entering import Attempt, Entered, Outcome, enter, new_form
from chakka.portal.accounts.login_id import new_login_id, read_login_id, shown_login_id
from chakka.portal.accounts.models import Entry, Lock, User

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SETTINGS = PortalSettings()
LOGIN, OTHER, NOBODY = (new_login_id(lambda below, number=number: number) for number in (1, 2, 3))
PASSWORD = "correct-horse-9"
HERE = "192.0.2.1"


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_user(LOGIN, "shop@shop.example", PASSWORD, subscriber())


def entered(
    password: str, login_id: str = LOGIN, address: str = HERE, at: datetime = NOW, form: str | None = None
) -> Entered:
    attempt = Attempt(login_id=login_id, password=password, form=form or new_form(), address=address)
    return enter(attempt, at, SETTINGS)


def outcomes(*passwords: str) -> list[Outcome]:
    return [entered(password).outcome for password in passwords]


def client() -> Client:
    return Client(enforce_csrf_checks=True, headers={"user-agent": "tests"})


def sent(browser: Client, **fields: str) -> object:
    """Send the login form as a browser does: shown first, then filled in. None takes a field out."""
    page = browser.get("/login/", secure=True).content.decode()
    hidden = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.partition("<main")[2])
    )
    posted = {**hidden, "login_id": LOGIN, "password": PASSWORD, **fields}
    return browser.post("/login/", posted, secure=True, headers={"referer": "https://testserver/login/"})


@given(st.integers(0, 10**9 - 1), st.integers(0, 9), st.integers(1, 9))
def test_a_login_id_with_one_wrong_digit_is_none(number: int, place: int, off: int) -> None:
    login_id = new_login_id(lambda below: number)
    wrong = f"{login_id[:place]}{(int(login_id[place]) + off) % 10}{login_id[place + 1 :]}"
    assert read_login_id(login_id) == login_id
    assert read_login_id(wrong) is None


@pytest.mark.parametrize("text", ["{0}-{1}", " {0} {1} ", "{0}　{1}"])
def test_a_login_id_may_be_typed_in_groups(text: str) -> None:
    assert read_login_id(text.format(LOGIN[:3], LOGIN[3:])) == LOGIN
    assert read_login_id(shown_login_id(LOGIN)) == LOGIN


@pytest.mark.parametrize("text", ["", "abc", "1" * 9, "1" * 11, "²" * 10, "x" * 10_000])
def test_what_is_no_login_id_is_none(text: str) -> None:
    assert read_login_id(text) is None


@pytest.mark.parametrize("order", list(itertools.product([True, False], repeat=5)))
def test_r7_2_three_wrong_in_a_row_lock_in_every_order(order: tuple[bool, ...], person: User) -> None:
    in_a_row, is_locked = 0, False
    for is_right in order:
        outcome = entered(PASSWORD if is_right else "wrong").outcome
        if is_locked:
            assert outcome is (Outcome.LOCKED if is_right else Outcome.WRONG)
            continue
        assert outcome is (Outcome.IN if is_right else Outcome.WRONG)
        in_a_row = 0 if is_right else in_a_row + 1
        is_locked = in_a_row == 3
    person.refresh_from_db()
    assert person.is_locked is is_locked
    assert Lock.objects.count() == int(is_locked)


def test_r7_2_two_wrong_and_a_right_one_reset_the_count(person: User) -> None:
    assert outcomes("a", "b", PASSWORD, "c", "d", PASSWORD)[-1] is Outcome.IN


def test_a_locked_login_stays_so_whoever_knows_the_password(person: User) -> None:
    assert outcomes("a", "b", "c", PASSWORD, PASSWORD)[-2:] == [Outcome.LOCKED, Outcome.LOCKED]


def test_the_same_form_sent_twice_is_one_entry(person: User) -> None:
    form = new_form()
    assert entered("wrong", form=form).outcome is Outcome.WRONG
    assert entered("wrong", form=form).outcome is Outcome.NO_ENTRY
    assert entered(PASSWORD, form=form).outcome is Outcome.NO_ENTRY
    person.refresh_from_db()
    assert person.wrong_entries == 1


@pytest.mark.parametrize(
    "change", [{"form": "forged"}, {"form": ""}, {"login_id": ""}, {"password": ""}, {"login_id": "  "}]
)
def test_a_form_that_is_not_whole_is_no_entry(change: dict[str, str], person: User) -> None:
    attempt = Attempt(login_id=LOGIN, password="wrong", form=new_form(), address=HERE)
    assert enter(msgspec.structs.replace(attempt, **change), NOW, SETTINGS).outcome is Outcome.NO_ENTRY
    assert not Entry.objects.exists()


def test_a_slip_in_the_login_id_is_no_entry(person: User) -> None:
    assert (
        entered("wrong", login_id=LOGIN[:-1] + str((int(LOGIN[-1]) + 1) % 10)).outcome is Outcome.NO_LOGIN_ID
    )
    assert not Entry.objects.exists()


def test_unknown_ids_look_the_same_and_count_nothing(person: User) -> None:
    known = sent(client(), password="wrong")
    unknown = sent(client(), password="wrong", login_id=NOBODY)
    assert known.status_code == unknown.status_code == 422
    pages = [re.sub(r'value="[^"]*"', "", answer.content.decode()) for answer in (known, unknown)]
    assert pages[0] == pages[1]
    assert [entered("wrong", login_id=NOBODY).outcome for _ in range(4)] == [Outcome.WRONG] * 4
    assert not Lock.objects.exists()


def test_unknown_ids_have_a_password_compared_too(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(
        "chakka.portal.accounts.entering.check_password",
        lambda password, encoded: bool(seen.append(password)),
    )
    entered("wrong", login_id=NOBODY)
    assert seen == ["wrong"]


def test_more_than_six_failures_from_one_address_throttle_further_ids(person: User) -> None:
    ids = [new_login_id(lambda below, number=number: number) for number in range(100, 108)]
    assert [entered("wrong", login_id=each).outcome for each in ids[:7]] == [Outcome.WRONG] * 7
    assert entered("wrong").outcome is Outcome.THROTTLED
    assert entered(PASSWORD).outcome is Outcome.THROTTLED
    person.refresh_from_db()
    assert person.wrong_entries == 0
    assert entered(PASSWORD, address="192.0.2.2").outcome is Outcome.IN
    assert entered(PASSWORD, at=NOW + timedelta(minutes=10)).outcome is Outcome.IN


def test_failures_with_one_id_alone_throttle_nobody_else(person: User) -> None:
    for _ in range(9):
        entered("wrong", login_id=NOBODY)
    assert entered(PASSWORD).outcome is Outcome.IN


def test_a_throttled_address_gets_429(person: User) -> None:
    for number in range(100, 107):
        entered("wrong", login_id=new_login_id(lambda below, number=number: number), address="127.0.0.1")
        Entry.objects.update(at=datetime.now(UTC))
    assert sent(client()).status_code == 429


def test_a_missing_form_token_is_no_entry(person: User) -> None:
    answer = client().post(
        "/login/", {"login_id": LOGIN, "password": "wrong", "form": new_form()}, secure=True
    )
    assert answer.status_code == 403
    assert not Entry.objects.exists()


def test_every_wrong_entry_and_the_lock_are_told_by_mail(person: User) -> None:

    for _ in range(5):
        sent(client(), password="wrong")
    telling._sender.submit(lambda: None).result()
    assert [each.to for each in mail.outbox] == [["shop@shop.example"]] * 3
    assert mail.outbox[1].subject == "パスワードの間違いがありました"
    assert mail.outbox[2].subject == "ログインがロックされました"


def test_a_login_gets_a_new_session_and_logout_ends_it(person: User) -> None:
    browser = client()
    browser.get("/login/", secure=True)
    assert sent(browser).status_code == 302
    session = browser.cookies["sessionid"].value
    thief = client()
    thief.cookies["sessionid"] = session
    assert thief.get("/", secure=True).status_code == 200
    page = browser.get("/", secure=True).content.decode()
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1]
    browser.post(
        "/logout/", {"csrfmiddlewaretoken": token}, secure=True, headers={"referer": "https://testserver/"}
    )
    assert thief.get("/", secure=True).status_code == 302


def test_a_session_that_was_planted_does_not_become_the_persons(person: User) -> None:
    browser = client()
    planted = client()
    sent(planted)
    browser.cookies["sessionid"] = planted.cookies["sessionid"].value
    sent(browser)
    assert browser.cookies["sessionid"].value != planted.cookies["sessionid"].value


def test_other_sessions_are_dead_after_a_change_of_password(person: User) -> None:
    here, there = Client(), Client()
    here.force_login(person)
    there.force_login(person)
    change = {
        "old_password": PASSWORD,
        "new_password1": "another-long-1",
        "new_password2": "another-long-1",
    }
    assert here.post("/password/", change, secure=True).status_code == 200
    assert here.get("/password/", secure=True).status_code == 200
    assert there.get("/password/", secure=True).status_code == 302
    assert entered(PASSWORD).outcome is Outcome.WRONG
    assert entered("another-long-1").outcome is Outcome.IN


def test_open_sessions_go_on_while_a_login_is_locked(person: User) -> None:
    browser = Client()
    browser.force_login(person)
    outcomes("a", "b", "c")
    assert browser.get("/", secure=True).status_code == 200


def test_only_who_knows_the_password_is_told_of_the_lock(person: User) -> None:
    outcomes("a", "b", "c")
    assert "ロックされています" in sent(client()).content.decode()
    assert "ロックされています" not in sent(client(), password="wrong").content.decode()


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_a_login_leads_to_no_other_site(wanted: str, person: User) -> None:
    assert sent(client(), next=wanted).headers["Location"] == "/"
    Entry.objects.all().delete()
    assert sent(client(), next="/invoices/").headers["Location"] == "/invoices/"
