"""Published tables as TOML text: rows of one kind under a head, named by their content."""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, TypeVar

import msgspec

from chakka.errors import Problem

Name = Annotated[str, msgspec.Meta(pattern="^[a-z0-9_-]{1,40}$")]
Text = Annotated[str, msgspec.Meta(min_length=1)]
# A bound that keeps any sum of an invoice far inside int64.
Yen = Annotated[int, msgspec.Meta(ge=0, le=10**9)]

Row = TypeVar("Row")
# From when and until before when a row holds; None = without end. Days and months both compare as they read.
Validity = tuple[date | str | None, date | str | None]


class Titled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The head of every table: what it is and where its figures were published."""

    name: Name
    title: Text
    source: Text
    example: bool = False


def read_toml(content: bytes, problems: list[Problem]) -> dict[str, Any]:
    """Return the tables of a TOML text; none with a problem added if it is not TOML."""
    try:
        return tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        problems.append(Problem(code="syntax", where="", message=f"not TOML: {fault}"))
        return {}


def read_head(tables: dict[str, Any], kind: type[Row], problems: list[Problem]) -> Row | None:
    """Return what stands outside the rows, or None with a problem added."""
    return _one("", tables, kind, problems)


def read_rows(where: str, rows: Any, kind: type[Row], problems: list[Problem]) -> tuple[Row, ...]:
    """Return the rows of one kind; a problem is added for each that is wrong in itself."""
    if not isinstance(rows, list):
        message = f"{where} are tables; write [[{where}]]"
        problems.append(Problem(code="bad_value", where=where, message=message))
        return ()
    found = [_one(f"{where}[{place}]", row, kind, problems) for place, row in enumerate(rows)]
    return tuple(row for row in found if row is not None)


def version_of(name: str, content: bytes) -> str:
    """Return the name of a text by its content: `name@hash`."""
    return f"{name}@{hashlib.sha256(content).hexdigest()[:16]}"


def validity_faults(validities: Sequence[Validity]) -> Iterator[tuple[str, str]]:
    """Yield (code, message) where, after the first beginning, no row holds or two do."""
    ordered = sorted(validities, key=lambda validity: str(validity[0] or ""))
    for start, end in ordered:
        if start is not None and end is not None and str(end) <= str(start):
            yield "bad_value", f"begins {start} and ends {end}; the end must lie after the beginning"
    for (_, end), (start, _) in pairwise(ordered):
        if end is None or start is None or str(start) < str(end):
            yield "overlap", f"two rows hold from {start or 'ever'}; the one before ends {end or 'never'}"
        elif str(end) < str(start):
            yield "gap", f"nothing holds from {end} until {start}"
    if ordered and ordered[-1][1] is not None:
        yield "gap", f"nothing holds from {ordered[-1][1]}; the last row has no end"


def _one(where: str, row: Any, kind: type[Row], problems: list[Problem]) -> Row | None:
    try:
        return msgspec.convert(row, kind)
    except msgspec.ValidationError as fault:
        problems.append(Problem(code=_code(str(fault)), where=where, message=_said(str(fault), row)))
        return None


def _said(message: str, row: Any) -> str:
    """Return a message with the offending value, where the message names its place."""
    place = re.search(r"at `\$\.(\w+)", message)
    return f"{message}; it says {row[place[1]]}" if place else message


def _code(message: str) -> str:
    if "unknown field" in message:
        return "unknown_key"
    return "missing_key" if "missing required" in message else "bad_value"
