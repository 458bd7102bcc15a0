"""Calls with the numbers that the user of a command may see, and a note of each look at whole ones."""

import argparse
from collections.abc import Iterable

import msgspec

from chakka.cli.arguments import login_name, reason
from chakka.cli.data_directory import places
from chakka.clock import utc_ms
from chakka.errors import InputError
from chakka.localtime import jst_iso, usage_month
from chakka.records.model import CallKind, Record
from chakka.records.private import is_sealed, unsealed_record
from chakka.routing.attempt import Presentation
from chakka.routing.caller_shown import caller_shown, masked
from chakka.stores.access_log import Access, note
from chakka.stores.keys import KeyStore
from chakka.stores.ledger import LedgerCall, Rated

DESTROYED, SEALED = "destroyed", "sealed"


class SeenCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of the ledger as somebody sees it.

    is_whole: numbers are shown in full, but for those that callers withheld.
    hidden:   why numbers cannot be read: `destroyed` with their key, `sealed` with one that is not here;
              "": they can be read.
    """

    record: Record
    rated: Rated | None
    is_whole: bool = False
    hidden: str = ""

    def caller(self) -> str:
        """Return the calling number as it may be shown, or why there is none to show."""
        attempt = self.record.facts.attempt
        if attempt.presentation is not Presentation.ALLOWED:
            return caller_shown(attempt.calling_number, attempt.presentation)
        if self.is_whole and attempt.calling_number:
            return attempt.calling_number
        return self.hidden or caller_shown(attempt.calling_number, attempt.presentation)

    def line(self) -> str | None:
        """Return the line number that made the call; of a call to a freephone number it is the caller's."""
        facts = self.record.facts
        return facts.line and (self.caller() if facts.kind is CallKind.FREEPHONE else facts.line)

    def callee(self, number: str) -> str:
        """Return whom the call went to: if a line called, that is as private as a caller."""
        if self.record.facts.kind is not CallKind.OUTGOING:
            return number
        return self.hidden or (number if self.is_whole else masked(number))

    def sip_call_id(self) -> str:
        """Return what the caller's side calls the call: hidden whole where it repeats the number."""
        facts = self.record.facts
        # With or without the leading 0: +81 stands in its place.
        number = (facts.attempt.calling_number or "")[1:]
        if number and number in facts.sip_call_id and self.caller() != facts.attempt.calling_number:
            return "***"
        return facts.sip_call_id or self.hidden


def add_full_option(command: argparse.ArgumentParser) -> None:
    """Add `--full REASON` to a command."""
    command.add_argument(
        "--full",
        type=reason,
        metavar="REASON",
        help="show numbers in full; who looked at which call, and why, goes to access.log",
    )


def seen(calls: Iterable[LedgerCall], arguments: argparse.Namespace) -> list[SeenCall]:
    """Return calls as the user of a command may see them, after any look at whole numbers was noted.

    arguments: of a command with `--data` and `--full`.
    Raises: InputError if a key cannot be read, or the look cannot be noted.
    """
    keys = KeyStore(places(arguments).keys)
    found = [unsealed(call, keys, is_whole=arguments.full is not None) for call in calls]
    if arguments.full is not None:
        note_looks(arguments, arguments.full, [call.record.facts.call_id for call in found])
    return found


def unsealed(call: LedgerCall, keys: KeyStore, *, is_whole: bool = False) -> SeenCall:
    """Return a call with its numbers, as far as there is a key.

    Raises: InputError if a key cannot be read.
    """
    record = call.record
    plain = SeenCall(record=record, rated=call.rated, is_whole=is_whole)
    if not is_sealed(record.facts):
        return plain
    at_ms = record.facts.attempt.at_ms
    key = keys.key_at(at_ms)
    if key is None:
        is_gone = keys.destruction(usage_month(at_ms)) is not None
        return msgspec.structs.replace(plain, hidden=DESTROYED if is_gone else SEALED)
    try:
        return msgspec.structs.replace(plain, record=unsealed_record(record, key))
    except InputError:
        # Another node's key of the same month.
        return msgspec.structs.replace(plain, hidden=SEALED)


def note_looks(arguments: argparse.Namespace, why: str, call_ids: Iterable[str]) -> None:
    """Write down who looks at whole numbers. Raises: InputError if that cannot be written."""
    at, by = jst_iso(utc_ms()), login_name()
    looks = (
        Access(at=at, by=by, what=arguments.command, call_id=call_id, reason=why) for call_id in call_ids
    )
    note(places(arguments).access_log, looks)
