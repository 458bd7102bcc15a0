"""Record files: what is whole is read, what is torn or damaged is said and does not hide the rest."""

from pathlib import Path

import pytest
from recorded_calls import recorded

from chakka.errors import InputError
from chakka.records.rows import encoded, line_of
from chakka.stores import record_file
from chakka.stores.record_file import MARK, Chunk, chunks, frame, write

PAYLOADS = [encoded(recorded(f"c{place}", place, 1_000 * place)) for place in range(1, 8)]
WHOLE = MARK + b"".join(map(frame, PAYLOADS))


def read(path: Path) -> Chunk:
    """Return all pieces of a file as one."""
    found = list(chunks(path))
    return Chunk(
        payloads=[payload for chunk in found for payload in chunk.payloads],
        damaged=[octets for chunk in found for octets in chunk.damaged],
        end=found[-1].end if found else 0,
        torn=found[-1].torn if found else 0,
    )


@pytest.fixture(params=[16, 100, 1 << 22])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How much of a file is read at a time: nothing depends on it."""
    monkeypatch.setattr(record_file, "_BLOCK", request.param)
    monkeypatch.setattr(record_file, "MOST_BYTES", 500)
    size: int = request.param
    return size


def test_what_was_written_is_read(tmp_path: Path, block: int) -> None:
    path = tmp_path / "a.records"
    assert write(path, PAYLOADS) == 7
    assert path.read_bytes() == WHOLE
    assert read(path) == Chunk(payloads=PAYLOADS, damaged=[], end=len(WHOLE))


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.records"
    write(path, PAYLOADS[:1])
    with pytest.raises(FileExistsError):
        write(path, PAYLOADS)
    assert read(path).payloads == PAYLOADS[:1]
    assert [one.name for one in tmp_path.iterdir()] == ["a.records"]


def test_torn_at_any_length_the_whole_rows_are_read_and_the_rest_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "torn.records"
    ends = [len(MARK)]
    for payload in PAYLOADS:
        ends.append(ends[-1] + len(frame(payload)))
    for length in range(1, len(WHOLE)):
        path.write_bytes(WHOLE[:length])
        found = read(path)
        whole = [end for end in ends if end <= length]
        assert found.payloads == PAYLOADS[: max(0, len(whole) - 1)]
        assert (found.damaged, found.torn) == ([], length - (whole[-1] if whole else 0))


def test_a_damaged_byte_anywhere_costs_one_row_at_most(tmp_path: Path, block: int) -> None:
    path = tmp_path / "damaged.records"
    for place in range(len(MARK), len(WHOLE), 7):
        path.write_bytes(WHOLE[:place] + bytes([WHOLE[place] ^ 0x41]) + WHOLE[place + 1 :])
        found = read(path)
        missing = [payload for payload in PAYLOADS if payload not in found.payloads]
        assert len(missing) == 1
        assert found.payloads == [payload for payload in PAYLOADS if payload not in missing]
        lost = sum(map(len, found.damaged)) + found.torn
        assert lost == len(frame(missing[0]))


def test_a_long_stretch_of_junk_is_set_aside_and_the_rows_behind_it_are_read(
    tmp_path: Path, block: int
) -> None:
    path, junk = tmp_path / "junk.records", b"\xff" * 2_000
    path.write_bytes(MARK + frame(PAYLOADS[0]) + junk + frame(PAYLOADS[1]))
    found = read(path)
    assert found.payloads == PAYLOADS[:2]
    assert b"".join(found.damaged) == junk


def test_lines_of_json_are_read_with_or_without_the_last_end(tmp_path: Path, block: int) -> None:
    path = tmp_path / "a.jsonl"
    lines = [line_of(recorded(f"c{place}", place)) for place in range(1, 5)]
    for text in (b"\n".join(lines), b"\n".join(lines) + b"\n", b"\n\n".join(lines) + b"\n \n"):
        path.write_bytes(text)
        assert (read(path).payloads, read(path).torn) == (lines, 0)


def test_a_line_that_is_cut_is_not_read(tmp_path: Path, block: int) -> None:
    path = tmp_path / "a.jsonl"
    line = line_of(recorded("c1", 1))
    for length in range(1, len(line)):
        path.write_bytes(line + b"\n" + line[:length])
        assert (read(path).payloads, read(path).torn) == ([line], length)


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert read(path).payloads == []


@pytest.mark.parametrize("start", [b"PAR1", b"PK\x03\x04", b"call_id;number", b"chakka journal 1\n"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(start + b"\0" * 100)
    with pytest.raises(InputError, match="is no record file: it begins with"):
        list(chunks(path))
