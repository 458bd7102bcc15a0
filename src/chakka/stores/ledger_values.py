"""What a ledger answers, as frozen values, and how its rows are made of them."""

from collections.abc import Callable
from typing import Any

import msgspec

from chakka.numbering.model import CallerClass
from chakka.records.final import FIELDS, Final, content_of_row, day_of
from chakka.records.model import CallFacts, CallKind, Record
from chakka.routing.attempt import CallAttempt, Presentation
from chakka.routing.decision import Outcome, Reason
from chakka.stores.engine import Row


class Rated(msgspec.Struct, frozen=True, kw_only=True):
    """What an ended call costs, or in `suspense` why that cannot be said.

    assumed:      facts that the tariff's defaults stood in for, joined by commas.
    rating_class: as what the call was charged.
    day:          JST day of the answer, as a date ordinal.
    """

    call_id: str
    number: str
    usage_month: str
    units: int | None
    amount_uy: int | None
    tariff_version: str
    rule: str | None
    assumed: str
    suspense: str | None
    rating_class: str = ""
    conversation_ms: int = 0
    day: int = 0


class LedgerCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call as the ledger has it; `rated` is None for calls that are up or were not answered.

    final: the flat record that holds; None while only later entries of the call are known.
    """

    record: Record
    rated: Rated | None
    final: Final | None = None


class CallFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls are asked for; None = all. `[since_ms, until_ms)` is about their arrival.

    kind: a value of `records.model.CallKind`.
    """

    number: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    reason: str | None = None
    kind: str | None = None
    limit: int = 100


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a record file that cannot be believed or read, kept as it came for an operator.

    content: names it among the rows of its source. sequence: None if it cannot be read.
    at_ms:   when its call was answered or arrived, as far as it says so.
    """

    source: str
    content: int
    sequence: int | None
    at_ms: int | None
    reason: str
    message: str
    row: bytes


FINAL_COLUMNS = (*Final.__struct_fields__, "content", "day")
RATED_COLUMNS = Rated.__struct_fields__
_FLAGS = tuple(
    place for place, field in enumerate(msgspec.structs.fields(Final)) if isinstance(field.default, bool)
)
_OCTETS = (19, 20)


def final_row(final: Final) -> Row:
    """Return a record as a row of `finals`."""
    return row_of_fields(msgspec.structs.astuple(final))


def _as_it_is(value: Any, _same: Any) -> Any:
    return value


def row_of_fields(fields: Row, once: Callable[[Any, Any], Any] = _as_it_is) -> Row:
    """Return the fields of a record in order as a row of `finals`.

    Truth becomes 1 or 0 here, and no octets None: SQLite takes them several times as fast.
    once: gives for a value the first one that was equal to it, twice; rows that share their words take less
          time to carry and to keep.
    """
    # Taken apart and put together in one go: slices and stars would take twice as long.
    (
        source, sequence, call_id, number, arrived_at_ms,
        kind, reason, rating_class, carrier_group, charge_area, prefecture, destination, home_area,
        answered_at_ms, conversation_ms,
        confirmed, fault, estimated, correction, caller, caller_tag, is_open,
    ) = fields  # fmt: skip
    return (
        once(source, source),
        sequence,
        call_id,
        number,
        arrived_at_ms,
        once(kind, kind),
        once(reason, reason),
        once(rating_class, rating_class),
        once(carrier_group, carrier_group),
        once(charge_area, charge_area),
        once(prefecture, prefecture),
        destination,
        once(home_area, home_area),
        answered_at_ms,
        conversation_ms,
        1 if confirmed else 0,
        1 if fault else 0,
        1 if estimated else 0,
        correction,
        caller or None,
        caller_tag or None,
        1 if is_open else 0,
        content_of_row(fields),
        day_of(arrived_at_ms, answered_at_ms),
    )


def final_of_row(row: Row) -> Final:
    """Return the record that a row of `finals` holds; what stands behind its columns is not looked at."""
    fields = list(row[:FIELDS])
    for place in _FLAGS:
        fields[place] = bool(fields[place])
    for place in _OCTETS:
        fields[place] = fields[place] or b""
    return Final(*fields)


def rated_of_row(row: Row) -> Rated | None:
    """Return the charge that a row of `rated` holds, None for a call without one."""
    if row[0] is None:
        return None
    return Rated(**dict(zip(RATED_COLUMNS, row, strict=True)))


def record_of(final: Final) -> Record:
    """Return as much of a call's record as a flat one says: of calls that other call planes connected."""
    attempt = CallAttempt(
        called_number=final.number,
        presentation=Presentation.UNAVAILABLE,
        caller_class=_caller_class(final.rating_class),
        rating_class=_caller_class(final.rating_class),
        carrier_group=final.carrier_group,
        charge_area=final.charge_area,
        prefecture=final.prefecture,
        at_ms=final.arrived_at_ms,
        sources={"record": final.source},
    )
    is_answered = final.answered_at_ms is not None
    return Record(
        facts=CallFacts(
            call_id=final.call_id,
            sip_call_id="",
            attempt=attempt,
            outcome=Outcome.CONNECT if is_answered else Outcome.REFUSE,
            group=None,
            plan="",
            trace=(),
            kind=CallKind(final.kind),
            caller=final.caller,
            caller_tag=final.caller_tag,
        ),
        reason=Reason(final.reason),
        status=200 if is_answered else 0,
        destination=final.destination,
        answered_at_ms=final.answered_at_ms,
        is_confirmed=final.is_confirmed,
        released_at_ms=_released_at_ms(final),
        conversation_ms=final.conversation_ms,
        estimated=final.estimated,
        fault=final.fault,
    )


def _caller_class(text: str) -> CallerClass:
    return CallerClass(text) if text in list(CallerClass) else CallerClass.UNKNOWN


def _released_at_ms(final: Final) -> int | None:
    if final.is_open:
        return None
    if final.answered_at_ms is None:
        return final.arrived_at_ms
    return final.answered_at_ms + (final.conversation_ms or 0)
