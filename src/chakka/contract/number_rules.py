"""Rules on the freephone number, the lines and every number that must be one of theirs."""

import re
from collections.abc import Iterator

from chakka.contract.destinations import destinations, lines_by_number
from chakka.contract.faults import bad_value, repeats
from chakka.contract.model import Contract
from chakka.errors import Problem
from chakka.numbering.model import CallerClass
from chakka.numbering.table import NumberingTable

FREEPHONE = re.compile(r"0120[0-9]{6}|0800[0-9]{7}")
# What dials like a Japanese telephone number; anything else is a slip of the pen.
DIALLABLE = re.compile(r"0[0-9]{9,10}")
GEOGRAPHIC = re.compile(r"0[1-9][0-9]{8}")


def freephone_number(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problem of a number that is no freephone number (service.md §0)."""
    if FREEPHONE.fullmatch(contract.number):
        return []
    message = f"{contract.number!r} is no freephone number: 0120 and 6 digits, or 0800 and 7 digits"
    return [Problem(code="number_invalid", where="number", message=message)]


def lines(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of the lines themselves: at least one, known by unlike ids, with channels."""
    found = [] if contract.lines else [bad_value("lines", "a contract has at least one line")]
    for i in repeats(line.id for line in contract.lines):
        found.append(bad_value(f"lines[{i}].id", f"line {contract.lines[i].id!r} is listed twice"))
    for i, line in enumerate(contract.lines):
        if line.channels < 1:
            found.append(
                bad_value(f"lines[{i}].channels", f"{line.channels} channels; a line has at least one")
            )
        if not line.numbers:
            found.append(
                bad_value(f"lines[{i}].numbers", f"line {line.id!r} has no number; it needs at least one")
            )
    return found


def line_numbers(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of line numbers: 0AB-J numbers, each on one line (service.md §0)."""
    placed = [
        (f"lines[{i}].numbers[{k}]", number)
        for i, line in enumerate(contract.lines)
        for k, number in enumerate(line.numbers)
    ]
    found = [
        Problem(
            code="number_invalid",
            where=place,
            message=f"{number!r} is no 0AB-J number: ten digits of a fixed line in Japan",
        )
        for place, number in placed
        if not _is_geographic(number, table)
    ]
    for i in repeats(number for _, number in placed):
        place, number = placed[i]
        found.append(bad_value(place, f"line number {number} is listed twice"))
    return found


def own_numbers(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of numbers that are no line number of the contract (R3.5, R6.3).

    A contract without any line number has that one problem, not another at each use.
    """
    own = lines_by_number(contract)
    if not own:
        return []
    return [
        _foreign(place, number)
        for place, number in [*destinations(contract), *_other_numbers(contract)]
        if number not in own
    ]


def notified_once(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of line numbers named twice for number notification."""
    listed = contract.number_notification
    return [
        bad_value(f"number_notification[{i}]", f"line number {listed[i]} is listed twice")
        for i in repeats(listed)
    ]


def _other_numbers(contract: Contract) -> Iterator[tuple[str, str]]:
    for number in contract.hours:
        yield f"hours.{number}", number
    for i, number in enumerate(contract.number_notification):
        yield f"number_notification[{i}]", number
    for number in contract.limits.per_number:
        yield f"limits.per_number.{number}", number


def _foreign(place: str, number: str) -> Problem:
    if not DIALLABLE.fullmatch(number):
        message = f"{number!r} is no telephone number: digits, beginning with 0, ten or eleven of them"
        return Problem(code="number_invalid", where=place, message=message)
    message = f"{number} is no line number of this contract's lines; only those can be used (R3.5)"
    return Problem(code="not_own_number", where=place, message=message)


def _is_geographic(number: str, table: NumberingTable) -> bool:
    return bool(GEOGRAPHIC.fullmatch(number)) and table.lookup(number).caller_class is CallerClass.FIXED
