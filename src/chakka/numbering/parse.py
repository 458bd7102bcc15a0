"""From the published tables to one `NumberingTable`, refused as a whole if anything in them disagrees."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Literal

from chakka.errors import InputError, Problem
from chakka.numbering.model import CallerClass, ChargeArea, Prefecture
from chakka.numbering.rows import COLUMNS, Row, numbered, rows_of
from chakka.numbering.table import Block, NumberClass, NumberingTable

# What the edition of 2023-01 holds (data/numbering/SOURCES.md). An edition with other counts is to be read
# difference by difference before these are changed.
CHARGE_AREAS = 561
AREA_CODES = 387
NUMBERING_AREAS = 582
PREFECTURES = 47

# The words of the table; two of them are reported as international (plan-format.md, caller classes).
CLASS_OF_WORD = {member.value: member for member in CallerClass} | {
    "international_dial": CallerClass.INTERNATIONAL,
    "international_network": CallerClass.INTERNATIONAL,
}
# `+81` is a way to write a domestic number, not a class; `dialled.national` takes it off.
DOMESTIC = "domestic_e164"


def parse_tables(files: Mapping[str, bytes]) -> NumberingTable:
    """Return the numbering table that the four CSV files hold.

    files:  `prefectures.csv`, `ma_list.csv`, `charge_areas.csv`, `number_classes.csv`: name → content.
    Raises: InputError with every problem found: form, counts, names that one file has and another lacks.
    """
    rows, problems = rows_of(files)
    _refuse(problems)
    prefectures = _prefectures(rows["prefectures.csv"], problems)
    by_key = {key: prefecture for prefecture in prefectures for key in (prefecture.code, prefecture.name)}
    areas = _charge_areas(rows["ma_list.csv"], by_key, problems)
    by_name = {area.name: area for area in areas}
    published_codes = _published_codes(rows["ma_list.csv"], by_name, problems)
    blocks = _blocks(rows["charge_areas.csv"], by_name, problems)
    classes = _classes(rows["number_classes.csv"], problems)
    problems += _wrong_counts(rows)
    problems += _never_reached(areas, blocks.values())
    _refuse(problems)
    return NumberingTable(
        id=_edition(files),
        charge_areas=areas,
        prefectures=prefectures,
        regions=tuple(dict.fromkeys(prefecture.region for prefecture in prefectures)),
        blocks=blocks,
        area_codes=_area_codes(rows["charge_areas.csv"], by_name, by_key),
        classes=classes,
        areas_by_name=by_name,
        prefectures_by_key=by_key,
        areas_by_code=_codes(blocks) | published_codes,
    )


def _refuse(problems: list[Problem]) -> None:
    if problems:
        first = problems[0]
        raise InputError(
            f"the numbering table has {len(problems)} problems; the first: {first.where}: {first.message}",
            problems,
        )


def _edition(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(COLUMNS):
        digest.update(f"{name} {len(files[name])}\n".encode() + files[name])
    return digest.hexdigest()[:16]


def _ntt(text: str, where: str, problems: list[Problem]) -> Literal["east", "west"]:
    match text:
        case "east" | "west":
            return text
    problems.append(Problem(code="bad_value", where=where, message=f"ntt_area {text!r} is not east or west"))
    return "east"


def _prefectures(rows: tuple[Row, ...], problems: list[Problem]) -> tuple[Prefecture, ...]:
    found = tuple(
        Prefecture(
            index=index,
            code=row["prefecture_code"],
            name=row["prefecture"],
            region=row["region"],
            ntt=_ntt(row["ntt_area"], where, problems),
        )
        for index, (where, row) in enumerate(numbered("prefectures.csv", rows))
    )
    codes = [prefecture.code for prefecture in found]
    if codes != [f"{number:02d}" for number in range(1, len(codes) + 1)]:
        message = "prefecture_code must count 01, 02, … without gaps"
        problems.append(Problem(code="bad_value", where="prefectures.csv", message=message))
    return found


def _charge_areas(
    rows: tuple[Row, ...], prefectures: Mapping[str, Prefecture], problems: list[Problem]
) -> tuple[ChargeArea, ...]:
    areas: dict[str, ChargeArea] = {}
    for where, row in numbered("ma_list.csv", rows):
        name = row["ma_name"]
        if name in areas:
            problems.append(Problem(code="bad_value", where=where, message=f"{name} is listed twice"))
        problems += _place_problems(where, row, prefectures)
        areas[name] = ChargeArea(
            index=len(areas),
            name=name,
            prefecture=row["prefecture"],
            prefectures=(row["prefecture"], *_other_prefectures(row)),
            region=row["region"],
            ntt=_ntt(row["ntt_area"], where, problems),
            grid=_grid(row, where, problems),
        )
    return tuple(areas.values())


def _published_codes(
    rows: tuple[Row, ...], areas: Mapping[str, ChargeArea], problems: list[Problem]
) -> dict[str, ChargeArea]:
    by_code: dict[str, ChargeArea] = {}
    for where, row in numbered("ma_list.csv", rows):
        code = row["ma_code"]
        if not code:
            continue
        if re.fullmatch("[0-9]{5}", code) is None or code in by_code:
            message = f"ma_code {code!r} of {row['ma_name']} must be five digits that no other area has"
            problems.append(Problem(code="bad_value", where=where, message=message))
        by_code[code] = areas[row["ma_name"]]
    return by_code


def _grid(row: Row, where: str, problems: list[Problem]) -> tuple[int, int]:
    vertical, horizontal = row["grid_v"], row["grid_h"]
    # The far islands lie beyond the grid's origin: 小笠原 is at -24.
    if re.fullmatch("-?[0-9]{1,4},-?[0-9]{1,4}", f"{vertical},{horizontal}"):
        return int(vertical), int(horizontal)
    message = f"{row['ma_name']}: grid {vertical!r}, {horizontal!r} is not two numbers"
    problems.append(Problem(code="bad_value", where=where, message=message))
    return 0, 0


def _other_prefectures(row: Row) -> tuple[str, ...]:
    """Return the names in `09 栃木県;11 埼玉県`."""
    return tuple(part.partition(" ")[2] for part in row["other_prefectures"].split(";") if part)


def _place_problems(where: str, row: Row, prefectures: Mapping[str, Prefecture]) -> list[Problem]:
    principal = prefectures.get(row["prefecture_code"])
    said = (row["prefecture"], row["region"], row["ntt_area"])
    if principal is None or said != (principal.name, principal.region, principal.ntt):
        message = f"{row['ma_name']}: {' '.join(said)} is not prefecture {row['prefecture_code']}"
        return [Problem(code="bad_value", where=where, message=message)]
    return [
        Problem(code="unknown_name", where=where, message=f"{row['ma_name']}: no prefecture {other!r}")
        for other in _other_prefectures(row)
        if other not in prefectures
    ]


def _blocks(
    rows: tuple[Row, ...], areas: Mapping[str, ChargeArea], problems: list[Problem]
) -> dict[str, Block]:
    blocks: dict[str, Block] = {}
    for where, row in numbered("charge_areas.csv", rows):
        area, prefix = areas.get(row["ma_name"]), row["area_code"] + row["local_prefix"]
        if area is None:
            message = f"charge area {row['ma_name']!r} is not in ma_list.csv"
            problems.append(Problem(code="unknown_name", where=where, message=message))
        elif fault := _prefix_fault(prefix, blocks):
            problems.append(Problem(code="bad_value", where=where, message=fault))
        elif not _lies_in(area, row):
            message = f"{area.name} lies elsewhere by ma_list.csv"
            problems.append(Problem(code="bad_value", where=where, message=message))
        else:
            blocks[prefix] = Block(charge_area=area, area_code_length=len(row["area_code"]))
    return blocks


def _prefix_fault(prefix: str, blocks: Mapping[str, Block]) -> str | None:
    # Area code and local exchange are six digits together (電気通信番号計画, 0ABCDE).
    if not (prefix.isascii() and prefix.isdigit() and prefix.startswith("0") and 2 <= len(prefix) <= 6):
        return f"prefix {prefix!r} is not 0 and one to five more digits"
    if prefix in blocks:
        return f"prefix {prefix!r} is listed twice"
    return None


def _lies_in(area: ChargeArea, row: Row) -> bool:
    # One block of an area may keep to fewer prefectures than the whole of it (0422 of 武蔵野三鷹).
    principal = (row["prefecture"], row["region"], row["ntt_area"]) == (
        area.prefecture,
        area.region,
        area.ntt,
    )
    return principal and set(_other_prefectures(row)) <= set(area.prefectures)


def _area_codes(
    rows: tuple[Row, ...], areas: Mapping[str, ChargeArea], prefectures: Mapping[str, Prefecture]
) -> dict[str, Prefecture | None]:
    reached: dict[str, set[str]] = {}
    for row in rows:
        reached.setdefault(row["area_code"], set()).update(areas[row["ma_name"]].prefectures)
    return {
        code: prefectures[next(iter(names))] if len(names) == 1 else None for code, names in reached.items()
    }


def _codes(blocks: Mapping[str, Block]) -> dict[str, ChargeArea | None]:
    """Return, by what its numbers begin with as a code of five digits, the charge area: None for several."""
    of_area_code: dict[str, dict[str, ChargeArea]] = {}
    under: dict[str, dict[str, ChargeArea]] = {}
    for prefix, block in blocks.items():
        area = block.charge_area
        of_area_code.setdefault(prefix[: block.area_code_length], {})[area.name] = area
        for length in range(2, len(prefix) + 1):
            under.setdefault(prefix[:length], {})[area.name] = area
    # 42200 is the area code 0422 rather than 042-20.
    whole = {code: areas for code, areas in of_area_code.items() if len(areas) == 1}
    codes: dict[str, ChargeArea | None] = {}
    for beginnings in (whole, under):
        for digits in sorted(beginnings, key=len, reverse=True):
            areas = tuple(beginnings[digits].values())
            codes.setdefault(digits[1:].ljust(5, "0"), areas[0] if len(areas) == 1 else None)
    return codes


def _classes(rows: tuple[Row, ...], problems: list[Problem]) -> dict[str, tuple[NumberClass, ...]]:
    classes: dict[str, tuple[NumberClass, ...]] = {}
    for where, row in numbered("number_classes.csv", rows):
        prefix, length, word = row["prefix"], row["total_length"], row["class"]
        caller_class = CLASS_OF_WORD.get(word)
        if word == DOMESTIC and prefix == "+81":
            continue
        if caller_class is None:
            message = f"class {word!r} of prefix {prefix!r} is not known"
            problems.append(Problem(code="unknown_name", where=where, message=message))
        elif length != "var" and not (length.isascii() and length.isdigit()):
            message = f"total_length {length!r} is neither a number nor var"
            problems.append(Problem(code="bad_value", where=where, message=message))
        elif not 1 <= len(prefix) <= 4:
            message = f"prefix {prefix!r} is not one to four characters"
            problems.append(Problem(code="bad_value", where=where, message=message))
        else:
            found = NumberClass(
                caller_class=caller_class, total_length=None if length == "var" else int(length)
            )
            classes[prefix] = (*classes.get(prefix, ()), found)
    return classes


def _wrong_counts(rows: Mapping[str, tuple[Row, ...]]) -> list[Problem]:
    blocks = rows["charge_areas.csv"]
    counts = (
        ("ma_list.csv", "charge areas", CHARGE_AREAS, len(rows["ma_list.csv"])),
        ("charge_areas.csv", "area codes", AREA_CODES, len({row["area_code"] for row in blocks})),
        ("charge_areas.csv", "numbering areas", NUMBERING_AREAS, len(_numbering_areas(blocks))),
        ("prefectures.csv", "prefectures", PREFECTURES, len(rows["prefectures.csv"])),
    )
    return [
        Problem(code="bad_value", where=where, message=f"{found} {what}; this edition has {expected}")
        for where, what, expected, found in counts
        if found != expected
    ]


def _numbering_areas(rows: tuple[Row, ...]) -> set[str]:
    return {area for row in rows for area in row["numbering_area"].split(";")}


def _never_reached(areas: Iterable[ChargeArea], blocks: Iterable[Block]) -> list[Problem]:
    reached = {block.charge_area.name for block in blocks}
    return [
        Problem(code="missing_key", where="charge_areas.csv", message=f"{area.name} has no prefix")
        for area in areas
        if area.name not in reached
    ]
