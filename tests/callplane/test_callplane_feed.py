"""The event feed: seen by whoever listens, and no burden to calls."""

import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from chakka.callplane.feed import Feed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "feed.sock"


@pytest.fixture
def feed(path: Path) -> Iterator[Feed]:
    made = Feed(path)
    yield made
    made.close()


def listener(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind(str(path))
    return made


def seen(listening: socket.socket) -> list[object]:
    events = []
    while True:
        try:
            events.append(msgspec.json.decode(listening.recv(65_536)))
        except BlockingIOError:
            return events


def test_who_listens_sees_the_events_in_order(feed: Feed, path: Path) -> None:
    with listener(path) as listening:
        feed.show({"kind": "ringing"}, 5.0)
        feed.show({"kind": "answered"}, 5.0)
        assert seen(listening) == [{"kind": "ringing"}, {"kind": "answered"}]


def test_who_comes_later_is_seen_within_a_second(feed: Feed, path: Path) -> None:
    feed.show({"at": 1}, 5.0)
    with listener(path) as listening:
        feed.show({"at": 2}, 5.9)
        feed.show({"at": 3}, 6.0)
        feed.show({"at": 4}, 6.1)
        assert seen(listening) == [{"at": 3}, {"at": 4}]


def test_a_listener_that_does_not_read_holds_nothing_up_and_sees_more_once_it_does(
    feed: Feed, path: Path
) -> None:
    with listener(path) as listening:
        for place in range(2_000):
            feed.show({"at": place}, 5.0)
        early = seen(listening)
        assert 0 < len(early) < 2_000
        feed.show({"at": "late"}, 5.0)
        assert seen(listening) == [{"at": "late"}]
