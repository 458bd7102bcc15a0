"""What a calling number says: the look-up rules of data/numbering/SOURCES.md."""

import csv
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chakka.facts import DATA, numbering_table
from chakka.numbering.dialled import LONGEST_TEXT
from chakka.numbering.model import CallerClass, NumberFacts

TABLE = numbering_table()
NUMBER_CLASSES = list(csv.DictReader((DATA / "numbering/number_classes.csv").open(encoding="utf-8")))


def number_with(prefix: str, length: int) -> str:
    """A number of that length; 2 is a valid first local digit."""
    return prefix.ljust(length, "2")


@pytest.mark.parametrize(
    ("number", "charge_area"),
    [
        ("0773591234", "福知山"),
        ("0773601234", "舞鶴"),
        ("0465221234", "小田原"),
        ("0460821234", "小田原"),
        ("0422511234", "武蔵野三鷹"),
        ("0428221234", "青梅"),
        ("0123221234", "千歳"),
        ("0123721234", "栗山"),
        ("0352001234", "東京"),
        ("0662001234", "大阪"),
    ],
)
def test_the_vectors_of_the_table_s_readme_find_their_charge_area(number: str, charge_area: str) -> None:
    facts = TABLE.lookup(number)
    assert (facts.caller_class, facts.charge_area) == (CallerClass.FIXED, charge_area)


@pytest.mark.parametrize(
    ("area_code", "charge_areas"),
    [
        ("04", {"所沢", "柏", "鴨川"}),
        ("042", {"国分寺", "武蔵野三鷹", "立川", "八王子", "相模原", "飯能"}),
    ],
)
def test_an_area_code_shared_by_charge_areas_is_told_apart_by_what_follows(
    area_code: str, charge_areas: set[str]
) -> None:
    blocks = {
        block.charge_area.name
        for prefix, block in TABLE.blocks.items()
        if prefix.startswith(area_code) and block.area_code_length == len(area_code)
    }
    assert blocks == charge_areas


def test_every_prefix_of_the_table_finds_its_charge_area_unless_a_longer_one_takes_the_number() -> None:
    found = {TABLE.lookup(number_of_block(prefix)).charge_area for prefix in TABLE.blocks}
    assert found == {area.name for area in TABLE.charge_areas}
    assert len(found) == 561


def number_of_block(prefix: str) -> str:
    """A number whose longest prefix in the table is this one."""
    rest = 10 - len(prefix)
    candidates = (prefix + str(digits).rjust(rest, "0") for digits in range(10 ** (rest - 1), 10**rest, 997))
    return next(
        number
        for number in candidates
        if not any(number[:length] in TABLE.blocks for length in range(len(prefix) + 1, 7))
        and number[TABLE.blocks[prefix].area_code_length] in "23456789"
    )


def by_area_code_first(digits: str) -> str | None:
    """The wrong way: take the longest area code, then compare local prefixes within it."""
    for code_length in (5, 4, 3, 2):
        for length in range(6, code_length - 1, -1):
            block = TABLE.blocks.get(digits[:length])
            if block is not None and block.area_code_length == code_length:
                return block.charge_area.name
    return None


def test_264_blocks_of_five_area_codes_go_wrong_if_prefixes_are_compared_per_area_code() -> None:
    """022/0223, 026/0264, 028/0283, 028/0289, 053/0539."""
    wrong: Counter[str] = Counter()
    for area_code in ("0223", "0264", "0283", "0289", "0539"):
        for rest in range(100):
            digits = f"{area_code}{rest:02d}"
            found = TABLE.lookup(digits + "2345").charge_area
            if found is not None and by_area_code_first(digits) != found:
                wrong[area_code] += 1
    assert wrong == {"0223": 70, "0264": 50, "0283": 30, "0289": 50, "0539": 64}
    assert wrong.total() == 264


def test_022_30_is_sendai_and_0223_2_is_iwanuma() -> None:
    assert TABLE.lookup("0223012345").charge_area == "仙台"
    assert TABLE.lookup("0223212345").charge_area == "岩沼"


@pytest.mark.parametrize("row", NUMBER_CLASSES, ids=lambda row: row["prefix"])
def test_every_row_of_the_classes_is_found_by_a_number_of_its_length(row: Mapping[str, str]) -> None:
    prefix, word = row["prefix"], row["class"]
    length = 12 if row["total_length"] == "var" else int(row["total_length"])
    reported = {
        "international_dial": "international",
        "international_network": "international",
        "domestic_e164": "fixed",
    }
    number = "+81422511234" if word == "domestic_e164" else number_with(prefix, length)
    assert TABLE.lookup(number).caller_class == reported.get(word, word)


