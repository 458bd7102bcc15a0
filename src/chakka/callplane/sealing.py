"""What the call plane seals callers' numbers with: the keys of the months in which its calls arrived.

No call waits for a key, or fails for want of one: its number is then not recorded, and that is said loudly.
"""

import logging
from pathlib import Path

from chakka.callplane.counts import Counts
from chakka.errors import InputError
from chakka.localtime import month_after, usage_month
from chakka.records.model import Answered, Entry, Seized, Unanswered
from chakka.records.private import sealed, unsealed_answer
from chakka.records.seal import MonthKey, tag
from chakka.routing.attempt import CallAttempt
from chakka.stores.keys import Destruction, KeyStore

log = logging.getLogger("chakka.callplane")

# How often keys are looked after. A month's key is made while the month before it lasts, so a clock that is
# a little wrong, or a disk that is full for days, does no harm.
TURN_S = 60.0
# The entries that name callers.
_NAMING = (Answered, Unanswered, Seized)


class Sealing:
    """Holds keys in memory; `turn` brings them up to date and may take as long as the disk does."""

    def __init__(self, directory: Path, retention_months: int, counts: Counts) -> None:
        self._directory = directory
        self._counts = counts
        self._retention_months = retention_months
        self._keys: dict[str, MonthKey] = {}

    def sealed(self, entry: Entry) -> Entry:
        """Return an entry as it may be written."""
        if not isinstance(entry, _NAMING):
            return entry
        key = self._keys.get(usage_month(entry.facts.attempt.at_ms))
        if key is None and entry.facts.attempt.calling_number:
            self._counts.numbers_lost += 1
        return sealed(entry, key)

    def caller_tag(self, attempt: CallAttempt) -> str | None:
        """Return what stands for a caller in this month's stops: "" for all without a number, None if the
        month has no key and callers cannot be told apart."""
        if not attempt.calling_number:
            return ""
        key = self._keys.get(usage_month(attempt.at_ms))
        return None if key is None else tag(key, attempt.calling_number).hex()

    def unsealed(self, answer: Answered) -> Answered:
        """Return an answer of an earlier boot with its dialogs, or without any if they cannot be read."""
        try:
            key = KeyStore(self._directory).key_at(answer.facts.attempt.at_ms)
            if key is not None:
                return unsealed_answer(answer, key)
            fault = "the key of its month is gone" if answer.dialogs else ""
        except InputError as unreadable:
            fault = str(unreadable)
        if fault:
            log.error("call %s, which a crash cut, cannot be hung up: %s", answer.facts.call_id, fault)
        return answer

    def turn(self, now_ms: int) -> None:
        """Make the keys of this month and the next, destroy those that were kept long enough."""
        store, month = KeyStore(self._directory), usage_month(now_ms)
        try:
            store.finish_destructions()
            for wanted in (month, month_after(month)):
                store.make(wanted)
            self._destroy_overdue(store, now_ms)
        except (InputError, OSError) as fault:
            log.error("keys of callers' numbers: %s", fault)
        self._keys = _readable(store, (month_after(month, -1), month, month_after(month)))
        if month not in self._keys:
            lost = self._counts.numbers_lost
            log.error("no key of %s: callers' numbers are not recorded; %d so far", month, lost)

    def _destroy_overdue(self, store: KeyStore, now_ms: int) -> None:
        for month in store.overdue(now_ms, self._retention_months):
            reason = f"kept for {self._retention_months} months after its own"
            store.destroy(Destruction(month=month, at_ms=now_ms, by="retention", reason=reason))
            log.warning("key of %s destroyed: callers' numbers of that month cannot be read any more", month)


def _readable(store: KeyStore, months: tuple[str, ...]) -> dict[str, MonthKey]:
    keys = {}
    for month in months:
        try:
            key = store.key(month)
        except InputError as fault:
            log.error("%s", fault)
            continue
        if key is not None:
            keys[month] = key
    return keys
