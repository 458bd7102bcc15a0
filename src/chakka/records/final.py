"""The flat record of one call as the money sees it, and which of several records of a call holds.

A call plane of our own leaves journal entries, of which a Final is made here; any other call plane or switch
hands Finals over in record files (docs/records.md).
"""

import hashlib
from collections.abc import Sequence
from struct import Struct
from typing import Annotated

import msgspec

from chakka.localtime import DAY_MS, EPOCH_ORDINAL, JST_OFFSET_MS
from chakka.records.fold import Key
from chakka.records.model import CallKind, Record

# No field of a record is longer; a page of text in place of a number is a fault of its writer.
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
# Every sum and product of charging fits 64 bits as long as its terms fit 53.
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
_CONTENT = Struct(">q")
_ENCODER = msgspec.msgpack.Encoder()


class Final(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="final", forbid_unknown_fields=True):
    """One call. The order of the fields is that of the binary form and of the ledger's columns.

    source, sequence: who recorded it, and under which running number, from 1. `node/boot` is one life of a
                      call plane of ours.
    correction:       a higher number supersedes what was said of the call before.
    number:           the freephone number that was called, or what else `kind` says; "" if it is sealed.
    rating_class, carrier_group: what it is charged as; a class that no tariff knows goes to suspense.
    charge_area, prefecture:     where the caller is. home_area: where the line that answered is.
    conversation_ms:  answer to release by one clock; None for calls that were not answered or are up.
    is_confirmed, fault, estimated: as in `records.model.Record` (charging.md P1, P10).
    caller, caller_tag: who called, sealed with the month's key (charging.md §6); b"" if not known.
    is_open:          the call is being set up or is up, or parts of its record are missing.
    """

    source: Name
    sequence: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    call_id: Name
    number: Annotated[str, msgspec.Meta(max_length=64)]
    arrived_at_ms: Count
    kind: Name = CallKind.FREEPHONE.value
    reason: Name = "ok"
    rating_class: Name = "unknown"
    carrier_group: Name | None = None
    charge_area: Name | None = None
    prefecture: Name | None = None
    destination: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    home_area: Name | None = None
    answered_at_ms: Count | None = None
    conversation_ms: Count | None = None
    is_confirmed: bool = True
    fault: bool = False
    estimated: bool = False
    correction: Count = 0
    caller: Annotated[bytes, msgspec.Meta(max_length=1024)] = b""
    caller_tag: Annotated[bytes, msgspec.Meta(max_length=32)] = b""
    is_open: bool = False


FinalKey = tuple[str, int]


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be believed of a call.

    held:       the record that counts.
    conflicts:  records that say something else without a higher correction number: for an operator.
    superseded: records that a correction, a real end or the end of the call took the place of.
    """

    held: Final
    conflicts: tuple[Final, ...] = ()
    superseded: tuple[Final, ...] = ()

    def records(self) -> tuple[Final, ...]:
        """Return all that is said of the call."""
        return (self.held, *self.conflicts, *self.superseded)


def final_of(record: Record, key: Key, home_area: str | None) -> Final:
    """Return the record of a call of our own call plane, flat.

    key: that of the entry the record begins with. home_area: charge area of the line that answered.
    """
    facts, attempt, (node, boot, sequence) = record.facts, record.facts.attempt, key
    return Final(
        source=source_name(node, boot),
        sequence=sequence,
        call_id=facts.call_id,
        number=attempt.called_number,
        arrived_at_ms=attempt.at_ms,
        kind=facts.kind.value,
        reason=record.reason.value,
        rating_class=attempt.rating_class.value,
        carrier_group=attempt.carrier_group,
        charge_area=attempt.charge_area,
        prefecture=attempt.prefecture,
        destination=record.destination,
        home_area=home_area,
        answered_at_ms=record.answered_at_ms,
        conversation_ms=record.conversation_ms,
        is_confirmed=record.is_confirmed,
        fault=record.fault,
        estimated=record.estimated,
        caller=facts.caller,
        caller_tag=facts.caller_tag,
        is_open=record.released_at_ms is None,
    )


def source_name(node: str, boot: int) -> str:
    """Return how one life of a call plane of ours is named as a source; no other source is named so.

    node: `~` behind it says that ingest closed the call in its place (`ingest.silent`).
    """
    return f"{node.rstrip('~')}/{boot}"


def content(final: Final) -> int:
    """Return a hash of all that a record says, whoever says it under whatever running number."""
    return content_of_row(msgspec.structs.astuple(final))


def content_of_row(row: tuple[object, ...]) -> int:
    """Return the same of the fields of a record in order; what stands behind them is not looked at."""
    return hash_of(_ENCODER.encode(row[2:FIELDS]))


def hash_of(said: bytes) -> int:
    """Return what stands for octets in a ledger: SHA-256, cut to the 64 bits that a database counts with.

    It is only ever compared between records of one call, or rows of one source.
    """
    found: int = _CONTENT.unpack_from(hashlib.sha256(said).digest())[0]
    return found


FIELDS = len(Final.__struct_fields__)


def day_of(arrived_at_ms: int, answered_at_ms: int | None) -> int:
    """Return the JST day of a call as a date ordinal: that of its answer, else of its arrival (P3)."""
    at_ms = arrived_at_ms if answered_at_ms is None else answered_at_ms
    return (at_ms + JST_OFFSET_MS) // DAY_MS + EPOCH_ORDINAL


def settle(records: Sequence[Final]) -> Settled:
    """Return which of the records of one call holds.

    Of records with the same content the first by source and sequence stays. The highest correction number
    holds, then the record of a call that is over, then one that is not estimated (P10), then the first. The
    order in which they are given matters only for two under the same sequence of the same source, which no
    sound source makes: of them the first holds.
    Raises: ValueError if there are none.
    Source: charging.md §4.
    """
    if len(records) == 1:
        return Settled(held=records[0])
    first_of: dict[int, Final] = {}
    for record in sorted(records, key=_precedence):
        first_of.setdefault(content(record), record)
    held, *others = first_of.values()
    return Settled(
        held=held,
        conflicts=tuple(other for other in others if _contradicts(other, held)),
        superseded=tuple(other for other in others if not _contradicts(other, held)),
    )


def _precedence(record: Final) -> tuple[int, bool, bool, FinalKey]:
    return -record.correction, record.is_open, record.estimated, (record.source, record.sequence)


def _contradicts(other: Final, held: Final) -> bool:
    return other.correction == held.correction and not other.is_open and not other.estimated


def is_chargeable(final: Final) -> bool:
    """Return whether a record is of an answered call to a freephone number that has ended.

    Calls to line numbers are outside the service (R2.8), and lines pay for theirs as usual (R6.2).
    """
    return (
        final.kind == CallKind.FREEPHONE.value
        and not final.is_open
        and final.answered_at_ms is not None
        and final.conversation_ms is not None
    )
