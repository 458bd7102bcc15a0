"""Levies on each number in use when a month ends (charging.md §1, P7)."""

from datetime import date

import msgspec
import pytest
from price_terms import LEVIES, NUMBER, OTHER_NUMBER, TERMS, amounts, holding

from chakka.errors import InputError
from chakka.invoicing.levies import levies_of, levy_lines, parse_levies, read_levies
from chakka.invoicing.model import Item, Levy, LevyTable, LineKind

HEAD = 'name = "levies"\ntitle = "Levies"\nsource = "test"\n'


def row(name: str, yen: int, first: str, before: str | None = None) -> str:
    end = f'before_month = "{before}"\n' if before else ""
    return f'[[levies]]\nname = "{name}"\ntitle = "T"\nyen = {yen}\nfirst_month = "{first}"\n{end}'


@pytest.mark.parametrize(
    ("month", "universal_yen", "relay_yen"),
    [
        ("2022-01", 2, 1),
        ("2022-02", 2, 0),
        ("2022-03", 2, 0),
        ("2022-04", 2, 1),
        ("2022-09", 2, 1),
        ("2022-10", 2, 0),
        ("2023-03", 2, 0),
        ("2023-04", 2, 1),
        ("2024-01", 2, 1),
        ("2024-02", 2, 0),
        ("2024-03", 2, 0),
        ("2024-04", 2, 1),
        ("2025-06", 2, 1),
        ("2025-07", 3, 1),
        ("2025-12", 3, 1),
        ("2026-01", 2, 1),
        ("2026-10", 2, 1),
    ],
)
def test_p7_the_levies_are_those_that_were_announced(month: str, universal_yen: int, relay_yen: int) -> None:
    found = {levy.name: levy.yen for levy in levies_of(TERMS.levies, month)}
    assert found == {"universal_service": universal_yen, "telephone_relay": relay_yen}


def test_p7_a_levy_is_charged_in_full_on_each_number_in_use_at_the_end_of_the_month() -> None:
    held = [
        holding(Item.BASIC, "2026-10-31"),
        holding(Item.BASIC, "2026-01-01", number=OTHER_NUMBER),
        holding(Item.OFF_HOURS, "2026-01-01"),
    ]
    lines = levy_lines(held, "2026-10", TERMS)
    assert sorted((line.number, line.item, line.net_yen) for line in lines) == [
        (NUMBER, "telephone_relay", 1),
        (NUMBER, "universal_service", 2),
        (OTHER_NUMBER, "telephone_relay", 1),
        (OTHER_NUMBER, "universal_service", 2),
    ]


@pytest.mark.parametrize(
    ("start", "stop", "is_charged"),
    [
        ("2026-10-01", "2026-10-31", False),
        ("2026-10-01", "2026-11-01", True),
        ("2026-10-31", "2026-10-31", False),
        ("2026-11-01", None, False),
        ("2026-09-01", "2026-10-01", False),
        ("2026-09-01", None, True),
    ],
)
def test_p7_on_its_stop_day_a_number_is_no_longer_in_use(
    start: str, stop: str | None, is_charged: bool
) -> None:
    assert bool(levy_lines([holding(Item.BASIC, start, stop)], "2026-10", TERMS)) == is_charged


def test_p7_a_month_of_zero_yen_has_no_line() -> None:
    held = [holding(Item.BASIC, "2022-01-01")]
    assert amounts(levy_lines(held, "2022-02", TERMS)) == {"universal_service": 2}


def test_p7_a_number_that_was_handed_over_is_charged_once() -> None:
    held = [holding(Item.BASIC, "2026-10-01", "2026-10-10"), holding(Item.BASIC, "2026-10-10")]
    assert len(levy_lines(held, "2026-10", TERMS)) == 2


def test_p7_a_levy_that_is_not_known_is_refused_and_not_zero() -> None:
    with pytest.raises(InputError) as refusal:
        levy_lines([holding(Item.BASIC, "2021-01-01")], "2021-12", TERMS)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.where) == ("no_levy", "universal_service")
    assert "2021-12" in problem.message


def test_p7_the_line_names_the_levy_its_month_and_its_table() -> None:
    line = next(
        line
        for line in levy_lines([holding(Item.BASIC, "2026-10-17")], "2026-10", TERMS)
        if line.item == "universal_service"
    )
    assert line.key == f"{NUMBER}/universal_service/2026-10"
    assert (line.kind, line.description, line.quantity) == (LineKind.LEVY, "ユニバーサルサービス料", 1)
    assert (line.period_first, line.period_last) == (date(2026, 10, 1), date(2026, 10, 31))
    assert line.detail == (("levies", TERMS.levies.version),)


