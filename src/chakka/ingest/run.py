"""The loop of ingest: read the journal, take batches into the ledger, tell the feed."""

import logging
import threading
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from chakka.clock import monotonic_s, utc_ms
from chakka.errors import InputError
from chakka.ingest.batch import take
from chakka.ingest.rating import Rules
from chakka.ingest.silent import close_calls_of_silent_nodes
from chakka.stores.journal_reader import Damage, JournalEntry, JournalReader
from chakka.stores.ledger import Ledger, LedgerUnavailable, Rated

log = logging.getLogger(__name__)

# How long the loop sleeps when there is nothing new; records are due one second after the call.
POLL_S = 0.1
# How soon a ledger that cannot be used is tried again, beside the time that a lock is waited for.
RETRY_S = 1.0
_BETWEEN_LINES_S = 60.0
# Entries in one transaction: enough to make its sync cheap, few enough for records to show up soon.
BATCH_ENTRIES = 5_000
# How often calls of silent nodes are looked for.
SILENCE_CHECK_S = 60.0

OnRated = Callable[[Iterable[Rated]], None]


def run(
    journal: Path, ledger: Ledger, rules: Callable[[], Rules], on_rated: OnRated, stop: threading.Event
) -> None:
    """Take everything that the journal holds and will hold, until `stop` is set.

    rules:    asked before each reading of the journal.
    on_rated: told of what calls cost after each batch, and of nothing at all while nothing happens.

    What was taken before is known from the ledger itself, so it may be killed at any point. While the ledger
    cannot be used it is tried again and again: the journal keeps what it misses.
    Raises: InputError if the ledger is damaged or its file was removed.
    """
    next_line_s = 0.0
    while not stop.is_set():
        try:
            reader = JournalReader(journal, ledger.delivered())
            _follow(reader, ledger, rules, on_rated, stop)
        except LedgerUnavailable as fault:
            now_s = monotonic_s()
            if now_s >= next_line_s:
                log.error("%s; tried again until it can be used", fault)
                next_line_s = now_s + _BETWEEN_LINES_S
            stop.wait(RETRY_S)


def _follow(
    reader: JournalReader,
    ledger: Ledger,
    rules: Callable[[], Rules],
    on_rated: OnRated,
    stop: threading.Event,
) -> None:
    idle_s = SILENCE_CHECK_S
    while not stop.is_set():
        if take_what_is_there(reader, ledger, rules(), on_rated):
            continue
        if not ledger.is_in_place():
            raise InputError("the ledger's file was removed or replaced; the next start fills it anew")
        if idle_s >= SILENCE_CHECK_S:
            on_rated(close_calls_of_silent_nodes(ledger, utc_ms(), rules()))
            idle_s = 0.0
        on_rated(())
        stop.wait(POLL_S)
        idle_s += POLL_S


def take_what_is_there(reader: JournalReader, ledger: Ledger, rules: Rules, on_rated: OnRated) -> bool:
    """Take one reading of the journal into the ledger; return whether there was anything."""
    found = reader.read()
    for damage in found:
        if isinstance(damage, Damage):
            log.error("journal segment %s: %s", damage.segment, damage.message)
    entries = (entry for entry in found if isinstance(entry, JournalEntry))
    while batch := list(islice(entries, BATCH_ENTRIES)):
        taken = take(batch, ledger, rules)
        if taken.repeated:
            log.warning("%d journal entries delivered again, ignored", taken.repeated)
        for call_id in taken.contradicted:
            log.error("call %s: journal entries contradict each other, the first holds", call_id)
        on_rated(taken.rated)
    return bool(found)
