"""The ledger as billing reads it: an empty one, said aloud, where no call was ever recorded."""

from collections.abc import Iterator
from contextlib import contextmanager

from chakka.config import Config
from chakka.errors import InputError
from chakka.stores.ledger import Ledger, LedgerUnavailable
from chakka.stores.ledger_charges import CallCharge, RuleCharges
from chakka.stores.ledger_days import ReasonCount
from chakka.stores.ledger_values import LedgerCall
from chakka.stores.open_ledger import is_url, open_ledger_to_read
from chakka.stores.usage import Blocker, UsageTotal


class NoLedger:
    """Stands for a ledger that is not there: no call was recorded yet, or its path is wrong."""

    def __init__(self, config: Config) -> None:
        self._where = config.ledger_place

    def usage(self, usage_month: str | None = None) -> list[UsageTotal]:
        """Return nothing."""
        return []

    def blockers(self, usage_month: str) -> Iterator[Blocker]:
        """Yield that there is no ledger."""
        message = f"there is no ledger {self._where}: no call would be billed"
        yield Blocker(kind="no_ledger", key=f"no_ledger/{usage_month}", message=message)

    def call(self, call_id: str) -> LedgerCall | None:
        """Return nothing."""
        return None

    def charges_by_rule(self, number: str, usage_month: str) -> list[RuleCharges]:
        """Return nothing."""
        return []

    def call_charges(self, number: str, usage_month: str) -> Iterator[CallCharge]:
        """Yield nothing."""
        return iter(())

    def count_by_reason(self, number: str, since_ms: int, until_ms: int) -> list[ReasonCount]:
        """Return nothing."""
        return []


@contextmanager
def opened_ledger(config: Config) -> Iterator[Ledger | NoLedger]:
    """Give the ledger of the node, for reading."""
    if not is_url(config.ledger_place) and not config.ledger.exists():
        yield NoLedger(config)
        return
    try:
        with open_ledger_to_read(config.ledger_place) as ledger:
            yield ledger
    except LedgerUnavailable as fault:
        raise InputError(str(fault)) from fault
