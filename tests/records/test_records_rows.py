"""The rows of record files: read in both forms, believed or not (docs/records.md)."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from recorded_calls import LATER_MS, TEN_O_CLOCK_MS, finals, part, recorded

from chakka.errors import InputError
from chakka.records.final import Final
from chakka.records.partials import Durations, Partial
from chakka.records.rows import decoded, disbelief, disbelief_of_tally, encoded, line_of, read_line
from chakka.records.tally import Tally

NAMES = {name for kind in (Final, Partial, Tally) for name in kind.__struct_fields__}
TALLY = Tally("switch-a", 7, TEN_O_CLOCK_MS, 3, 2, True)
PART = part("c1", 5, 2, 40_000, is_last=True, durations=Durations.CUMULATIVE)


@given(finals)
def test_a_record_comes_back_from_either_form(final) -> None:
    fields = msgspec.structs.astuple(final)
    assert decoded(encoded(final)) == fields
    assert read_line(line_of(final)) == fields


@pytest.mark.parametrize("row", [PART, TALLY])
def test_parts_and_counts_come_back_from_either_form(row) -> None:
    assert decoded(encoded(row)) == row
    assert read_line(line_of(row)) == row


def test_what_has_its_usual_value_may_be_left_out() -> None:
    short = msgspec.msgpack.encode(["final", "switch-a", 1, "c1", "0120123456", TEN_O_CLOCK_MS])
    fields = decoded(short)
    assert isinstance(fields, tuple)
    assert fields[:8] == ("switch-a", 1, "c1", "0120123456", TEN_O_CLOCK_MS, "freephone", "ok", "unknown")
    assert b"carrier_group" not in line_of(recorded("c1", 1))


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "truncated"),
        (b"\xc1", "invalid opcode"),
        (msgspec.msgpack.encode(["final", "s", 1]), "at least length 6, got 3"),
        (msgspec.msgpack.encode(["final", "s", 1, "c", "0", -4]), "`int` >= 0 - at `arrived_at_ms`"),
        (msgspec.msgpack.encode(["final", "", 1, "c", "0", 4]), "length >= 1 - at `source`"),
        (msgspec.msgpack.encode(["final", "s", 1, "c", "0", 4.5]), "got `float` - at `arrived_at_ms`"),
        (msgspec.msgpack.encode(["final", "s", 1, "c" * 65, "0", 4]), "length <= 64 - at `call_id`"),
        (msgspec.msgpack.encode(["finally", "s"]), "Invalid value 'finally'"),
        (encoded(recorded("c1", 1)) + b"\0", "malformed: trailing characters"),
    ],
)
def test_a_payload_that_is_no_row_is_refused_by_name(payload: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decoded(payload)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"type":"final","source":"s"}', "missing required field `sequence`"),
        (b'{"type":"finale"}', "Invalid value 'finale'"),
        (line_of(recorded("c1", 1))[:-1] + b',"durration":1}', "unknown field `durration`"),
        (line_of(recorded("c1", 1)).replace(b"60000", b"6e4"), "got `float` - at `\\$.conversation_ms`"),
    ],
)
def test_a_line_that_is_no_row_is_refused_by_name(line: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_line(line)


@given(st.binary(max_size=64))
@example(b"\x91\xa4\x00\x00\x00\x80")
def test_junk_is_refused_and_nothing_else_happens(junk: bytes) -> None:
    for read in (decoded, read_line):
        with pytest.raises(InputError):
            read(junk)


def test_the_rows_that_the_manual_shows_are_rows() -> None:
    manual = Path(__file__).parents[2] / "docs" / "records.md"
    lines = [line.encode() for line in manual.read_text().splitlines() if line.startswith('{"type"')]
    rows = [read_line(line) for line in lines]
    assert [type(row) for row in rows] == [tuple, Partial, Tally]
    assert [name for name in sorted(NAMES) if f"`{name}`" not in manual.read_text()] == []


def doubt(conversation_ms: int | None = 60_000, **said: object) -> str | None:
    record = msgspec.structs.replace(recorded("c1", 1, conversation_ms), **said)
    found = disbelief(msgspec.structs.astuple(record), LATER_MS)
    return found[0] if found else None


def test_an_ordinary_record_is_believed() -> None:
    assert doubt() is None
    assert doubt(conversation_ms=None) is None
    assert doubt(rating_class="starship") is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"arrived_at_ms": LATER_MS + 400_000, "answered_at_ms": LATER_MS + 401_000}, "from_the_future"),
        ({"conversation_ms": LATER_MS - TEN_O_CLOCK_MS}, "bad_duration"),
        ({"arrived_at_ms": 86_400_000}, "clock_jump"),
        ({"answered_at_ms": TEN_O_CLOCK_MS}, "clock_jump"),
        ({"answered_at_ms": TEN_O_CLOCK_MS + 4_000_000}, "clock_jump"),
        ({"answered_at_ms": None}, "bad_duration"),
        ({"source": "n1/1"}, "bad_text"),
        ({"call_id": "c\n1"}, "bad_text"),
        ({"number": "0120\x00"}, "bad_text"),
        ({"charge_area": "東京\x00"}, "bad_text"),
        ({"kind": "fax"}, "unknown_word"),
        ({"reason": "fine"}, "unknown_word"),
        ({"is_open": True}, "not_over"),
    ],
)
def test_what_cannot_be_is_not_believed(said: dict[str, object], reason: str) -> None:
    assert doubt(**said) == reason


def test_a_call_that_ends_in_the_future_is_believed_when_that_has_come() -> None:
    record = msgspec.structs.astuple(recorded("c1", 1, 3_600_000))
    assert disbelief(record, TEN_O_CLOCK_MS) is not None
    assert disbelief(record, TEN_O_CLOCK_MS + 3_600_000) is None


def test_a_clock_a_little_ahead_is_no_future() -> None:
    record = recorded("c1", 1, None, arrived_at_ms=TEN_O_CLOCK_MS + 300_000)
    assert disbelief(msgspec.structs.astuple(record), TEN_O_CLOCK_MS) is None


def test_a_count_of_no_minute_or_of_a_call_plane_of_ours_is_not_believed() -> None:
    assert disbelief_of_tally(TALLY) is None
    for said in ({"minute_ms": TEN_O_CLOCK_MS + 1}, {"source": "n1/1"}, {"source": "a\tb"}):
        assert disbelief_of_tally(msgspec.structs.replace(TALLY, **said)) is not None
