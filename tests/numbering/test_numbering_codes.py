"""Charge areas by their five-digit codes, as signalling carries them."""

import csv
from collections import Counter

import pytest

from chakka.errors import InputError
from chakka.facts import DATA, numbering_table
from chakka.numbering.parse import parse_tables
from chakka.numbering.rows import COLUMNS

TABLE = numbering_table()
FILES = {name: (DATA / "numbering" / name).read_bytes() for name in COLUMNS}


def published() -> list[tuple[str, str]]:
    with (DATA / "numbering" / "ma_list.csv").open(encoding="utf-8") as file:
        return [(row["ma_code"], row["ma_name"]) for row in csv.DictReader(file) if row["ma_code"]]


def test_every_published_code_finds_its_charge_area() -> None:
    codes = published()
    assert len(codes) == 31
    for code, name in codes:
        found = TABLE.charge_area_by_code(code)
        assert found is not None
        assert found.name == name


def test_the_rule_for_codes_that_are_not_published_is_that_of_the_published_ones() -> None:
    files = FILES | {"ma_list.csv": FILES["ma_list.csv"]}
    for code, _ in published():
        files["ma_list.csv"] = files["ma_list.csv"].replace(f",{code},".encode(), b",,", 1)
    blind = parse_tables(files)
    wrong = [
        (code, name)
        for code, name in published()
        if (area := blind.charge_area_by_code(code)) is None or area.name != name
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("code", "name"), [("30000", "東京"), ("66000", "大阪"), ("42200", "武蔵野三鷹"), ("03000", "東京")]
)
def test_a_code_is_the_digits_of_the_area_filled_up(code: str, name: str) -> None:
    found = TABLE.charge_area_by_code(code)
    assert found is not None
    assert found.name == name


def test_every_charge_area_has_a_code() -> None:
    found = Counter(area.name for code in range(100_000) if (area := TABLE.charge_area_by_code(f"{code:05}")))
    assert len(found) == len(TABLE.charge_areas)


@pytest.mark.parametrize("code", ["", "1120", "112000", "1120a", "１１２００", "-1120", "99999"])
def test_what_is_no_code_has_no_area(code: str) -> None:
    assert TABLE.charge_area_by_code(code) is None


@pytest.mark.parametrize("code", ["1232", "1232x", "11200"])
def test_a_table_with_a_bad_or_repeated_code_is_refused(code: str) -> None:
    files = FILES | {
        "ma_list.csv": FILES["ma_list.csv"].replace("千歳,12320".encode(), f"千歳,{code}".encode())
    }
    with pytest.raises(InputError, match="ma_code"):
        parse_tables(files)
