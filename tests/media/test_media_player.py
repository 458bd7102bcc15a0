"""Streams over real loopback sockets; ticks are given by hand, so nothing waits."""

import os
import socket
from collections.abc import Iterator

import pytest

from chakka.errors import InputError
from chakka.media.control import Close, Event, Finished, Open, Opened, Play, Refused
from chakka.media.player import Player
from chakka.media.ports import RtpPorts
from chakka.media.rtp import RtpPacket, parse

HOST = "127.0.0.1"
IDLE_S = 60.0
# Tests that run side by side need ports of their own.
FIRST = 31_000 + 200 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
PORTS = (FIRST, FIRST + 19)
# Three frames, each of its own byte, and one that does not fill a frame.
CLIPS = {"abc": b"a" * 160 + b"b" * 160 + b"c" * 160, "short": b"s" * 100, "empty": b""}


@pytest.fixture
def player() -> Iterator[Player]:
    player = Player(CLIPS, RtpPorts(HOST, *PORTS))
    yield player
    player.close_all()


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind((HOST, 0))
        ear.setblocking(False)
        yield ear


def opened(player: Player, stream: str = "s", owner: str = "plane") -> Opened:
    event = player.handle(Open(id=stream), owner, 0.0)
    assert isinstance(event, Opened)
    return event


def play(ear: socket.socket, **fields: object) -> Play:
    host, port = ear.getsockname()
    wanted = {"id": "s", "host": host, "port": port, "law": "PCMU", "payload_type": 0, "clips": ("abc",)}
    return Play(**{**wanted, **fields})


def ticks(player: Player, count: int) -> list[tuple[str, Event]]:
    return [event for _ in range(count) for event in player.tick(1.0)]


def heard(ear: socket.socket) -> list[RtpPacket]:
    packets = []
    while True:
        try:
            packet = parse(ear.recv(2_048))
        except BlockingIOError:
            return packets
        assert packet is not None
        packets.append(packet)


def frames(packets: list[RtpPacket]) -> str:
    """Return the first byte of each packet as a letter, silence as a full stop."""
    return "".join(chr(packet.payload[0]) if packet.payload[0] < 0x80 else "." for packet in packets)


def test_each_stream_sends_from_its_own_even_port(player: Player) -> None:
    ports = [opened(player, str(number)).port for number in range(5)]
    assert ports == [FIRST, FIRST + 2, FIRST + 4, FIRST + 6, FIRST + 8]


def test_packets_come_from_the_port_that_was_named(player: Player, ear: socket.socket) -> None:
    port = opened(player).port
    player.handle(play(ear), "plane", 0.0)
    player.tick(0.0)
    assert ear.recvfrom(2_048)[1] == (HOST, port)


def test_a_tick_sends_one_packet_of_20_ms(player: Player, ear: socket.socket) -> None:
    opened(player)
    player.handle(play(ear), "plane", 0.0)
    player.tick(0.0)
    [packet] = heard(ear)
    assert packet.payload == b"a" * 160


def test_sequence_and_timestamp_go_on_and_the_source_stays(player: Player, ear: socket.socket) -> None:
    opened(player)
    player.handle(play(ear), "plane", 0.0)
    ticks(player, 3)
    first, *others = heard(ear)
    assert [(p.sequence - first.sequence) % 65_536 for p in others] == [1, 2]
    assert [(p.timestamp - first.timestamp) % 2**32 for p in others] == [160, 320]
    assert {p.ssrc for p in others} == {first.ssrc}


def test_the_marker_is_on_the_first_packet_only(player: Player, ear: socket.socket) -> None:
    opened(player)
    player.handle(play(ear, repeat=2), "plane", 0.0)
    ticks(player, 6)
    assert [packet.marker for packet in heard(ear)] == [True] + [False] * 5


def test_r4_4_a_text_is_played_twice_with_a_pause_and_then_nothing_is_sent(
    player: Player, ear: socket.socket
) -> None:
    opened(player)
    player.handle(play(ear, repeat=2, pause_ms=40), "plane", 0.0)
    finished = ticks(player, 50)
    assert frames(heard(ear)) == "abc..abc"
    assert finished == [("plane", Finished(id="s"))]


def test_finished_is_said_with_the_last_packet(player: Player, ear: socket.socket) -> None:
    opened(player)
    player.handle(play(ear), "plane", 0.0)
    assert [player.tick(0.0) for _ in range(3)] == [[], [], [("plane", Finished(id="s"))]]


