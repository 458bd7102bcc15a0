"""The relay between telephones: hold, keys, laws, strangers, load (signalling.md §3, reliability.md §2)."""

import socket
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from peer_ear import Packet, Samples, from_alaw, from_ulaw, loudest_hz, speech_level
from peer_handset import FRAME_S, Handset, Said, key, number_of, numbered, rtp, tone
from peer_node import Line, wait_until
from peer_plans import business
from peer_sipp import Message, Sipp
from peer_spoken import CALLER_HZ, LINE_HZ, Spoken, Talk, breaks, offer, sounds
from peer_steps import ANSWERED, HANGS_UP, answers, bye, hear, invite, pause, request, sdp

STRANGER_HZ = 3000
KEY_5, KEY_8 = 5, 8


def relayed_business(talk: Talk, channels: int = 2) -> tuple[str, Line]:
    """Return a business whose calls go through the relay."""
    number, (line,) = business(talk.node, whisper=True, channels=channels)
    return number, line


def bridged(spoken: Spoken) -> float:
    """Wait until both sides hear each other; return since when."""
    final: Message = wait_until(lambda: _answer(spoken.caller), "the caller is answered")
    wait_until(lambda: len(spoken.near.packets) > 10, "the caller hears the line")
    return final.at


def _answer(caller: Sipp) -> Message | None:
    return next((message for message in caller.received() if message.status == 200), None)


def since(packets: Sequence[Packet], at: float, until: float = float("inf")) -> list[Packet]:
    """Return the packets of a time."""
    return [packet for packet in packets if at <= packet.at < until]


def test_hold_silences_the_line_for_the_caller_alone(talk: Talk) -> None:
    number, line = relayed_business(talk)
    near, far = talk.near(), talk.far(line)
    caller_side = [
        *(invite(offer=offer(near)), *ANSWERED, pause(600)),
        *_reinvites(2, sdp(*offer(near), "a=sendonly")),
        pause(800),
        *_reinvites(3, sdp(*offer(near))),
        *(pause(600), bye(4), hear(200)),
    ]
    spoken = talk.call((number, line), (near, far), caller_side)
    answered_at = bridged(spoken)
    spoken.finish()
    first, held, resumed = (
        message for message in spoken.caller.received() if message.status == 200 and message.body
    )
    assert "a=recvonly" in held.body
    assert first.audio == held.audio == resumed.audio
    # The line is not asked: its session with the relay stays, and it hears the caller's music.
    assert len(spoken.callee.requests("INVITE")) == 1
    margin = 0.1
    assert not since(near.packets, held.at + margin, resumed.at)
    assert len(since(far.packets, held.at + margin, resumed.at)) * FRAME_S > 0.6
    for part in (since(near.packets, answered_at, held.at), since(near.packets, resumed.at)):
        assert len(part) * FRAME_S > 0.4
        assert loudest_hz(from_ulaw(b"".join(sounds(part)))) == pytest.approx(LINE_HZ, abs=4)
    # Not sent is not lost, and time has passed.
    (leap,) = breaks(near.packets)
    assert leap == (0, pytest.approx((resumed.at - held.at) / FRAME_S, abs=5))
    print(f"heard: hold: line silent for the caller {leap[1] * FRAME_S:.2f} s, caller heard by the line on")


def _reinvites(cseq: int, body: str) -> list[str]:
    return [
        request("INVITE", cseq, body=body),
        *(hear(100, optional=True), hear(200)),
        request("ACK", cseq, branch=f"ack{cseq}"),
    ]


def test_keys_reach_the_other_side_under_its_own_number(talk: Talk) -> None:
    number, line = relayed_business(talk)
    near, far = talk.near(), talk.far(line)
    caller_side = [invite(offer=offer(near, events=101)), *ANSWERED, pause(1200), *HANGS_UP]
    line_side = answers(0, offer(far, "0", events=96))
    spoken = talk.call((number, line), (near, far), caller_side, line_side)
    bridged(spoken)
    near.press(key(KEY_5, 101))
    far.press(key(KEY_8, 96))
    spoken.finish()
    for handset, number_here, digit in ((far, 96, KEY_5), (near, 101, KEY_8)):
        events = [packet for packet in handset.packets if packet.payload_type in (96, 101)]
        assert sounds(events) == [said.sound for said in key(digit, 0)]
        assert {packet.payload_type for packet in events} == {number_here}
        # RFC 4733 §2.2: one timestamp, that of the beginning; the marker is on the first alone.
        assert len({packet.timestamp for packet in events}) == 1
        assert [packet.data[1] >> 7 for packet in events] == [1, 0, 0, 0, 0, 0, 0, 0]
        ordered = [packet.sequence for packet in handset.packets]
        assert {(new - old) & 0xFFFF for old, new in pairwise(ordered)} == {1}


def test_a_caller_of_one_law_talks_to_a_line_of_the_other(talk: Talk) -> None:
    number, line = relayed_business(talk)
    near, far = talk.near(tone(CALLER_HZ, "PCMA"), 8), talk.far(line)
    caller_side = [invite(offer=offer(near, "8")), *ANSWERED, pause(1000), *HANGS_UP]
    spoken = talk.call((number, line), (near, far), caller_side).finish()
    # A line that knows µ-law alone must find it in the offer.
    offered = next(row for row in spoken.callee.requests("INVITE")[0].body.splitlines() if "m=audio" in row)
    assert offered.split()[3:] == ["8", "0", "101"]
    assert {packet.payload_type for packet in near.packets} == {8}
    assert {packet.payload_type for packet in far.packets} == {0}
    answered_at = spoken.caller.final().at
    heard_by_caller = from_alaw(b"".join(sounds(near.packets)))
    heard_by_line = from_ulaw(b"".join(sounds(since(far.packets, answered_at))))
    for heard, hz in ((heard_by_caller, LINE_HZ), (heard_by_line, CALLER_HZ)):
        assert loudest_hz(heard) == pytest.approx(hz, abs=2)
        assert speech_level(heard) == pytest.approx(-19, abs=0.5)
    print(f"heard: A-law caller, µ-law line: {speech_level(heard_by_caller):.1f} dBFS in the other's ear")


