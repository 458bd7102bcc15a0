"""Two joined streams over real loopback sockets: who hears whom, and as what. Time is given by hand."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

from chakka.media.control import (
    Bridge,
    Close,
    Event,
    Finished,
    Join,
    Law,
    Move,
    Open,
    Opened,
    Play,
    Refused,
    Silent,
)
from chakka.media.g711 import ALAW_TO_ULAW, to_alaw
from chakka.media.player import Player
from chakka.media.ports import RtpPorts
from chakka.media.rtcp import last_sender_report
from chakka.media.rtp import RtpPacket, build, parse

HOST = "127.0.0.1"
# Tests that run side by side need ports of their own.
FIRST = 32_000 + 200 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
CLIPS = {"abc": b"a" * 160 + b"b" * 160 + b"c" * 160, "x": b"x" * 160}
EVENTS_TYPE = 101


@dataclass
class Phone:
    """A peer: its RTP socket, and where our stream for it listens."""

    rtp: socket.socket
    ours: tuple[str, int] = (HOST, 0)
    ssrc: int = 7
    sequence: int = 1_000
    timestamp: int = 50_000

    @property
    def port(self) -> int:
        return int(self.rtp.getsockname()[1])

    def say(self, payload: bytes = b"s" * 160, *, kind: int = 0, marker: bool = False) -> None:
        packet = RtpPacket(
            payload_type=kind,
            sequence=self.sequence % 65_536,
            timestamp=self.timestamp % 2**32,
            ssrc=self.ssrc,
            payload=payload,
            marker=marker,
        )
        self.rtp.sendto(build(packet), self.ours)
        self.sequence += 1
        self.timestamp += 160

    def heard(self) -> list[RtpPacket]:
        packets: list[RtpPacket] = []
        while True:
            try:
                datagram = self.rtp.recv(2_048)
            except BlockingIOError:
                return packets
            packet = parse(datagram)
            assert packet is not None
            packets.append(packet)


def phone() -> Phone:
    rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    rtp.bind((HOST, 0))
    rtp.setblocking(False)
    return Phone(rtp)


@pytest.fixture
def player() -> Iterator[Player]:
    player = Player(CLIPS, RtpPorts(HOST, FIRST, FIRST + 39))
    yield player
    player.close_all()


@pytest.fixture
def ann() -> Iterator[Phone]:
    ann = phone()
    yield ann
    ann.rtp.close()


@pytest.fixture
def bob() -> Iterator[Phone]:
    bob = phone()
    bob.ssrc = 8
    yield bob
    bob.rtp.close()


def told(
    player: Player, command: Open | Play | Join | Move | Bridge | Close, now: float = 0.0
) -> Event | None:
    return player.handle(command, "plane", now)


def opened(player: Player, name: str, peer: Phone) -> None:
    event = told(player, Open(id=name))
    assert isinstance(event, Opened)
    peer.ours = (event.host, event.port)


def peer_of(kind: type[Join] | type[Move], name: str, peer: Phone, **fields: object) -> Join | Move:
    laws: dict[Law, int] = {"PCMU": 0, "PCMA": 8}
    law: Law = fields.pop("law", "PCMU")  # type: ignore[assignment]
    facts = {"payload_type": laws[law], "telephone_event": EVENTS_TYPE, **fields}
    return kind(id=name, host=HOST, port=peer.port, law=law, **facts)  # type: ignore[arg-type]


def joined(player: Player, name: str, peer: Phone, **fields: object) -> None:
    opened(player, name, peer)
    assert told(player, peer_of(Join, name, peer, **fields)) is None


def moved(player: Player, name: str, peer: Phone, now: float = 0.0, **fields: object) -> Event | None:
    return told(player, peer_of(Move, name, peer, **fields), now)


def bridged(player: Player, ann: Phone, bob: Phone) -> None:
    joined(player, "a", ann)
    joined(player, "b", bob)
    assert told(player, Bridge(id="a", other="b")) is None


def carry(player: Player, now: float = 0.0) -> None:
    """Let the relay take all that has come."""
    while ready := player.readiness.poll(0):
        for descriptor, _ in ready:
            player.receive(descriptor, now)


def steps(packets: list[RtpPacket]) -> list[tuple[int, int]]:
    """Return by how much sequence and timestamp grow from packet to packet."""
    return [
        ((b.sequence - a.sequence) % 65_536, (b.timestamp - a.timestamp) % 2**32)
        for a, b in pairwise(packets)
    ]


def test_each_peer_hears_the_other(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    ann.say(b"hello bob")
    bob.say(b"hello ann")
    carry(player)
    assert [packet.payload for packet in bob.heard()] == [b"hello bob"]
    assert [packet.payload for packet in ann.heard()] == [b"hello ann"]


def test_what_is_heard_comes_from_the_port_that_our_sdp_names(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    ann.say()
    carry(player)
    assert bob.rtp.recvfrom(2_048)[1] == bob.ours


def test_r5_1_neither_hears_the_other_before_the_bridge(player: Player, ann: Phone, bob: Phone) -> None:
    joined(player, "a", ann)
    joined(player, "b", bob)
    ann.say(b"too early")
    bob.say(b"too early")
    carry(player)
    told(player, Bridge(id="a", other="b"))
    carry(player)
    assert (ann.heard(), bob.heard()) == ([], [])


def test_r5_1_each_hears_its_own_text_and_the_other_only_after_both_have_ended(
    player: Player, ann: Phone, bob: Phone
) -> None:
    joined(player, "a", ann)
    joined(player, "b", bob)
    told(player, Play(id="a", clips=("abc",)))
    told(player, Play(id="b", clips=("x",)))
    ended = []
    for _ in range(3):
        ann.say()
        bob.say()
        carry(player)
        ended.append([event.id for _, event in player.tick(0.0)])
    assert ended == [["b"], [], ["a"]]
    told(player, Bridge(id="a", other="b"))
    ann.say(b"from ann")
    bob.say(b"from bob")
    carry(player)
    assert [packet.payload[:1] for packet in ann.heard()] == [b"a", b"b", b"c", b"f"]
    assert [packet.payload for packet in bob.heard()] == [b"x" * 160, b"from ann"]


def test_a_text_played_on_a_bridge_is_heard_alone(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    told(player, Play(id="b", clips=("x",)))
    ann.say(b"meanwhile")
    carry(player)
    player.tick(0.0)
    ann.say(b"after it")
    carry(player)
    assert [packet.payload for packet in bob.heard()] == [b"x" * 160, b"after it"]


def test_one_source_goes_on_through_text_and_bridge(player: Player, ann: Phone, bob: Phone) -> None:
    joined(player, "a", ann)
    joined(player, "b", bob)
    told(player, Play(id="b", clips=("abc",)))
    for _ in range(3):
        player.tick(0.0)
    told(player, Bridge(id="a", other="b"))
    for _ in range(3):
        ann.say()
        player.tick(0.0)
        carry(player)
    told(player, Play(id="b", clips=("abc",)))
    for _ in range(3):
        player.tick(0.0)
    packets = bob.heard()
    assert len({packet.ssrc for packet in packets}) == 1
    assert {step for step, _ in steps(packets)} == {1}
    assert all(0 < step <= 2 * 160 for _, step in steps(packets))
    assert [packet.marker for packet in packets] == [True, False, False] * 3


def test_the_peers_own_source_is_not_passed_on(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    ann.say()
    carry(player)
    assert bob.heard()[0].ssrc != ann.ssrc


def test_timestamps_never_go_back_though_the_peers_clock_is_faster(
    player: Player, ann: Phone, bob: Phone
) -> None:
    bridged(player, ann, bob)
    ann.say()
    ann.timestamp += 40_000
    ann.say()
    carry(player)
    told(player, Play(id="b", clips=("x",)))
    player.tick(0.0)
    assert steps(bob.heard()) == [(1, 40_160), (1, 160)]


def test_gaps_and_order_are_passed_on_as_they_are(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    for place in (0, 1, 4, 3, 5):
        ann.sequence, ann.timestamp = 65_534 + place, 2**32 - 320 + 160 * place
        ann.say()
    carry(player)
    packets = bob.heard()
    first = packets[0]
    assert [(packet.sequence - first.sequence) % 65_536 for packet in packets] == [0, 1, 4, 3, 5]
    assert [(packet.timestamp - first.timestamp) % 2**32 // 160 for packet in packets] == [0, 1, 4, 3, 5]


def test_a_packet_from_before_the_first_that_was_relayed_is_dropped(
    player: Player, ann: Phone, bob: Phone
) -> None:
    bridged(player, ann, bob)
    ann.say(b"first")
    ann.sequence -= 3
    ann.say(b"late")
    carry(player)
    assert [packet.payload for packet in bob.heard()] == [b"first"]


def test_a_peer_that_begins_anew_keeps_its_place_in_our_order(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    ann.say()
    ann.ssrc, ann.sequence, ann.timestamp = 99, 40_000, 3_000_000_000
    ann.say()
    carry(player)
    packets = bob.heard()
    assert steps(packets) == [(1, 160)]
    assert [packet.marker for packet in packets] == [True, True]


def test_the_marker_of_a_talkspurt_is_kept(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    for marker in (False, False, True, False):
        ann.say(marker=marker)
    carry(player)
    assert [packet.marker for packet in bob.heard()] == [True, False, True, False]


def test_events_go_under_the_number_that_the_other_side_has_named(
    player: Player, ann: Phone, bob: Phone
) -> None:
    joined(player, "a", ann, telephone_event=101)
    joined(player, "b", bob, telephone_event=96)
    told(player, Bridge(id="a", other="b"))
    ann.say(b"\x05\x0a\x00\xa0", kind=101)
    bob.say(b"\x06\x0a\x00\xa0", kind=96)
    carry(player)
    assert [(p.payload_type, p.payload) for p in bob.heard()] == [(96, b"\x05\x0a\x00\xa0")]
    assert [(p.payload_type, p.payload) for p in ann.heard()] == [(101, b"\x06\x0a\x00\xa0")]


def test_events_are_dropped_for_whom_takes_none(player: Player, ann: Phone, bob: Phone) -> None:
    joined(player, "a", ann)
    joined(player, "b", bob, telephone_event=None)
    told(player, Bridge(id="a", other="b"))
    ann.say(b"\x05\x0a\x00\xa0", kind=EVENTS_TYPE)
    carry(player)
    assert bob.heard() == []


def test_one_law_is_made_of_the_other(player: Player, ann: Phone, bob: Phone) -> None:
    joined(player, "a", ann, law="PCMU")
    joined(player, "b", bob, law="PCMA")
    told(player, Bridge(id="a", other="b"))
    every_code = bytes(range(256))
    ann.say(every_code, kind=0)
    carry(player)
    [packet] = bob.heard()
    assert (packet.payload_type, packet.payload) == (8, to_alaw(every_code))


def test_a_peer_may_send_the_other_law_at_any_time(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    ann.say(b"\x55" * 160, kind=8)
    carry(player)
    [packet] = bob.heard()
    assert (packet.payload_type, packet.payload) == (0, (b"\x55" * 160).translate(ALAW_TO_ULAW))


@pytest.mark.parametrize("kind", [3, 9, 13, 18, 34, 72, 96, 127])
def test_nothing_but_g711_and_events_goes_over(player: Player, ann: Phone, bob: Phone, kind: int) -> None:
    bridged(player, ann, bob)
    ann.say(kind=kind)
    carry(player)
    assert bob.heard() == []


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x80",
        b"\x80" * 11,
        b"\x00\x01" + bytes(18),
        b"\x8f" + bytes(20),
        b"\x90" + bytes(12),
        b"\xa0" + bytes(20),
        b"\x80" + bytes(1_500),
    ],
)
def test_what_is_no_rtp_goes_nowhere(player: Player, ann: Phone, bob: Phone, datagram: bytes) -> None:
    bridged(player, ann, bob)
    ann.rtp.sendto(datagram, ann.ours)
    ann.say(b"still there")
    carry(player)
    assert [packet.payload for packet in bob.heard()] == [b"still there"]


def test_padding_and_extension_are_taken_off(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    plain = build(RtpPacket(payload_type=0, sequence=1, timestamp=1, ssrc=1, payload=b""))
    extension = b"\xbe\xde\x00\x01abcd"
    ann.rtp.sendto(b"\xb0" + plain[1:] + extension + b"voice\x00\x00\x03", ann.ours)
    carry(player)
    assert [packet.payload for packet in bob.heard()] == [b"voice"]


def test_a_strangers_packets_are_neither_relayed_nor_heard(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    stranger = phone()
    for ours in (ann.ours, bob.ours):
        stranger.ours = ours
        stranger.ssrc = ann.ssrc
        for _ in range(50):
            stranger.say(b"injected")
    carry(player)
    ann.say(b"true")
    carry(player)
    assert ([p.payload for p in ann.heard()], [p.payload for p in bob.heard()]) == ([], [b"true"])
    stranger.rtp.close()


def test_nothing_is_ever_sent_to_a_stranger(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    stranger = phone()
    stranger.ours = ann.ours
    stranger.say()
    bob.say()
    carry(player)
    assert stranger.heard() == []
    stranger.rtp.close()


def test_what_a_stranger_sent_before_the_peer_was_known_is_not_heard(
    player: Player, ann: Phone, bob: Phone
) -> None:
    opened(player, "a", ann)
    stranger = phone()
    stranger.ours = ann.ours
    for _ in range(20):
        stranger.say(b"injected")
    told(player, peer_of(Join, "a", ann))
    joined(player, "b", bob)
    told(player, Bridge(id="a", other="b"))
    carry(player)
    assert bob.heard() == []
    stranger.rtp.close()


def test_a_flood_from_a_stranger_costs_no_packet_of_the_peer(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    stranger = phone()
    stranger.ours = ann.ours
    for _ in range(20):
        for _ in range(100):
            stranger.say(b"flood")
        ann.say(b"true")
    carry(player)
    assert [packet.payload for packet in bob.heard()] == [b"true"] * 20
    stranger.rtp.close()


def test_behind_a_nat_the_port_of_the_first_packet_counts_and_then_no_other(
    player: Player, ann: Phone, bob: Phone
) -> None:
    outside, later = phone(), phone()
    opened(player, "a", ann)
    told(player, peer_of(Join, "a", ann, latch=True))
    joined(player, "b", bob)
    told(player, Bridge(id="a", other="b"))
    outside.ours = later.ours = ann.ours
    outside.say(b"opens the way")
    carry(player, 1.0)
    later.say(b"injected")
    outside.say(b"heard")
    bob.say(b"back")
    carry(player, 1.1)
    assert [packet.payload for packet in bob.heard()] == [b"heard"]
    assert [packet.payload for packet in outside.heard()] == [b"back"]
    assert (ann.heard(), later.heard()) == ([], [])
    outside.rtp.close()
    later.rtp.close()


def test_behind_a_nat_the_text_goes_to_the_port_of_the_sdp_until_a_packet_has_come(
    player: Player, ann: Phone
) -> None:
    outside = phone()
    opened(player, "a", ann)
    told(player, peer_of(Join, "a", ann, latch=True))
    told(player, Play(id="a", clips=("abc",)))
    player.tick(0.0)
    outside.ours = ann.ours
    outside.say()
    carry(player)
    player.tick(0.0)
    assert [packet.payload[:1] for packet in ann.heard()] == [b"a"]
    assert [packet.payload[:1] for packet in outside.heard()] == [b"b"]
    outside.rtp.close()


def test_after_two_seconds_the_port_of_the_sdp_counts_also_behind_a_nat(
    player: Player, ann: Phone, bob: Phone
) -> None:
    outside = phone()
    opened(player, "a", ann)
    told(player, peer_of(Join, "a", ann, latch=True))
    joined(player, "b", bob)
    told(player, Bridge(id="a", other="b"))
    player.attend(2.0)
    outside.ours = ann.ours
    outside.say(b"too late")
    ann.say(b"as in the SDP")
    carry(player, 2.1)
    assert [packet.payload for packet in bob.heard()] == [b"as in the SDP"]
    outside.rtp.close()


def test_another_host_cannot_take_the_port_of_a_peer_behind_a_nat(
    player: Player, ann: Phone, bob: Phone
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp:
        rtp.bind(("127.0.0.2", 0))
        opened(player, "a", ann)
        told(player, peer_of(Join, "a", ann, latch=True))
        joined(player, "b", bob)
        told(player, Bridge(id="a", other="b"))
        Phone(rtp, ann.ours).say(b"injected")
        ann.say(b"opens the way")
        ann.say(b"true")
        carry(player)
    assert b"injected" not in [packet.payload for packet in bob.heard()]
    ann.say(b"true")
    carry(player)
    assert [packet.payload for packet in bob.heard()] == [b"true"]


def test_a_peer_that_moves_is_heard_from_its_new_port_only(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    before = phone()
    ann.say()
    bob.say()
    carry(player)
    old = ann.heard()
    before.rtp, ann.rtp = ann.rtp, before.rtp
    before.ours = ann.ours
    moved(player, "a", ann)
    before.say(b"from the old port")
    ann.say(b"from the new port")
    bob.say(b"to the new port")
    carry(player)
    assert [packet.payload for packet in bob.heard()] == [b"s" * 160, b"from the new port"]
    assert steps(old + ann.heard()) == [(1, 160)]
    assert before.heard() == []
    before.rtp.close()


def test_a_peer_on_hold_is_sent_nothing_and_hears_on_when_it_returns(
    player: Player, ann: Phone, bob: Phone
) -> None:
    bridged(player, ann, bob)
    bob.say(b"before")
    carry(player)
    moved(player, "a", ann, is_listening=False, is_speaking=False)
    for _ in range(5):
        bob.say(b"held")
    carry(player)
    moved(player, "a", ann)
    bob.say(b"after")
    carry(player)
    packets = ann.heard()
    assert [packet.payload for packet in packets] == [b"before", b"after"]
    assert [step for step, _ in steps(packets)] == [1]


def test_hold_in_the_old_way_needs_no_address(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    hold = Move(
        id="a", host="0.0.0.0", port=0, law="PCMU", payload_type=0, is_listening=False, is_speaking=False
    )
    assert told(player, hold) is None
    bob.say()
    carry(player)
    assert ann.heard() == []
    assert moved(player, "a", ann) is None
    bob.say(b"again")
    carry(player)
    assert [packet.payload for packet in ann.heard()] == [b"again"]


def test_the_law_of_a_peer_that_moves_may_change(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    moved(player, "b", bob, law="PCMA")
    ann.say(b"\xff" * 160)
    carry(player)
    assert [(p.payload_type, p.payload) for p in bob.heard()] == [(8, b"\xd5" * 160)]


def test_when_one_side_is_closed_the_other_falls_silent_and_can_be_bridged_anew(
    player: Player, ann: Phone, bob: Phone
) -> None:
    bridged(player, ann, bob)
    told(player, Close(id="a"))
    bob.say()
    carry(player)
    third = phone()
    joined(player, "c", third)
    assert told(player, Bridge(id="b", other="c")) is None
    third.say(b"third")
    carry(player)
    assert ann.heard() == []
    assert [packet.payload for packet in bob.heard()] == [b"third"]
    third.rtp.close()


def test_a_joined_port_is_used_again_after_its_close(player: Player, ann: Phone) -> None:
    for _ in range(25):
        joined(player, "a", ann)
        told(player, Close(id="a"))
    assert len(player) == 0


def test_all_streams_of_one_owner_are_closed_by_one_command(player: Player, ann: Phone, bob: Phone) -> None:
    bridged(player, ann, bob)
    player.handle(Open(id="theirs"), "another plane", 0.0)
    told(player, Close(id="*"))
    assert len(player) == 1


def test_reliability_2_a_peer_that_sends_nothing_for_a_minute_is_reported_once(
    player: Player, ann: Phone, bob: Phone
) -> None:
    bridged(player, ann, bob)
    for now in range(0, 60, 10):
        bob.say()
        carry(player, float(now))
    assert player.attend(59.9) == []
    bob.say()
    carry(player, 59.9)
    assert player.attend(60.0) == [("plane", Silent(id="a"))]
    assert player.attend(61.0) == []
    ann.say()
    carry(player, 70.0)
    assert player.attend(119.0) == []
    assert [event.id for _, event in player.attend(130.0)] == ["a", "b"]


def test_a_peer_on_hold_is_not_silent_and_gets_a_whole_minute_when_it_returns(
    player: Player, ann: Phone
) -> None:
    joined(player, "a", ann)
    moved(player, "a", ann, is_listening=False, is_speaking=False)
    assert player.attend(1_000.0) == []
    moved(player, "a", ann, 1_000.0)
    assert player.attend(1_059.0) == []
    assert player.attend(1_060.0) == [("plane", Silent(id="a"))]


def test_an_opened_port_waits_as_long_as_it_was_asked_for(player: Player, ann: Phone) -> None:
    told(player, Open(id="a", idle_s=200))
    told(player, Open(id="b"))
    player.attend(60.0)
    assert len(player) == 1
    player.attend(200.0)
    assert len(player) == 0


def test_a_joined_stream_stays_open(player: Player, ann: Phone) -> None:
    joined(player, "a", ann)
    player.attend(10_000.0)
    assert len(player) == 1


def test_a_play_may_name_the_peer_that_the_stream_is_joined_to_and_no_other(
    player: Player, ann: Phone, bob: Phone
) -> None:
    joined(player, "a", ann)
    same = Play(id="a", host=HOST, port=ann.port, law="PCMU", payload_type=0, clips=("x",))
    assert told(player, same) is None
    assert player.tick(0.0) == [("plane", Finished(id="a"))]
    other = Play(id="a", host=HOST, port=bob.port, law="PCMU", payload_type=0, clips=("x",))
    refused = told(player, other)
    assert isinstance(refused, Refused)
    assert "joined to another peer" in refused.error


def test_a_text_to_a_peer_on_hold_ends_in_its_time_and_is_not_sent(player: Player, ann: Phone) -> None:
    joined(player, "a", ann, is_listening=False)
    told(player, Play(id="a", clips=("abc",)))
    events = [event for _ in range(3) for _, event in player.tick(0.0)]
    assert events == [Finished(id="a")]
    assert ann.heard() == []


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (Join(id="no", host=HOST, port=4_000, law="PCMU", payload_type=0), "not open"),
        (Join(id="a", host=HOST, port=4_000, law="PCMU", payload_type=0), "already joined"),
        (Join(id="idle", host="0.0.0.0", port=4_000, law="PCMU", payload_type=0), "one receiver's address"),
        (Join(id="idle", host="239.1.1.1", port=4_000, law="PCMU", payload_type=0), "one receiver's address"),
        (Join(id="idle", host="::1", port=4_000, law="PCMU", payload_type=0), "not an IPv4 address"),
        (Join(id="idle", host=HOST, port=0, law="PCMU", payload_type=0), "port 0"),
        (Move(id="idle", host=HOST, port=4_000, law="PCMU", payload_type=0), "not joined"),
        (Move(id="a", host="0.0.0.0", port=0, law="PCMU", payload_type=0), "one receiver's address"),
        (Move(id="a", host="example.net", port=4_000, law="PCMU", payload_type=0), "not an IP address"),
        (Bridge(id="c", other="idle"), "idle is not joined"),
        (Bridge(id="a", other="no"), "not open"),
        (Bridge(id="a", other="a"), "to itself"),
        (Bridge(id="a", other="c"), "bridged already"),
        (Open(id="*"), "names every stream"),
        (Play(id="idle", clips=("x",)), "not an IP address"),
    ],
)
def test_what_cannot_be_done_is_refused_and_the_bridge_stays(
    player: Player, ann: Phone, bob: Phone, command: Join | Move | Bridge | Open | Play, error: str
) -> None:
    bridged(player, ann, bob)
    third = phone()
    joined(player, "c", third)
    told(player, Open(id="idle"))
    refused = told(player, command)
    assert isinstance(refused, Refused)
    assert error in refused.error
    ann.say(b"still there")
    carry(player)
    assert [packet.payload for packet in bob.heard()] == [b"still there"]
    third.rtp.close()


def test_a_stream_that_has_played_to_an_address_cannot_wait_behind_a_nat(player: Player, ann: Phone) -> None:
    opened(player, "a", ann)
    told(player, Play(id="a", host=HOST, port=ann.port, law="PCMU", payload_type=0, clips=("x",)))
    refused = told(player, peer_of(Join, "a", ann, latch=True))
    assert isinstance(refused, Refused)
    assert "NAT" in refused.error


def test_a_listener_that_has_closed_its_port_does_not_stop_its_own_words(
    player: Player, ann: Phone, bob: Phone
) -> None:
    bridged(player, ann, bob)
    port = bob.port
    bob.rtp.close()
    for _ in range(5):
        ann.say()
        carry(player)
    bob.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bob.rtp.bind((HOST, port))
    for _ in range(5):
        bob.say(b"back again")
        carry(player)
    assert len(ann.heard()) >= 4


def test_reports_of_what_was_sent_and_heard_go_to_the_port_above(player: Player, bob: Phone) -> None:
    ann, ear = pair_of_ports()
    joined(player, "a", ann)
    joined(player, "b", bob)
    told(player, Bridge(id="a", other="b"))
    for place in (0, 1, 3):
        ann.sequence = 1_000 + place
        ann.say()
        bob.say()
    carry(player, 1.0)
    player.attend(8.0)
    packets = ear.recv(2_048)
    assert packets[:2] == b"\x81\xc8"
    assert last_sender_report(packets) is not None
    ours = int.from_bytes(packets[4:8])
    assert {packet.ssrc for packet in ann.heard()} == {ours}
    assert int.from_bytes(packets[20:24]) == 3
    block = packets[28:52]
    assert int.from_bytes(block[:4]) == ann.ssrc
    assert (block[4], int.from_bytes(block[5:8])) == (64, 1)
    for closing in (ann.rtp, ear):
        closing.close()


def test_a_report_names_the_peers_last_report_and_its_age(player: Player) -> None:
    ann, ear = pair_of_ports()
    joined(player, "a", ann)
    ann.say()
    theirs = b"\x80\xc8\x00\x06" + bytes(4) + b"\x00\x01\x02\x03\x04\x05\x06\x07" + bytes(12)
    ear.sendto(theirs, (HOST, ann.ours[1] + 1))
    carry(player, 1.0)
    player.attend(9.0)
    packets = ear.recv(2_048)
    assert packets[:2] == b"\x81\xc9"
    assert packets[24:28] == b"\x02\x03\x04\x05"
    assert int.from_bytes(packets[28:32]) == 8 * 65_536
    for closing in (ann.rtp, ear):
        closing.close()


def pair_of_ports() -> tuple[Phone, socket.socket]:
    """Return a phone, and its RTCP socket on the port above."""
    for port in range(FIRST + 101, FIRST + 199, 2):
        rtp, ear = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        try:
            rtp.bind((HOST, port - 1))
            ear.bind((HOST, port))
        except OSError:
            rtp.close()
            ear.close()
            continue
        rtp.setblocking(False)
        ear.settimeout(2.0)
        return Phone(rtp), ear
    raise AssertionError("no two ports are free")