def test_clips_follow_each_other_without_a_gap_and_the_last_frame_is_filled_with_silence(
    player: Player, ear: socket.socket
) -> None:
    opened(player)
    player.handle(play(ear, clips=("short", "pause_5", "short")), "plane", 0.0)
    ticks(player, 9)
    sound = b"".join(packet.payload for packet in heard(ear))
    assert sound == b"s" * 100 + b"\xff" * 40 + b"s" * 100 + b"\xff" * 80


def test_alaw_is_sent_to_whom_wants_it_under_the_type_that_was_agreed(
    player: Player, ear: socket.socket
) -> None:
    opened(player)
    player.handle(play(ear, law="PCMA", payload_type=96, clips=("pause_20",)), "plane", 0.0)
    player.tick(0.0)
    [packet] = heard(ear)
    assert packet.payload_type == 96
    assert packet.payload == b"\xd5" * 160


def test_a_stream_can_play_again_and_its_clock_has_gone_on(player: Player, ear: socket.socket) -> None:
    opened(player)
    player.handle(play(ear), "plane", 0.0)
    ticks(player, 10)
    player.handle(play(ear), "plane", 0.0)
    ticks(player, 3)
    packets = heard(ear)
    assert [packet.marker for packet in packets] == [True, False, False] * 2
    assert (packets[3].timestamp - packets[0].timestamp) % 2**32 == 10 * 160
    assert (packets[3].sequence - packets[0].sequence) % 65_536 == 3


def test_two_planes_may_use_the_same_id(player: Player) -> None:
    assert opened(player, owner="one").port != opened(player, owner="two").port


def test_a_closed_stream_falls_silent_and_its_port_is_used_again_last(
    player: Player, ear: socket.socket
) -> None:
    port = opened(player).port
    player.handle(play(ear), "plane", 0.0)
    player.tick(0.0)
    assert player.handle(Close(id="s"), "plane", 0.0) is None
    ticks(player, 5)
    assert frames(heard(ear)) == "a"
    assert [opened(player, str(number)).port for number in range(10)][-1] == port


def test_when_all_ports_are_taken_the_next_is_refused_and_a_close_frees_one(player: Player) -> None:
    for number in range(10):
        opened(player, str(number))
    assert player.handle(Open(id="eleventh"), "plane", 0.0) == Refused(
        id="eleventh", error="no RTP port is free"
    )
    player.handle(Close(id="3"), "plane", 0.0)
    assert opened(player, "eleventh").port == FIRST + 6


def test_a_port_that_another_program_holds_is_passed_over(player: Player) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HOST, FIRST))
        assert opened(player).port == FIRST + 2


def test_a_second_open_is_refused_and_the_stream_plays_on(player: Player, ear: socket.socket) -> None:
    opened(player)
    player.handle(play(ear), "plane", 0.0)
    player.tick(0.0)
    assert player.handle(Open(id="s"), "plane", 0.0) == Refused(id="s", error="stream is already open")
    assert player.handle(play(ear), "plane", 0.0) == Refused(id="s", error="stream is already playing")
    ticks(player, 5)
    assert frames(heard(ear)) == "abc"


def test_a_play_before_open_and_a_strangers_play_are_refused(player: Player, ear: socket.socket) -> None:
    refusal = Refused(id="s", error="stream is not open")
    assert player.handle(play(ear), "plane", 0.0) == refusal
    opened(player)
    assert player.handle(play(ear), "stranger", 0.0) == refusal


