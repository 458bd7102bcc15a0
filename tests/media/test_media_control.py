"""Messages of the control channel and the boxes that carry them."""

import asyncio
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.errors import InputError
from chakka.media.client import MediaClient
from chakka.media.control import (
    EVERY_STREAM,
    Bridge,
    Close,
    Command,
    Event,
    Finished,
    Join,
    Move,
    Open,
    Opened,
    Play,
    Refused,
    Silent,
    read_command,
    read_event,
    write,
)
from chakka.media.mailbox import Mailbox

PLAY = Play(id="a", host="192.0.2.1", port=4000, law="PCMA", payload_type=8, clips=("x", "pause_20"))
JOIN = Join(id="a", host="192.0.2.1", port=4000, law="PCMU", payload_type=0, telephone_event=101, latch=True)
MOVE = Move(id="a", host="0.0.0.0", port=0, law="PCMU", payload_type=0, is_listening=False, is_speaking=False)
COMMANDS = [Open(id="a"), PLAY, JOIN, MOVE, Bridge(id="a", other="b"), Close(id="a")]
EVENTS = [
    Opened(id="a", host="192.0.2.9", port=20_000),
    Finished(id="a"),
    Silent(id="a"),
    Refused(id="a", error="no"),
]


def changed(**fields: object) -> bytes:
    """Return a Play on the wire with some fields replaced by what no caller should send."""
    return msgspec.msgpack.encode({"type": "play", **msgspec.to_builtins(PLAY), **fields})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_read_as_it_was_written_and_is_no_event(command: Command) -> None:
    assert read_command(write(command)) == command
    assert read_event(write(command)) is None


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_read_as_it_was_written_and_is_no_command(event: Event) -> None:
    assert read_event(write(event)) == event
    assert read_command(write(event)) is None


@given(st.binary(max_size=300))
def test_junk_is_no_message(datagram: bytes) -> None:
    assert read_command(datagram) is None
    assert read_event(datagram) is None


@pytest.mark.parametrize(
    "datagram",
    [
        changed(law="G729"),
        changed(payload_type=128),
        changed(payload_type=-1),
        changed(repeat=0),
        changed(repeat=10**9),
        changed(pause_ms=-1),
        changed(clips=[]),
        changed(clips=["x"] * 201),
        changed(clips=["x" * 65]),
        changed(id=""),
        changed(id="i" * 65),
        changed(port="4000"),
        changed(host=None),
        changed(type="join", telephone_event=128),
        changed(type="move", law="G722"),
        changed(type="bridge", other=""),
        changed(type="open", idle_s=0),
        write(PLAY)[:-1],
        write(PLAY) + b"x",
        b"\x91" * 10_000,
        changed(error="x" * 20_000),
    ],
)
def test_a_play_that_breaks_a_limit_is_no_command(datagram: bytes) -> None:
    assert read_command(datagram) is None


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[tuple[Mailbox, Mailbox]]:
    first, second = Mailbox(tmp_path / "first"), Mailbox(tmp_path / "second")
    first.open()
    second.open()
    yield first, second
    first.close()
    second.close()


def test_a_burst_longer_than_the_kernel_keeps_arrives_whole_and_in_order(
    boxes: tuple[Mailbox, Mailbox],
) -> None:
    first, second = boxes
    burst = [str(number).encode() for number in range(5_000)]
    assert all(first.send(str(second.path), datagram) for datagram in burst)
    received: list[bytes] = []
    while first.has_waiting:
        received += [datagram for datagram, _ in second.receive(100)]
        first.flush()
    received += [datagram for datagram, _ in second.receive(5_000)]
    assert received == burst


def test_the_receiver_learns_where_to_answer(boxes: tuple[Mailbox, Mailbox]) -> None:
    first, second = boxes
    first.send(str(second.path), b"hello")
    assert second.receive(9) == [(b"hello", str(first.path))]


def test_a_reader_that_sleeps_does_not_hold_up_another(
    boxes: tuple[Mailbox, Mailbox], tmp_path: Path
) -> None:
    first, awake = boxes
    asleep = Mailbox(tmp_path / "asleep")
    asleep.open()
    for _ in range(2_000):
        first.send(str(asleep.path), b"never read")
    first.send(str(awake.path), b"read")
    first.flush()
    assert awake.receive(9) == [(b"read", str(first.path))]
    asleep.close()


def test_what_waits_for_a_reader_that_has_gone_is_dropped(boxes: tuple[Mailbox, Mailbox]) -> None:
    first, second = boxes
    for _ in range(2_000):
        first.send(str(second.path), b"x")
    second.close()
    first.flush()
    assert not first.has_waiting


def test_nobody_there_is_reported(boxes: tuple[Mailbox, Mailbox], tmp_path: Path) -> None:
    first, _ = boxes
    assert not first.send(str(tmp_path / "nobody"), b"x")
    assert not first.send("", b"x")


