"""The books as a beancount file, checked by the real bean-check."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import msgspec
from invoice_examples import (
    corrected_of_e19,
    credit_of_e19,
    month_of_october,
    wrong_invoice_of_e19,
)

from chakka.invoicing.beancount import account_name, beancount
from chakka.invoicing.journal_entries import (
    Account,
    JournalEntry,
    Posting,
    invoice_entry,
    usage_entry,
)
from chakka.stores.usage import UsageTotal

BEAN_CHECK = Path(sys.executable).with_name("bean-check")
S = "S-000123"


def rated(amount_uy: int, on: date, subscriber: str = S) -> JournalEntry:
    total = UsageTotal(
        number="0120123456",
        usage_month="2026-10",
        rating_class="fixed",
        calls=3,
        units=4,
        conversation_ms=250_000,
        amount_uy=amount_uy,
    )
    return usage_entry(f"usage/{on}/{amount_uy}", on, [total], {"0120123456": subscriber})


def books() -> list[JournalEntry]:
    """E03 as usage (60.5 yen exactly), then an invoice, and E19: wrong invoice, credit, corrected one."""
    invoices = (month_of_october(), wrong_invoice_of_e19(), credit_of_e19(), corrected_of_e19())
    entries = [invoice_entry(invoice, S) for invoice in invoices]
    return [rated(60_500_000, date(2026, 10, 31)), *(entry for entry in entries if entry)]


def bean_check(text: str, directory: Path) -> subprocess.CompletedProcess[str]:
    path = directory / "books.beancount"
    path.write_text(text, encoding="utf-8")
    return subprocess.run([BEAN_CHECK, path], capture_output=True, text=True, timeout=60)


def refused(text: str, directory: Path) -> str:
    checked = bean_check(text, directory)
    assert checked.returncode != 0
    return checked.stderr


def test_bean_check_accepts_the_books_of_a_month(tmp_path: Path) -> None:
    checked = bean_check(beancount(books(), 'デモ電話 "帳簿"'), tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_bean_check_accepts_books_with_balances_brought_forward(tmp_path: Path) -> None:
    text = beancount(books(), "November", since=date(2026, 11, 1))
    assert '2026-11-01 * "Brought forward"' in text
    assert "2026-10-31" not in text
    assert bean_check(text, tmp_path).returncode == 0


def test_what_lies_before_the_first_day_is_brought_forward_and_the_first_day_is_not() -> None:
    days = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)]
    text = beancount([rated(place, day) for place, day in enumerate(days, start=1)], "x", since=days[1])
    _, _, opening = text.partition('2026-11-01 * "Brought forward"\n')
    assert opening.startswith(
        "  Assets:Unbilled:S-000123  0.000001 JPY\n  Income:Calls  -0.000001 JPY\n\n2026-11-01 * "
    )
    assert text.count("calls rated") == 2


def test_what_does_not_balance_is_brought_forward_in_sight(tmp_path: Path) -> None:
    entry = rated(5, date(2026, 10, 31))
    lopsided = msgspec.structs.replace(entry, postings=entry.postings[:1])
    text = beancount([lopsided], "x", since=date(2026, 11, 1))
    assert "  Equity:Opening-Balances  -0.000005 JPY\n" in text
    assert bean_check(text, tmp_path).returncode == 0


def test_bean_check_accepts_books_without_entries(tmp_path: Path) -> None:
    text = beancount([], "empty")
    assert "\n1970-01-01 open Equity:Opening-Balances JPY\n" in text
    assert bean_check(text, tmp_path).returncode == 0


def test_accounts_open_on_the_day_of_the_first_entry_in_yen() -> None:
    text = beancount([rated(1, date(2026, 10, 31)), rated(2, date(2026, 10, 5))], 'a "b"\\c\td')
    assert text.startswith(
        'option "title" "a \\"b\\"\\\\c d"\noption "operating_currency" "JPY"\n\n2026-10-05 commodity JPY\n'
    )
    assert "\n2026-10-05 open Income:Calls JPY\n" in text


def test_bean_check_refuses_a_transaction_that_is_off_by_a_micro_yen(tmp_path: Path) -> None:
    text = beancount(books(), "x").replace("-60.500000 JPY", "-60.500001 JPY", 1)
    assert "does not balance" in refused(text, tmp_path)


def test_bean_check_refuses_a_month_that_is_off_by_a_micro_yen(tmp_path: Path) -> None:
    text = beancount(books(), "x").replace(
        "balance Income:Calls -60.500000", "balance Income:Calls -60.500001", 1
    )
    assert "Balance failed" in refused(text, tmp_path)


def test_bean_check_accepts_subscribers_and_narrations_of_any_writing(tmp_path: Path) -> None:
    strange = ["株式会社", "s 1", "X-61", "", 'S"1', "S-000123"]
    entries = [rated(i + 1, date(2026, 10, 1), subscriber=each or "-") for i, each in enumerate(strange)]
    entries.append(
        JournalEntry(
            key='k"\\', on=date(2026, 10, 2), narration='a "quoted"\nline\\', postings=entries[0].postings
        )
    )
    checked = bean_check(beancount(entries, "\\"), tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_subscribers_never_share_an_account() -> None:
    def account(subscriber: str) -> str:
        return account_name(Posting(account=Account.UNBILLED, amount_uy=1, subscriber=subscriber))

    names = ["S-1", "s-1", "X-732d31", "S 1", "株", "S_1"]
    assert len({account(name) for name in names}) == len(names)
    assert account("S-1") == "Assets:Unbilled:S-1"


def test_e03_is_kept_to_half_a_yen() -> None:
    text = beancount([rated(60_500_000, date(2026, 10, 31))], "E03")
    assert "  Assets:Unbilled:S-000123  60.500000 JPY\n  Income:Calls  -60.500000 JPY\n" in text


def test_e19_leaves_the_corrected_amount_receivable() -> None:
    """1,276 less 141 is 1,135; the tax owed is 116 less 13, that is 103."""
    documents = (wrong_invoice_of_e19(), credit_of_e19(), corrected_of_e19())
    entries = [entry for each in documents if (entry := invoice_entry(each, S))]
    text = beancount(entries, "E19")
    assert "2026-12-01 balance Assets:Receivable:S-000123 1135.000000 ~ 0 JPY" in text
    assert "2026-12-01 balance Liabilities:Consumption-Tax -103.000000 ~ 0 JPY" in text


def test_each_month_ends_with_balances_of_all_accounts_used_so_far() -> None:
    entries = [rated(1, date(2026, 10, 5)), rated(-1, date(2026, 12, 5))]
    text = beancount(entries, "two months")
    assert "2026-11-01 balance Income:Calls -0.000001 ~ 0 JPY" in text
    assert "2027-01-01 balance Income:Calls 0.000000 ~ 0 JPY" in text


def test_the_same_entries_in_any_order_make_the_same_file() -> None:
    assert beancount(books(), "x") == beancount(reversed(books()), "x")


def test_every_account_has_its_place_among_beancounts_five_roots() -> None:
    names = {account_name(Posting(account=account, amount_uy=1)) for account in Account}
    assert len(names) == len(Account)
    assert {name.split(":")[0] for name in names} <= {"Assets", "Income", "Liabilities", "Expenses", "Equity"}