@pytest.mark.parametrize(
    ("number", "caller_class"),
    [
        ("0120123456", CallerClass.TOLL_FREE),
        ("08001234567", CallerClass.TOLL_FREE),
        ("08012345678", CallerClass.MOBILE),
        ("09012345678", CallerClass.MOBILE),
        ("06012345678", CallerClass.MOBILE),
        ("06001234567", CallerClass.FMC),
        ("0660001234", CallerClass.FIXED),
        ("05012345678", CallerClass.IP_PHONE),
        ("02001234567890", CallerClass.M2M),
        ("02012345678", CallerClass.M2M),
        ("02041234567", CallerClass.PAGER),
        ("0570001234", CallerClass.UAN),
        ("+12125551234", CallerClass.INTERNATIONAL),
        ("+88216123456", CallerClass.INTERNATIONAL),
        ("01012125551234", CallerClass.INTERNATIONAL),
        ("+870773123456", CallerClass.SATELLITE),
        ("+8816123456", CallerClass.SATELLITE),
        ("110", CallerClass.SERVICE_CODE),
        ("117", CallerClass.SERVICE_CODE),
        ("003760123456", CallerClass.CARRIER_SELECT),
    ],
)
def test_the_class_is_that_of_the_longest_prefix_whose_length_fits(
    number: str, caller_class: CallerClass
) -> None:
    assert TABLE.lookup(number).caller_class is caller_class


@pytest.mark.parametrize(
    "number",
    ["0900123456", "090123456789", "012012345", "080012345678", "0312345678", "022311234", "04225112345"],
)
def test_a_number_of_the_wrong_length_or_with_a_local_0_or_1_is_of_unknown_class(number: str) -> None:
    assert TABLE.lookup(number) == NumberFacts(number=number, caller_class=CallerClass.UNKNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "0422-51-1234",
        "0422 51 1234",
        "(0422)51-1234",
        "０４２２－５１－１２３４",
        "０４２２（５１）１２３４",
        "0422ー51ー1234",
        "0422\u201051\u20101234",
        "+81422511234",
        "+81 422-51-1234",
        "+81 (0)422-51-1234",
        "＋81 422 51 1234",
        "184-0422-51-1234",
        "1860422511234",
        "184+81422511234",
        "010 81 422 51 1234",
        "0036-0422-51-1234",
        "184 0036 0422511234",
        "00212-0422-51-1234",
        "009191-0422-51-1234",
    ],
)
def test_formatting_country_code_and_dialled_prefixes_come_off(text: str) -> None:
    assert TABLE.lookup(text) == TABLE.lookup("0422511234")
    assert TABLE.lookup(text).number == "0422511234"


def test_international_access_is_written_as_a_plus() -> None:
    assert TABLE.lookup("0033-010-1-212-555-1234").number == "+12125551234"


def test_a_fixed_number_says_its_prefectures_the_principal_one_first_r2_10() -> None:
    facts = TABLE.lookup("0662001234")
    assert (facts.prefecture, facts.prefectures) == ("大阪府", ("大阪府", "兵庫県"))
    assert (facts.region, facts.ntt) == ("近畿", "west")


def test_a_block_that_is_not_in_the_table_has_the_prefecture_only_if_its_area_code_lies_in_one() -> None:
    in_one = TABLE.lookup("0223112345")
    assert (in_one.caller_class, in_one.charge_area, in_one.prefecture) == (CallerClass.FIXED, None, "宮城県")
    assert (in_one.region, in_one.ntt) == ("東北", "east")


def test_no_unlisted_block_is_given_a_prefecture_outside_those_of_its_area_code() -> None:
    facts = (TABLE.lookup(f"0{block:05d}2345") for block in range(10_000, 100_000, 3))
    unlisted = [found for found in facts if found.caller_class is CallerClass.FIXED and not found.charge_area]
    placed = [found for found in unlisted if found.prefecture]
    assert len(placed) < len(unlisted)
    for found in placed:
        area_codes = [TABLE.area_codes.get(found.number[:length]) for length in (5, 4, 3, 2)]
        assert found.prefecture in {only.name for only in area_codes if only}


@pytest.mark.parametrize(
    "text",
    ["", " ", "+", "-", "abc", "anonymous", "0422a511234", "٠٤٢٢٥١١٢٣٤", "++81422511234", "0+81", "\ud800"],
)
def test_what_is_no_number_is_of_unknown_class_and_has_no_digits(text: str) -> None:
    assert TABLE.lookup(text) == NumberFacts(number="", caller_class=CallerClass.UNKNOWN)


def test_text_longer_than_any_number_is_not_even_read() -> None:
    assert TABLE.lookup("0422511234".ljust(LONGEST_TEXT + 1)).number == ""
    assert TABLE.lookup("9" * 10_000_000).caller_class is CallerClass.UNKNOWN


@given(st.text(max_size=80) | st.text(alphabet="0123456789+-() ０１２", max_size=24))
@example("184")
@example("00")
@example("+81")
@example("010")
def test_no_text_raises_and_a_found_number_is_found_again(text: str) -> None:
    facts = TABLE.lookup(text)
    assert TABLE.lookup(facts.number) == facts


@given(st.from_regex("0[1-9][0-9]{8}", fullmatch=True))
def test_a_charge_area_is_given_only_with_everything_that_the_table_says_of_it(number: str) -> None:
    facts = TABLE.lookup(number)
    area = TABLE.charge_area(facts.charge_area or "")
    if area is None:
        assert facts.charge_area is None
    else:
        assert (facts.prefecture, facts.prefectures) == (area.prefecture, area.prefectures)
        assert (facts.region, facts.ntt) == (area.region, area.ntt)