def test_the_path_is_for_its_own_user_only(boxes: tuple[Mailbox, Mailbox]) -> None:
    assert stat.S_IMODE(os.stat(boxes[0].path).st_mode) == 0o600


def test_a_path_left_by_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    killed = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    killed.bind(str(tmp_path / "box"))
    killed.close()
    box = Mailbox(tmp_path / "box")
    box.open()
    box.close()
    assert not (tmp_path / "box").exists()


def test_a_path_on_which_somebody_listens_is_left_alone(boxes: tuple[Mailbox, Mailbox]) -> None:
    with pytest.raises(InputError, match="another process listens"):
        Mailbox(boxes[0].path).open()
    assert boxes[1].send(str(boxes[0].path), b"still there")


async def until(came: list[Event], count: int, within_s: float = 2.0) -> None:
    """Return when so many events have come, or after a time."""
    for _ in range(round(within_s / 0.005)):
        if len(came) >= count:
            return
        await asyncio.sleep(0.005)


def test_the_client_hands_events_to_its_callback_and_survives_junk(tmp_path: Path) -> None:
    media = Mailbox(tmp_path / "media")
    media.open()
    came: list[Event] = []

    async def scenario() -> None:
        client = MediaClient(media.path, tmp_path / "own", came.append)
        client.start()
        assert client.send(PLAY)
        [_, (datagram, sender)] = media.receive(9)
        assert read_command(datagram) == PLAY
        media.send(sender, b"junk")
        for event in EVENTS:
            media.send(sender, write(event))
        await until(came, len(EVENTS))
        client.close()

    asyncio.run(scenario())
    media.close()
    assert came == EVENTS


def test_the_client_reports_that_media_is_away_and_finds_it_again(tmp_path: Path) -> None:
    async def scenario() -> list[bool]:
        client = MediaClient(tmp_path / "media", tmp_path / "own", lambda event: None)
        client.start()
        sent = [client.send(Open(id="a"))]
        for _ in range(2):
            media = Mailbox(tmp_path / "media")
            media.open()
            sent.append(client.send(Open(id="a")))
            media.close()
            sent.append(client.send(Open(id="a")))
        client.close()
        return sent

    assert asyncio.run(scenario()) == [False, True, False, True, False]


@pytest.mark.parametrize("starts_again", [False, True])
def test_streams_of_a_media_process_that_has_died_are_refused_once(
    tmp_path: Path, starts_again: bool
) -> None:
    came: list[Event] = []

    async def scenario() -> None:
        client = MediaClient(tmp_path / "media", tmp_path / "own", came.append)
        client.start()
        media = Mailbox(tmp_path / "media")
        media.open()
        for name in ("talked on", "closed"):
            assert client.send(Open(id=name))
        client.send(Close(id="closed"))
        media.close()
        if starts_again:
            media.open()
            assert client.send(Open(id="of its next run"))
        await until(came, 1)
        await until(came, 2, within_s=0.7)
        client.close()
        media.close()

    asyncio.run(scenario())
    assert came == [Refused(id="talked on", error="the media process has died")]


def test_streams_of_a_media_process_that_lives_are_left_alone(tmp_path: Path) -> None:
    media = Mailbox(tmp_path / "media")
    media.open()
    came: list[Event] = []

    async def scenario() -> None:
        client = MediaClient(media.path, tmp_path / "own", came.append)
        client.start()
        client.send(Open(id="a"))
        await until(came, 1, within_s=1.1)
        client.close()

    asyncio.run(scenario())
    media.close()
    assert not came


def test_a_burst_of_commands_waits_in_the_client_until_media_reads(tmp_path: Path) -> None:
    media = Mailbox(tmp_path / "media")
    media.open()
    received: list[str] = []

    async def scenario() -> None:
        client = MediaClient(media.path, tmp_path / "own", lambda event: None)
        client.start()
        assert all(client.send(Open(id=str(number))) for number in range(200))
        for _ in range(400):
            received.extend(read_command(datagram).id for datagram, _ in media.receive(50))
            if len(received) == 201:
                break
            await asyncio.sleep(0.005)
        client.close()

    asyncio.run(scenario())
    media.close()
    assert received == ["*", *(str(number) for number in range(200))]


def test_a_client_that_starts_again_first_closes_what_its_last_run_has_left(tmp_path: Path) -> None:
    media = Mailbox(tmp_path / "media")
    media.open()

    async def scenario() -> None:
        client = MediaClient(media.path, tmp_path / "own", lambda event: None)
        client.start()
        client.close()

    asyncio.run(scenario())
    assert [read_command(datagram) for datagram, _ in media.receive(9)] == [Close(id=EVERY_STREAM)]
    media.close()