def test_an_unknown_close_and_a_strangers_close_change_nothing(player: Player) -> None:
    opened(player)
    player.handle(Close(id="other"), "plane", 0.0)
    player.handle(Close(id="s"), "stranger", 0.0)
    assert len(player) == 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"host": "example.net"}, "is not an IP address"),
        ({"host": ""}, "is not an IP address"),
        ({"host": "127.0.0.1\r\nVia:"}, "is not an IP address"),
        ({"host": "::1"}, "is not an IPv4 address"),
        ({"host": "0.0.0.0"}, "is not one receiver's address"),
        ({"host": "224.0.0.1"}, "is not one receiver's address"),
        ({"host": "255.255.255.255"}, "cannot be reached"),
        ({"port": 0}, "port 0 is not within"),
        ({"port": -5}, "port -5 is not within"),
        ({"port": 65_536}, "port 65536 is not within"),
        ({"clips": ("nothing",)}, "clip 'nothing' does not exist"),
        ({"clips": ("empty",)}, "nothing to play"),
        ({"clips": ("pause_10000",) * 31}, "longer than 300 s"),
        ({"clips": ("pause_10000",), "repeat": 20, "pause_ms": 10_000}, "longer than 300 s"),
    ],
)
def test_a_play_that_cannot_be_done_is_refused_with_the_reason(
    player: Player, ear: socket.socket, fields: dict[str, object], error: str
) -> None:
    opened(player)
    refused = player.handle(play(ear, **fields), "plane", 0.0)
    assert isinstance(refused, Refused)
    assert error in refused.error
    assert player.handle(play(ear), "plane", 0.0) is None


def test_a_destination_where_nobody_listens_does_not_stop_its_neighbours(
    player: Player, ear: socket.socket
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind((HOST, 0))
        nobody = closed.getsockname()[1]
    opened(player, "nobody")
    opened(player)
    player.handle(play(ear, id="nobody", port=nobody, repeat=2), "plane", 0.0)
    player.handle(play(ear, repeat=2), "plane", 0.0)
    finished = ticks(player, 6)
    assert frames(heard(ear)) == "abcabc"
    assert [event.id for _, event in finished] == ["nobody", "s"]


def test_packets_that_could_not_be_sent_are_logged_once_a_stream(
    player: Player, ear: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind((HOST, 0))
        nobody = closed.getsockname()[1]
    opened(player)
    player.handle(play(ear, port=nobody, repeat=2), "plane", 0.0)
    ticks(player, 6)
    assert len(caplog.records) == 1
    assert "of 6 packets could not be sent" in caplog.text


def test_a_flood_towards_our_port_changes_nothing(player: Player, ear: socket.socket) -> None:
    port = opened(player).port
    player.handle(play(ear), "plane", 0.0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(2_000):
            stranger.sendto(b"\x80" * 172, (HOST, port))
    ticks(player, 5)
    assert frames(heard(ear)) == "abc"


def test_a_stream_that_nobody_plays_on_or_closes_is_freed_after_a_minute(player: Player) -> None:
    opened(player)
    player.attend(IDLE_S - 0.1)
    assert len(player) == 1
    player.attend(IDLE_S)
    assert len(player) == 0


def test_a_stream_is_freed_a_minute_after_it_finished_and_never_while_it_plays(
    player: Player, ear: socket.socket
) -> None:
    opened(player)
    player.handle(play(ear), "plane", 0.0)
    player.attend(10 * IDLE_S)
    assert len(player) == 1
    ticks(player, 2)
    player.tick(1_000.0)
    player.attend(1_000.0 + IDLE_S - 0.1)
    assert len(player) == 1
    player.attend(1_000.0 + IDLE_S)
    assert len(player) == 0


def test_more_announcements_than_are_kept_in_memory_are_all_played_right(
    player: Player, ear: socket.socket
) -> None:
    opened(player)
    for number in range(600):
        player.handle(play(ear, clips=("short", f"pause_{number}")), "plane", 0.0)
        ticks(player, 35)
        payload = b"".join(packet.payload for packet in heard(ear))
        assert payload.rstrip(b"\xff") == b"s" * 100


@pytest.mark.parametrize(
    ("host", "first", "last"),
    [("localhost", 20_000, 20_009), (HOST, 20_001, 20_002), (HOST, 20_009, 20_000), (HOST, 80, 99)],
)
def test_ports_that_cannot_be_are_an_error_of_the_operator(host: str, first: int, last: int) -> None:
    with pytest.raises(InputError, match="RTP"):
        RtpPorts(host, first, last)


def test_ipv6_streams_go_to_ipv6_only() -> None:
    player = Player(CLIPS, RtpPorts("::1", *PORTS))
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as ear:
        ear.bind(("::1", 0))
        ear.setblocking(False)
        player.handle(Open(id="s"), "plane", 0.0)
        wanted = Play(
            id="s", host="::1", port=ear.getsockname()[1], law="PCMU", payload_type=0, clips=("abc",)
        )
        player.handle(wanted, "plane", 0.0)
        ticks(player, 3)
        assert frames(heard(ear)) == "abc"
    player.close_all()
