"""The tables as files: what they must hold, and how they are refused."""

import pytest

from chakka.errors import InputError, Problem
from chakka.facts import DATA, numbering_table
from chakka.numbering.parse import parse_tables


@pytest.fixture
def files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (DATA / "numbering").glob("*.csv")}


def refused(files: dict[str, bytes]) -> list[Problem]:
    with pytest.raises(InputError) as refusal:
        parse_tables(files)
    assert str(len(refusal.value.problems)) in str(refusal.value)
    return list(refusal.value.problems)


def test_the_shipped_edition_has_the_counts_of_its_sources() -> None:
    table = numbering_table()
    assert len(table.charge_areas) == 561
    assert len(table.area_codes) == 387
    assert len(table.blocks) == 1508
    assert len(table.prefectures) == 47
    assert table.regions == ("北海道", "東北", "関東", "中部", "近畿", "中国", "四国", "九州", "沖縄")


def test_charge_areas_and_prefectures_are_indexed_by_their_place() -> None:
    table = numbering_table()
    assert [area.index for area in table.charge_areas] == list(range(561))
    assert [prefecture.index for prefecture in table.prefectures] == list(range(47))
    assert table.charge_areas[0].name == "札幌"


def test_28_charge_areas_lie_in_several_prefectures() -> None:
    assert sum(len(area.prefectures) > 1 for area in numbering_table().charge_areas) == 28


def test_a_prefecture_is_found_by_name_and_by_code() -> None:
    table = numbering_table()
    assert table.prefecture("東京都") is table.prefecture("13")
    assert table.prefecture("13") is not None
    assert table.prefecture("東京") is None
    assert table.charge_area("東京都") is None


def test_the_id_follows_the_content(files: dict[str, bytes]) -> None:
    noted = files | {"number_classes.csv": files["number_classes.csv"].replace(b"not checked", b"checked")}
    assert parse_tables(files).id == numbering_table().id
    assert parse_tables(files) == numbering_table()
    assert parse_tables(noted).id != numbering_table().id


def test_a_missing_file_is_named(files: dict[str, bytes]) -> None:
    del files["ma_list.csv"]
    assert [(problem.code, problem.where) for problem in refused(files)] == [("missing_key", "ma_list.csv")]


def test_other_bytes_than_utf_8_and_other_columns_are_refused_at_once(files: dict[str, bytes]) -> None:
    files["ma_list.csv"] = "料金区域".encode("cp932")
    files["prefectures.csv"] = b"code,name\n"
    assert [problem.where for problem in refused(files)] == ["prefectures.csv:1", "ma_list.csv"]


def test_a_short_row_is_refused_with_its_line(files: dict[str, bytes]) -> None:
    files["number_classes.csv"] += b"0999,11\n"
    assert [problem.where for problem in refused(files)] == ["number_classes.csv:74"]


def test_a_lost_row_shows_in_the_counts(files: dict[str, bytes]) -> None:
    without_last = files["ma_list.csv"].rstrip(b"\n").rpartition(b"\n")[0] + b"\n"
    messages = [problem.message for problem in refused(files | {"ma_list.csv": without_last})]
    assert "560 charge areas; this edition has 561" in messages


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "part"),
    [
        ("charge_areas.csv", "札幌,11200,011,,", "札幌,11200,0123,2,", "bad_value", "listed twice"),
        ("charge_areas.csv", "札幌,11200,011,", "札榥,11200,011,", "unknown_name", "札榥"),
        (
            "charge_areas.csv",
            "札幌,11200,011,,01,北海道",
            "札幌,11200,011,,02,青森県",
            "bad_value",
            "elsewhere",
        ),
        ("charge_areas.csv", "札幌,11200,011,,", "札幌,11200,011,12345,", "bad_value", "'01112345'"),
        ("ma_list.csv", "札幌,11200,011,001,01,", "札幌,11200,011,001,99,", "bad_value", "prefecture 99"),
        ("ma_list.csv", "10 群馬県,east", "10 群馬,east", "unknown_name", "'群馬'"),
        ("ma_list.csv", "861,622", "861,", "bad_value", "grid"),
        ("ma_list.csv", "夕張,12350", "千歳,12350", "bad_value", "listed twice"),
        ("prefectures.csv", "02,青森県", "03,青森県", "bad_value", "without gaps"),
        ("prefectures.csv", "青森県,東北,東北,east", "青森県,東北,東北,north", "bad_value", "'north'"),
        ("number_classes.csv", "0570,10,uan", "0570,10,uam", "unknown_name", "'uam'"),
        ("number_classes.csv", "0570,10,uan", "0570,ten,uan", "bad_value", "'ten'"),
        ("number_classes.csv", "0570,10,uan", "05700,10,uan", "bad_value", "'05700'"),
    ],
)
def test_a_row_that_disagrees_is_named_with_its_value(
    files: dict[str, bytes], file: str, old: str, new: str, code: str, part: str
) -> None:
    text = files[file].decode()
    assert old in text
    files[file] = text.replace(old, new, 1).encode()
    problems = refused(files)
    assert any(problem.code == code and part in problem.message for problem in problems), problems
