"""What the actions of `chakka bill` have in common: their arguments, the month, the bar."""

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from django.conf import settings
from tqdm import tqdm

from chakka.cli.arguments import login_name
from chakka.clock import utc_ms
from chakka.localtime import jst_date
from chakka.portal.billing.jobs import Advance
from chakka.portal.billing.ledger import opened_ledger
from chakka.portal.billing.run import Month
from chakka.portal.billing.series import Issuing


def month(text: str) -> str:
    """Return a month as YYYY-MM."""
    if not re.fullmatch("20[0-9]{2}-(0[1-9]|1[0-2])", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no month; write 2026-10")
    return text


def day(text: str) -> date:
    """Return a day."""
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write 2026-10-31") from fault


def yen(text: str) -> int:
    """Return whole yen, negative ones too."""
    if not re.fullmatch("-?[0-9]{1,12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no amount in whole yen")
    return int(text)


def today() -> date:
    """Return the date in Japan."""
    return jst_date(utc_ms())


def issuing(arguments: argparse.Namespace, reason: str = "") -> Issuing:
    """Return who issues, and on which day: --date, else today."""
    on: date = arguments.date or today()
    return Issuing(by=login_name(), on=on, prefix=settings.CONFIG.billing.series, reason=reason)


@contextmanager
def opened(wanted: str) -> Iterator[Month]:
    """Give the billing of a month, with the ledger open."""
    with opened_ledger(settings.CONFIG) as ledger:
        yield Month(wanted, ledger, settings.CONFIG, utc_ms())


@contextmanager
def bar(what: str, total: int) -> Iterator[Advance]:
    """Show a progress bar on terminals."""
    with tqdm(total=total, desc=what, disable=None, file=sys.stderr) as shown:

        def advance(count: int) -> None:
            shown.update(count)

        yield advance
