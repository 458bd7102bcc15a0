"""Keys of a running call plane: made ahead, destroyed in time, and calls that go on without any."""

import logging
from pathlib import Path

import msgspec
import pytest
from journalled_calls import answered, confirmed, facts, refused

from chakka.callplane.counts import Counts
from chakka.callplane.sealing import Sealing
from chakka.localtime import parse_instant_ms
from chakka.records.model import Answered, Unanswered
from chakka.records.private import is_sealed, unsealed
from chakka.routing.attempt import Presentation
from chakka.stores.keys import KeyStore

NOVEMBER = parse_instant_ms("2026-11-24T10:00+09:00")
RETENTION_MONTHS = 2


def sealing(directory: Path, at_ms: int | None = NOVEMBER) -> Sealing:
    made = Sealing(directory, RETENTION_MONTHS, Counts())
    if at_ms is not None:
        made.turn(at_ms)
    return made


def refusal(at_ms: int = NOVEMBER) -> Unanswered:
    return msgspec.structs.replace(refused("c1"), facts=facts("c1", at_ms=at_ms))


def number_of(entry: object, directory: Path) -> str | None:
    assert isinstance(entry, Unanswered | Answered)
    key = KeyStore(directory).key_at(entry.facts.attempt.at_ms)
    assert key is not None
    return unsealed(entry.facts, key).attempt.calling_number


def test_the_keys_of_this_month_and_the_next_are_made(tmp_path: Path) -> None:
    sealing(tmp_path)
    assert KeyStore(tmp_path).months() == ["2026-11", "2026-12"]


def test_a_call_is_sealed_with_the_key_of_the_month_in_which_it_came(tmp_path: Path) -> None:
    plane = sealing(tmp_path)
    december = parse_instant_ms("2026-12-01T00:00+09:00")
    for at_ms in (NOVEMBER, december - 1, december):
        entry = plane.sealed(refusal(at_ms))
        assert number_of(entry, tmp_path) == "0422511234"
    # Its entries of the days after carry on with it.
    plane.turn(december)
    assert number_of(plane.sealed(refusal(december - 1)), tmp_path) == "0422511234"


def test_an_answer_of_an_earlier_boot_can_be_hung_up(tmp_path: Path) -> None:
    before = msgspec.structs.replace(answered("c1"), caller_dialog="one", callee_dialog="other")
    written = sealing(tmp_path).sealed(before)
    assert isinstance(written, Answered)
    assert written.caller_dialog == ""
    read = sealing(tmp_path).unsealed(written)
    assert (read.caller_dialog, read.callee_dialog) == ("one", "other")


def test_an_answer_whose_key_is_gone_is_said_and_ends_without_a_bye(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = msgspec.structs.replace(answered("c1"), caller_dialog="one", callee_dialog="other")
    written = sealing(tmp_path / "lost").sealed(before)
    assert isinstance(written, Answered)
    for directory in (tmp_path / "none", tmp_path / "another"):
        if directory.name == "another":
            sealing(directory)
        caplog.clear()
        assert sealing(directory, None).unsealed(written) == written
        assert "call c1" in caplog.text
        assert "cannot be hung up" in caplog.text


def test_a_plain_answer_of_an_earlier_version_needs_no_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = msgspec.structs.replace(answered("c1"), caller_dialog="one", callee_dialog="other")
    assert sealing(tmp_path, None).unsealed(before) == before
    assert caplog.text == ""


def test_entries_that_name_nobody_pass(tmp_path: Path) -> None:
    assert sealing(tmp_path).sealed(confirmed("c1")) == confirmed("c1")


def test_keys_are_destroyed_when_they_were_kept_long_enough(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    store = KeyStore(tmp_path)
    for month in ("2026-07", "2026-08", "2026-09"):
        store.make(month)
    sealing(tmp_path)
    assert KeyStore(tmp_path).months() == ["2026-09", "2026-11", "2026-12"]
    gone = KeyStore(tmp_path).destructions()
    assert [(one.month, one.by, one.reason) for one in gone] == [
        ("2026-07", "retention", "kept for 2 months after its own"),
        ("2026-08", "retention", "kept for 2 months after its own"),
    ]
    assert "key of 2026-07 destroyed" in caplog.text


def test_a_key_that_somebody_destroys_is_forgotten(tmp_path: Path) -> None:
    plane = sealing(tmp_path)
    november = (tmp_path / "2026-11.key").read_bytes()
    (tmp_path / "2026-11.key").unlink()
    (tmp_path / "2026-11.destroyed").write_bytes(b"{}")
    plane.turn(NOVEMBER)
    entry = plane.sealed(refusal())
    assert isinstance(entry, Unanswered)
    assert not is_sealed(entry.facts)
    assert november not in {path.read_bytes() for path in tmp_path.iterdir()}


@pytest.fixture
def unusable(tmp_path: Path) -> Path:
    """A directory that cannot be made."""
    (tmp_path / "keys").write_bytes(b"a file")
    return tmp_path / "keys"


def test_without_a_key_calls_go_on_and_numbers_are_lost_loudly(
    unusable: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts = Counts()
    plane = Sealing(unusable, RETENTION_MONTHS, counts)
    plane.turn(NOVEMBER)
    assert "keys of callers' numbers" in caplog.text
    entry = plane.sealed(refusal())
    assert isinstance(entry, Unanswered)
    assert entry.facts.attempt.calling_number is None
    assert entry.facts.attempt.presentation is Presentation.UNAVAILABLE
    assert counts.numbers_lost == 1
    caplog.clear()
    plane.turn(NOVEMBER)
    assert "callers' numbers are not recorded; 1 so far" in caplog.text


def test_once_the_disk_is_mended_numbers_are_recorded_again(unusable: Path) -> None:
    plane = sealing(unusable)
    unusable.unlink()
    plane.turn(NOVEMBER)
    assert number_of(plane.sealed(refusal()), unusable) == "0422511234"


def test_a_key_that_cannot_be_read_is_said_and_not_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "2026-11.key").write_bytes(b"too short")
    plane = sealing(tmp_path)
    assert "key of 2026-11" in caplog.text
    assert (tmp_path / "2026-11.key").read_bytes() == b"too short"
    entry = plane.sealed(refusal())
    assert isinstance(entry, Unanswered)
    assert entry.facts.attempt.calling_number is None
