"""The CSV files of the numbering table as rows of text, with every fault of their form."""

import csv
import io
from collections.abc import Iterator, Mapping

from chakka.errors import Problem

Row = Mapping[str, str]

COLUMNS = {
    "prefectures.csv": "prefecture_code prefecture region telecom_bureau ntt_area",
    "ma_list.csv": (
        "ma_name ma_code area_codes numbering_areas prefecture_code prefecture other_prefectures"
        " ntt_area region grid_v grid_h"
    ),
    "charge_areas.csv": (
        "ma_name ma_code area_code local_prefix prefecture_code prefecture other_prefectures"
        " ntt_area region numbering_area"
    ),
    "number_classes.csv": "prefix total_length class note",
}


def rows_of(files: Mapping[str, bytes]) -> tuple[dict[str, tuple[Row, ...]], list[Problem]]:
    """Return the rows of each file by its name, and the problems of files that have not the right form.

    files: file name → content; all of `COLUMNS` are needed, UTF-8, one header line.
    """
    rows: dict[str, tuple[Row, ...]] = {}
    problems: list[Problem] = []
    for name, columns in COLUMNS.items():
        rows[name], faults = _rows(name, files.get(name), columns.split())
        problems += faults
    return rows, problems


def numbered(name: str, rows: tuple[Row, ...]) -> Iterator[tuple[str, Row]]:
    """Return each row with its place, as `charge_areas.csv:2` (line 1 is the header)."""
    for line, row in enumerate(rows, start=2):
        yield f"{name}:{line}", row


def _rows(name: str, content: bytes | None, columns: list[str]) -> tuple[tuple[Row, ...], list[Problem]]:
    if content is None:
        return (), [Problem(code="missing_key", where=name, message=f"the file {name} is missing")]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return (), [Problem(code="syntax", where=name, message=f"{name} is not UTF-8: {error}")]
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader, [])
    if header != columns:
        message = f"the columns are {','.join(header)!r}; they must be {','.join(columns)!r}"
        return (), [Problem(code="syntax", where=f"{name}:1", message=message)]
    found = list(reader)
    problems = [
        Problem(
            code="syntax", where=f"{name}:{line}", message=f"{len(row)} fields; {len(columns)} are needed"
        )
        for line, row in enumerate(found, start=2)
        if len(row) != len(columns)
    ]
    return tuple(dict(zip(columns, row, strict=False)) for row in found if len(row) == len(columns)), problems
