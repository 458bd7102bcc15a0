"""Numbers without gaps, and the hash chain over what was issued (charging.md §5)."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from price_terms import heading, line

from chakka.errors import InputError
from chakka.invoicing.assemble import assemble
from chakka.invoicing.credit import correct
from chakka.invoicing.model import Invoice, InvoiceBody
from chakka.invoicing.series import GENESIS, Dates, Head, Numbering, hash_of, head_after, issue, verify

YEARLY = Numbering()
ENDLESS = Numbering(prefix="C-", yearly=False, digits=3)


def body(net_yen: int = 100) -> InvoiceBody:
    return assemble(heading("2026-10"), [line(net_yen)])


def series(days: list[date], numbering: Numbering = YEARLY) -> list[Invoice]:
    invoices: list[Invoice] = []
    head = Head()
    for place, day in enumerate(days):
        invoice = issue(body(place), head, Dates(issued_on=day, due_on=day), numbering)
        head = head_after(invoice, head, numbering)
        invoices.append(invoice)
    return invoices


NEW_YEAR = [date(2026, 12, 5), date(2026, 12, 5), date(2027, 1, 5), date(2027, 2, 5)]


def faults(
    invoices: list[Invoice], numbering: Numbering = YEARLY, head: Head | None = None
) -> list[tuple[str, str]]:
    return [(fault.code, fault.where) for fault in verify(invoices, numbering, head)]


def test_a_yearly_series_begins_anew_each_year_without_a_gap() -> None:
    assert [invoice.number for invoice in series(NEW_YEAR)] == [
        "INV2026-000001",
        "INV2026-000002",
        "INV2027-000001",
        "INV2027-000002",
    ]


def test_an_endless_series_goes_on_and_grows_beyond_its_digits() -> None:
    assert [invoice.number for invoice in series(NEW_YEAR, ENDLESS)][2] == "C-003"
    head = Head(count=999, issued_on=date(2026, 1, 1))
    dates = Dates(issued_on=date(2026, 1, 1), due_on=date(2026, 1, 1))
    assert issue(body(), head, dates, ENDLESS).number == "C-1000"


def test_each_document_carries_the_hash_of_the_one_before() -> None:
    invoices = series(NEW_YEAR)
    assert invoices[0].previous_hash == GENESIS == "0" * 64
    assert [invoice.previous_hash for invoice in invoices[1:]] == [invoice.hash for invoice in invoices[:-1]]
    assert all(invoice.hash == hash_of(invoice) for invoice in invoices)
    assert len({invoice.hash for invoice in invoices}) == 4


def test_a_whole_series_verifies_also_from_the_middle_on() -> None:
    invoices = series(NEW_YEAR)
    assert faults(invoices) == []
    head = Head()
    for invoice in invoices[:2]:
        head = head_after(invoice, head, YEARLY)
    assert head == Head(count=2, issued_on=NEW_YEAR[1], hash=invoices[1].hash)
    assert faults(invoices[2:], YEARLY, head) == []
    assert faults(series(NEW_YEAR, ENDLESS), ENDLESS) == []
    assert faults([]) == []


def test_a_hash_outlives_storage_as_json_and_fields_that_come_later() -> None:
    invoice = series(NEW_YEAR[:1])[0]
    text = msgspec.json.encode(invoice)
    assert b"refers_to" not in text
    assert b"rounded_uy" not in text
    again = msgspec.json.decode(text, type=Invoice)
    assert again == invoice
    assert hash_of(again) == invoice.hash


def test_a_missing_document_is_a_gap_named_by_what_stands_in_it() -> None:
    invoices = series(NEW_YEAR)
    del invoices[1]
    assert faults(invoices) == [("chain", "INV2027-000001")]
    invoices = series([NEW_YEAR[0]] * 3)
    del invoices[1]
    assert faults(invoices) == [("gap", "INV2026-000003"), ("chain", "INV2026-000003")]
    assert "INV2026-000003 stands where INV2026-000002 belongs" in verify(invoices, YEARLY)[0].message


def test_a_document_given_twice_or_in_the_wrong_place_breaks_the_series() -> None:
    first, second = series([NEW_YEAR[0]] * 2)
    assert faults([first, first])[0] == ("gap", "INV2026-000001")
    assert faults([second, first])[0] == ("gap", "INV2026-000002")


def test_only_the_first_broken_document_is_named() -> None:
    invoices = series(NEW_YEAR)
    forged = [msgspec.structs.replace(invoice, due_on=date(2030, 1, 1)) for invoice in invoices]
    assert faults([invoices[0], *forged[1:]]) == [("hash", "INV2026-000002")]


def test_a_document_sealed_anew_breaks_the_chain_behind_it() -> None:
    invoices = series(NEW_YEAR)
    forged = msgspec.structs.replace(invoices[1], body=body(5))
    forged = msgspec.structs.replace(forged, hash=hash_of(forged))
    assert faults([invoices[0], forged, *invoices[2:]]) == [("chain", "INV2027-000001")]


def test_a_document_whose_sums_are_wrong_is_named_with_the_fault() -> None:
    (invoice,) = series(NEW_YEAR[:1])
    wrong = msgspec.structs.replace(invoice, body=msgspec.structs.replace(body(), total_yen=111))
    wrong = msgspec.structs.replace(wrong, hash=hash_of(wrong))
    assert faults([wrong]) == [("total", "INV2026-000001")]
    assert verify([wrong], YEARLY)[0].message.startswith("INV2026-000001: ")


def test_a_document_dated_before_the_one_that_it_follows_is_named() -> None:
    first, second = series([date(2026, 12, 5)] * 2)
    back = msgspec.structs.replace(second, issued_on=date(2026, 12, 4))
    back = msgspec.structs.replace(back, hash=hash_of(back))
    assert faults([first, back]) == [("date_back", "INV2026-000002")]


@pytest.mark.parametrize(
    ("issued_on", "due_on", "code", "where", "said"),
    [
        (date(2026, 11, 4), date(2026, 11, 30), "date_back", "issued_on", "2026-11-05"),
        (date(2026, 11, 5), date(2026, 11, 4), "bad_dates", "due_on", "2026-11-04"),
    ],
)
def test_impossible_dates_are_refused(
    issued_on: date, due_on: date, code: str, where: str, said: str
) -> None:
    head = Head(count=1, issued_on=date(2026, 11, 5))
    with pytest.raises(InputError) as refusal:
        issue(body(), head, Dates(issued_on=issued_on, due_on=due_on), YEARLY)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.where, said in problem.message) == (code, where, True)


def test_credits_and_corrected_invoices_stand_in_the_same_series() -> None:
    dates = Dates(issued_on=date(2026, 11, 6), due_on=date(2026, 11, 6))
    original = issue(body(100), Head(), dates, YEARLY)
    head = head_after(original, Head(), YEARLY)
    correction = correct(original, body(60))
    assert correction.corrected is not None
    credit = issue(correction.credit, head, dates, YEARLY)
    corrected = issue(correction.corrected, head_after(credit, head, YEARLY), dates, YEARLY)
    assert [credit.number, corrected.number] == ["INV2026-000002", "INV2026-000003"]
    assert faults([original, credit, corrected]) == []


@given(
    days=st.lists(st.dates(date(2020, 1, 1), date(2030, 12, 31)), min_size=1, max_size=8).map(sorted),
    broken=st.integers(0, 7),
)
def test_any_change_to_any_document_is_found_at_that_document(days: list[date], broken: int) -> None:
    invoices = series(days)
    assert faults(invoices) == []
    place = broken % len(invoices)
    invoices[place] = msgspec.structs.replace(
        invoices[place], due_on=date.fromordinal(invoices[place].due_on.toordinal() + 1)
    )
    assert faults(invoices) == [("hash", invoices[place].number)]


def test_each_fault_of_a_series_is_said_in_words() -> None:
    first, second = series([date(2026, 12, 5)] * 2)
    back = msgspec.structs.replace(second, issued_on=date(2026, 12, 4), previous_hash="0")
    assert [fault.message for fault in verify([first, back], YEARLY)] == [
        "INV2026-000002 is of 2026-12-04, before the one that it follows",
        f"INV2026-000002 follows a document of hash 0, not {first.hash}",
        "INV2026-000002 is not what was issued: its hash does not fit",
    ]


def test_what_was_issued_is_proved_by_the_same_hash_for_ever() -> None:
    """Were it computed in another way one day, every invoice of the years before would look forged."""
    day = date(2026, 11, 5)
    invoice = issue(body(), Head(), Dates(issued_on=day, due_on=day), YEARLY)
    assert invoice.hash == "713af161b387b36692334da3a09c9821733836d35ca9b900769d5faf3533e9a5"
