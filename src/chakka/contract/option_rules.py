"""Rules on what is contracted: every function used needs its option, and two exclude each other."""

from collections.abc import Iterator

from chakka.contract.destinations import destinations, lines_by_number
from chakka.contract.faults import bad_value, repeats
from chakka.contract.model import Contract, Option, Rules
from chakka.errors import Problem
from chakka.numbering.table import NumberingTable

JAPANESE = {
    Option.MULTI_LINE: "複数回線管理機能",
    Option.ORIGIN_DISTRIBUTION: "発信地域振分機能",
    Option.BUSY_OVERFLOW: "話中時迂回機能",
    Option.RATIO_DISTRIBUTION: "着信振分接続機能",
    Option.DESTINATION_CHANGE: "受付先変更機能",
    Option.OFF_HOURS: "時間外案内機能",
    Option.CUSTOMER_CONTROL: "カスタマコントロール機能",
    Option.NUMBER_NOTIFICATION: "特定番号通知機能",
}
EXCLUSIVE = (Option.BUSY_OVERFLOW, Option.RATIO_DISTRIBUTION)


def listed_once(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problems of options named twice."""
    return [
        bad_value(f"options[{i}]", f"option {contract.options[i]} is listed twice")
        for i in repeats(contract.options)
    ]


def contracted(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problem of each option that is used but not contracted, at its first use (R3.7)."""
    first_use: dict[Option, str] = {}
    for option, place in _uses(contract):
        first_use.setdefault(option, place)
    return [
        Problem(
            code="option_missing",
            where=place,
            message=f"this needs the option {option} ({JAPANESE[option]}), which is not contracted",
        )
        for option, place in first_use.items()
        if option not in contract.options
    ]


def exclusive(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problem of busy overflow beside ratio distribution under the strict rules (R3.6).

    Contracting both is the problem, used or not; using both would need both.
    """
    involved = {*contract.options, *(option for option, _ in _uses(contract))}
    if contract.rules is Rules.EXTENDED or not involved.issuperset(EXCLUSIVE):
        return []
    message = "busy_overflow and ratio_distribution cannot be in one contract (strict rules, R3.6)"
    return [Problem(code="option_conflict", where="options", message=message)]


def multi_line(contract: Contract, table: NumberingTable) -> list[Problem]:
    """Return the problem of destinations on several lines without multi-line management (R3.4)."""
    own = lines_by_number(contract)
    touched = {own[number].id: None for _, number in destinations(contract) if number in own}
    if len(touched) <= 1 or Option.MULTI_LINE in contract.options:
        return []
    message = (
        f"destinations lie on {len(touched)} lines ({', '.join(touched)}); that needs the option "
        f"multi_line ({JAPANESE[Option.MULTI_LINE]}), which is not contracted"
    )
    return [Problem(code="several_lines_without_multi_line", where="options", message=message)]


def _uses(contract: Contract) -> Iterator[tuple[Option, str]]:
    if len(contract.groups) > 1:
        yield Option.ORIGIN_DISTRIBUTION, "groups[1]"
    for i, group in enumerate(contract.groups):
        if group.overflow:
            yield Option.BUSY_OVERFLOW, f"groups[{i}].overflow"
        if group.ratio is not None:
            yield Option.RATIO_DISTRIBUTION, f"groups[{i}].ratio"
    for number, hours in contract.hours.items():
        if hours.change is not None:
            yield Option.DESTINATION_CHANGE, f"hours.{number}.change"
        if hours.off_hours is not None:
            yield Option.OFF_HOURS, f"hours.{number}.off_hours"
    if contract.number_notification:
        yield Option.NUMBER_NOTIFICATION, "number_notification"
