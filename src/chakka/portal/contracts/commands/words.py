"""What the actions of `chakka contract` have in common: options, quantities, fees, the terms in use."""

import argparse
import re
from collections.abc import Mapping, Sequence
from datetime import date

from django.conf import settings

from chakka.contract.model import Option
from chakka.errors import InputError, Problem
from chakka.invoicing.model import Terms
from chakka.portal.billing.commands.words import day as any_day
from chakka.portal.billing.terms import terms_in_use
from chakka.portal.contracts.quoting import MonthQuote

# Charged by use (service.md §1); everything else once per freephone number.
CHARGED_BY_USE = frozenset({Option.BUSY_OVERFLOW, Option.NUMBER_NOTIFICATION})
_LONGEST_NAME = 64


def day(text: str) -> date:
    """Return a day of this century: beyond it a year is a slip of the hand."""
    if not re.fullmatch("20[0-9]{2}-[0-9]{2}-[0-9]{2}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write 2026-10-31")
    return any_day(text)


def fee(text: str) -> int:
    """Return a fee in whole yen."""
    if not re.fullmatch("[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no fee: write whole yen, 0 for none")
    return int(text)


def name(text: str) -> str:
    """Return the name of an order or of an issue."""
    if not re.fullmatch(f"[A-Za-z0-9._-]{{1,{_LONGEST_NAME}}}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name: up to 64 of A-Z a-z 0-9 . _ -")
    return text


def add_late(command: argparse.ArgumentParser) -> None:
    """Add `--late`."""
    command.add_argument("--late", action="store_true", help="the day may be in a month that was billed")


def options(texts: Sequence[str], where: str, problems: list[Problem]) -> frozenset[Option]:
    """Return the options of that name; what is none is added to the problems."""
    known = {str(option): option for option in Option}
    for text in texts:
        if text not in known:
            message = f"{text!r} is no option; there are {', '.join(known)}"
            problems.append(Problem(where=where, code="unknown_option", message=message))
    return frozenset(known[text] for text in texts if text in known)


def quantities(texts: Sequence[str], problems: list[Problem]) -> dict[Option, int]:
    """Return the quantities of options written `busy_overflow=2`; faults are added to the problems."""
    found: dict[Option, int] = {}
    for text in texts:
        option_text, _, count = text.partition("=")
        if not re.fullmatch("[1-9][0-9]{0,4}", count):
            message = f"{text!r} is no quantity; write busy_overflow=2"
            problems.append(Problem(where="quantity", code="bad_value", message=message))
            continue
        for option in options([option_text], "quantity", problems):
            problems += _quantity_problems(option, int(count), found)
            found[option] = int(count)
    return found


def refuse(what: str, problems: Sequence[Problem]) -> None:
    """Raise InputError if there are problems."""
    if problems:
        raise InputError(what, problems)


def terms() -> Terms:
    """Return the price list, levies and taxes in use."""
    return terms_in_use(settings.CONFIG.billing.price_list)


def counted(options: Mapping[Option, int]) -> str:
    """Return options with their quantities as they are typed."""
    return " ".join(f"{option}={count}" for option, count in sorted(options.items()))


def quote_text(quote: MonthQuote) -> str:
    """Return what a month comes to as lines for people."""
    lines = [f"{quote.month} without calls: {quote.total_yen:,} yen with tax"]
    for line in quote.lines:
        period = f"{line.period_first}/{line.period_last}"
        lines.append(f"{line.net_yen:>12,}  {period}  {line.description}")
    lines.append(f"{quote.tax_yen:>12,}  tax")
    return "\n".join(lines)


def _quantity_problems(option: Option, count: int, found: dict[Option, int]) -> list[Problem]:
    problems = []
    if option in found:
        message = f"{option} is given twice: {found[option]} and {count}"
        problems.append(Problem(where="quantity", code="duplicate", message=message))
    if count > 1 and option not in CHARGED_BY_USE:
        message = f"{option} is held once per number, not {count} times; counted are {_counted()}"
        problems.append(Problem(where="quantity", code="bad_value", message=message))
    return problems


def _counted() -> str:
    return " and ".join(sorted(CHARGED_BY_USE))