def test_p7_a_levy_without_a_title_is_called_by_its_name() -> None:
    bare = Levy(name="relay", yen=4, first_month="2026-01")
    terms = msgspec.structs.replace(TERMS, levies=LevyTable(version="bare@1", levies=(bare,)))
    (line,) = levy_lines([holding(Item.BASIC, "2026-10-17")], "2026-10", terms)
    assert (line.description, line.net_yen) == ("relay", 4)


@pytest.mark.parametrize(
    ("rows", "code", "said"),
    [
        (row("a", 1, "2026-01", "2026-03") + row("a", 2, "2026-04"), "gap", "from 2026-03 until 2026-04"),
        (row("a", 1, "2026-01", "2026-05") + row("a", 2, "2026-04"), "overlap", "from 2026-04"),
        (row("a", 1, "2026-01") + row("a", 2, "2026-04"), "overlap", "ends never"),
        (row("a", 1, "2026-01", "2026-03"), "gap", "from 2026-03; the last row has no end"),
        (row("a", 1, "2026-03", "2026-03") + row("a", 1, "2026-03"), "bad_value", "begins 2026-03"),
        (row("a", -1, "2026-01"), "bad_value", ">= 0"),
        (row("a", 1, "2026-13"), "bad_value", "first_month"),
        (row("calls", 1, "2026-01"), "bad_value", "'calls'"),
        (row("basic", 1, "2026-01"), "bad_value", "'basic'"),
        (row("adjustment", 1, "2026-01"), "bad_value", "'adjustment'"),
        (row("a", 1, "2026-01") + "surprise = 1\n", "unknown_key", "surprise"),
        ('[[levies]]\nname = "a"\n', "missing_key", "title"),
        ("levies = 3\n", "bad_value", "[[levies]]"),
    ],
)
def test_a_faulty_table_of_levies_is_refused_with_its_fault(rows: str, code: str, said: str) -> None:
    table, problems = read_levies((HEAD + rows).encode())
    assert table is None
    assert code in {problem.code for problem in problems}
    assert any(said in problem.message for problem in problems)


def test_the_problems_of_two_levies_are_named_together() -> None:
    rows = row("a", 1, "2026-01", "2026-02") + row("b", 1, "2026-01", "2026-02")
    with pytest.raises(InputError, match="the table of levies: 2 problems") as refusal:
        parse_levies((HEAD + rows).encode())
    assert [problem.message[:2] for problem in refusal.value.problems] == ["a:", "b:"]


def test_a_table_of_levies_is_named_by_its_content() -> None:
    again = parse_levies(LEVIES)
    changed = parse_levies(LEVIES + b"\n# later\n")
    assert again.version == TERMS.levies.version
    assert changed.version != again.version
    assert again.version.startswith("levies@")


def test_an_operator_without_levies_charges_none() -> None:
    table = parse_levies(HEAD.encode())
    assert levies_of(table, "2026-10") == []


def test_p6_a_levy_goes_on_at_the_old_rate_of_tax_as_the_number_does() -> None:
    """In October 2019 the rate rose from 8 to 10 %; one number was in use before, one is new."""
    relay = Levy(name="relay", yen=4, first_month="2019-01")
    terms = msgspec.structs.replace(TERMS, levies=LevyTable(version="relay@1", levies=(relay,)))
    held = [
        holding(Item.BASIC, "2019-09-30", "2019-10-10"),
        holding(Item.BASIC, "2019-10-10"),
        holding(Item.BASIC, "2019-10-01", number=OTHER_NUMBER),
    ]
    lines = levy_lines(held, "2019-10", terms)
    assert sorted((line.number, line.tax_permille) for line in lines) == [(NUMBER, 80), (OTHER_NUMBER, 100)]


def test_the_faults_of_a_table_of_levies_name_their_place() -> None:
    faulty = row("calls", 1, "2026-01") + row("a", 1, "2026-01", "2026-02")
    _, problems = read_levies((HEAD + faulty).encode())
    assert [problem.where for problem in problems] == ["levies", "levies"]
    _, problems = read_levies(b"no = [toml")
    assert [problem.code for problem in problems] == ["syntax"]
