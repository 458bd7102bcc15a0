"""The rows of a record file: read, believed or not, and written (docs/records.md). Pure."""

import re
from types import GenericAlias
from typing import Any, Literal

import msgspec

from chakka.errors import InputError
from chakka.localtime import MINUTE_MS, jst_instant_ms, jst_iso
from chakka.records.final import FIELDS, Final
from chakka.records.model import CallKind
from chakka.records.partials import Partial
from chakka.records.tally import Tally
from chakka.routing.decision import Reason

Record = Final | Partial | Tally
# The fields of a Final in order, as the binary form has them.
Fields = tuple[Any, ...]

# How far the clock of a switch may be ahead of ours.
_AHEAD_MS = 5 * MINUTE_MS
# No record is older than the service; a clock that lost its battery starts in 1970 or 2000.
_EARLIEST_MS = jst_instant_ms(733_773, 0)  # 2010-01-01
# Longer between arrival and answer, or from answer to release, and a clock was set meanwhile.
_LONGEST_SETUP_MS = 60 * MINUTE_MS
_LONGEST_CALL_MS = 7 * 24 * 60 * MINUTE_MS
_KINDS, _REASONS = frozenset(CallKind), frozenset(Reason)

_ENCODER = msgspec.msgpack.Encoder()
_WHOLE = msgspec.msgpack.Decoder(
    GenericAlias(tuple, (Literal["final"], *(field.type for field in msgspec.structs.fields(Final))))
)
_ANY: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)


def encoded(record: Record) -> bytes:
    """Return a row as the payload of a frame."""
    return _ENCODER.encode(record)


def decoded(payload: bytes) -> Fields | Partial | Tally:
    """Return the fields of the Final that a payload holds, or the Partial or Tally.

    Raises: InputError that says what is wrong with it.
    """
    try:
        # Most rows are Finals with all fields; as a tuple they need not be taken apart again.
        fields: Fields = _WHOLE.decode(payload)
        return fields[1:]
    except msgspec.ValidationError:
        return _as_fields(_decoded(payload))
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise InputError(f"no msgpack: {fault}") from fault


def _decoded(payload: bytes) -> Record:
    try:
        return _ANY.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise InputError(_named(str(fault))) from fault


def _as_fields(record: Record) -> Fields | Partial | Tally:
    return msgspec.structs.astuple(record) if isinstance(record, Final) else record


def _named(message: str) -> str:
    """Return a message that names the field instead of its place in the array."""
    names = Final.__struct_fields__

    def name(place: re.Match[str]) -> str:
        index = int(place[1]) - 1
        return f"`{names[index]}`" if 0 <= index < FIELDS else place[0]

    return re.sub(r"`\$\[(\d+)\]`", name, message)


def _object(name: str, of: type[msgspec.Struct], **types: Any) -> Any:
    """Return a type by which JSON objects are read whose keys are the fields of `of`.

    types: of fields that are objects themselves.
    """
    fields: list[Any] = [
        (field.name, types.get(field.name, field.type))
        if field.required
        else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(of)
    ]
    return msgspec.defstruct(
        f"{name}Object", fields, tag_field="type", tag=name, kw_only=True, forbid_unknown_fields=True
    )


_FINAL, _TALLY = _object("final", Final), _object("tally", Tally)
_PARTIAL = _object("partial", Partial, record=_FINAL)
_LINE: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_FINAL | _PARTIAL | _TALLY)


def line_of(record: Record) -> bytes:
    """Return a row as a line of JSON, without its end; what has its default is left out."""
    return msgspec.json.encode(_as_object(record))


def _as_object(record: Record) -> dict[str, object]:
    kind = type(record).__name__.lower()
    values = ((field, getattr(record, field.name)) for field in msgspec.structs.fields(record))
    return {"type": kind} | {
        field.name: _as_object(value) if isinstance(value, Final) else value
        for field, value in values
        if field.required or value != field.default
    }


def read_line(line: bytes) -> Fields | Partial | Tally:
    """Return what a line of JSON says, as `decoded` does. Raises: InputError that says what is wrong."""
    try:
        found = _LINE.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise InputError(str(fault)) from fault
    values = msgspec.structs.astuple(found)
    if isinstance(found, _FINAL):
        return values
    if isinstance(found, _TALLY):
        return Tally(*values)
    part, is_last, durations, record = values
    return Partial(part, is_last, durations, Final(*msgspec.structs.astuple(record)))


def disbelief(fields: Fields, now_ms: int) -> tuple[str, str] | None:
    """Return why a record cannot be believed, as a word and a sentence; None if it can.

    now_ms: our clock. A record that is from the future for now can be believed later.
    """
    (
        source, _, call_id, number, arrived_at_ms, kind, reason, rating_class, carrier_group, charge_area,
        prefecture, destination, home_area, answered_at_ms, conversation_ms, _, _, _, _, _, _, is_open,
    ) = fields  # fmt: skip
    # What is not known is no text that nobody can see, either.
    said = f"{call_id}{number}{rating_class}{carrier_group}{charge_area}{prefecture}{destination}{home_area}"
    if "/" in source or not source.isprintable() or not said.isprintable():
        return "bad_text", f"source {source!r} or call {call_id!r}: '/' or a character that nobody can see"
    if kind not in _KINDS or reason not in _REASONS:
        return "unknown_word", f"kind {kind!r} or reason {reason!r} is none of those known (docs/records.md)"
    if is_open:
        return "not_over", f"call {call_id} is not over: only records of calls that are over are taken"
    if arrived_at_ms < _EARLIEST_MS:
        return "clock_jump", f"call {call_id} arrived at {_instant(arrived_at_ms)}, before the service began"
    if (answered_at_ms is None) != (conversation_ms is None):
        return "bad_duration", f"call {call_id}: answered_at_ms and conversation_ms go together"
    if answered_at_ms is None:
        over_at_ms = arrived_at_ms
    elif not arrived_at_ms <= answered_at_ms <= arrived_at_ms + _LONGEST_SETUP_MS:
        between = f"arrived at {_instant(arrived_at_ms)} and was answered at {_instant(answered_at_ms)}"
        return "clock_jump", f"call {call_id} {between}"
    elif conversation_ms > _LONGEST_CALL_MS:
        return "bad_duration", f"call {call_id} is said to have lasted {conversation_ms} ms, over a week"
    else:
        over_at_ms = answered_at_ms + conversation_ms
    if over_at_ms > now_ms + _AHEAD_MS:
        return "from_the_future", f"call {call_id} ended at {_instant(over_at_ms)}, which has not come yet"
    return None


def disbelief_of_tally(tally: Tally) -> tuple[str, str] | None:
    """Return the same of what a source counted."""
    if "/" in tally.source or not tally.source.isprintable():
        return "bad_text", f"source {tally.source!r}: '/' or a character that nobody can see"
    if tally.minute_ms % MINUTE_MS:
        return "bad_minute", f"source {tally.source}: no minute begins at {tally.minute_ms} ms"
    return None


def _instant(at_ms: int) -> str:
    # 9999-12-31; beyond it there is no name for an instant.
    return jst_iso(at_ms) if at_ms < 253_402_000_000_000 else f"{at_ms} ms"