def test_strangers_who_flood_both_ports_are_neither_heard_nor_answered(talk: Talk) -> None:
    number, line = relayed_business(talk)
    near, far = talk.near(numbered), talk.far(line, numbered)
    caller_side = [invite(offer=offer(near)), *ANSWERED, pause(2500), *HANGS_UP]
    spoken = talk.call((number, line), (near, far), caller_side)
    # From the first: while the line still hears its whisper, and the caller ringing.
    ports = {_session(spoken.callee).audio: far, _session(spoken.caller).audio: near}
    strangers = _strangers(talk, near, far)
    told = 0
    while not spoken.caller.has_ended:
        for place in range(4):
            told += _flood(strangers, ports, told + place)
        time.sleep(0.002)
    spoken.finish()
    for handset, other in ((near, far), (far, near)):
        heard = since(handset.packets, spoken.caller.final().at + 0.05)
        numbers = [number_of(packet.sound) for packet in heard]
        # Injection 0, and the other side's every word.
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert len(numbers) * FRAME_S > 2.2
        assert max(numbers) < len(other.sent)
        assert {packet.source for packet in handset.packets} <= set(ports)
    for stranger in strangers:
        with pytest.raises(BlockingIOError):
            stranger.recv(2048)
        stranger.close()
    print(f"heard: {told} packets of strangers: none relayed, none of the call's lost, nothing sent to them")


def _session(sipp: Sipp) -> Message:
    return next(message for message in sipp.received() if "m=audio" in message.body)


def _strangers(talk: Talk, near: Handset, far: Handset) -> list[socket.socket]:
    """Return sockets on a host of no peer's, and on both peers' own hosts at other ports."""
    made = []
    for host in (talk.node.network.stranger, near.host, far.host):
        made.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        made[-1].bind((host, 0))
        made[-1].setblocking(False)
    return made


def _flood(strangers: list[socket.socket], ports: dict[tuple[str, int], Handset], index: int) -> int:
    """Send good RTP to every port from every stranger, as itself and as the peer; return how many packets."""
    sound = tone(STRANGER_HZ)(index)
    for stranger in strangers:
        for port, peer in ports.items():
            stranger.sendto(rtp(Said(0, False, sound), index, 0xBAD0), port)
            stranger.sendto(rtp(Said(0, False, sound), len(peer.sent), peer.ssrc), port)
    return 2 * len(strangers) * len(ports)


CALLS, TALK_S = 40, 10
# All of them are set up within this time.
SETUP_S = 3.0


def test_forty_relayed_calls_lose_nothing_and_come_evenly(talk: Talk) -> None:
    number, line = relayed_business(talk, channels=CALLS)
    # One ear and one mouth on each side for all calls: each call has a port of its own with us.
    near, far = talk.near(numbered), talk.far(line, numbered)
    callee = talk.sipp.line(line, answers(0, offer(far, "0")), calls=CALLS)
    talks_ms = round(1000 * (SETUP_S + TALK_S))
    caller_side = [invite(offer=offer(near)), *ANSWERED, pause(talks_ms), *HANGS_UP]
    caller = talk.sipp.caller(number, caller_side, calls=CALLS, rate=CALLS)
    for sipp, handset in ((callee, far), (caller, near)):
        wait_until(lambda sipp=sipp: len(_sessions(sipp)) == CALLS, f"{CALLS} calls have their sessions")
        handset.speak_to(*_sessions(sipp))
    began = time.time() + 0.5
    caller.finish()
    callee.finish()
    ended = min(message.at for message in caller.sent() if message.method == "BYE") - 0.1
    assert ended - began > TALK_S - 1
    figures = [_carried(pair, began, ended) for pair in ((near, far), (far, near))]
    lost = sum(lost for lost, _ in figures) / sum(len(late) + lost for lost, late in figures)
    late = np.concatenate([late for _, late in figures])
    jitter = np.concatenate([np.abs(np.diff(late)) for _, late in figures])
    p50, p99 = (1000 * np.percentile(jitter, share) for share in (50, 99))
    print(
        f"heard: {CALLS} relayed calls, {ended - began:.1f} s, {len(late)} packets: lost {100 * lost:.3f} %, "
        f"delay p99 {1000 * np.percentile(late, 99):.1f} ms, jitter median {p50:.2f} ms, p99 {p99:.1f} ms"
    )
    assert lost <= 0.001
    # The tail is the machine's, which other tests share.
    assert p50 <= 5
    calls = talk.node.ended_calls(number, CALLS)
    assert all(call.record.is_confirmed for call in calls)


def _sessions(sipp: Sipp) -> list[tuple[str, int]]:
    return list(dict.fromkeys(m.audio for m in sipp.received() if "m=audio" in m.body))


def _carried(pair: tuple[Handset, Handset], began: float, ended: float) -> tuple[int, Samples]:
    """Return how many packets of a time did not come, and how late those that came were, call by call."""
    hears, says = pair
    first, last = (bisect_left(says.sent, at) for at in (began, ended))
    late: dict[tuple[str, int], list[float]] = defaultdict(list)
    for packet in hears.packets:
        number = number_of(packet.sound)
        if first <= number < last:
            late[packet.source].append(packet.at - says.sent[number])
    assert len(late) == CALLS
    lost = CALLS * (last - first) - sum(map(len, late.values()))
    return lost, np.concatenate([np.array(each) for each in late.values()])
