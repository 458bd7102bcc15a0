"""Calls in which both sides speak and listen: SIPp does the signalling, handsets the sound."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from peer_ear import Packet
from peer_handset import FRAME_SAMPLES, Frames, Handset, Handsets, tone
from peer_node import Line, Node, wait_until
from peer_sipp import Message, Sipp, Sipps
from peer_steps import ANSWERED, HANGS_UP, answers, invite, pause

CALLER_HZ, LINE_HZ = 1000, 600
# A telephone that has just been picked up is not at the ear yet: the silence before every text, in frames.
GUIDANCE_LEAD, ANNOUNCEMENT_LEAD = 5, 20
_SILENT_FRAME = b"\xff" * FRAME_SAMPLES


def offer(handset: Handset, formats: str = "0 8", events: int = 101) -> tuple[str, ...]:
    """Return the lines about media of a handset."""
    return (
        f"m=audio {handset.port} RTP/AVP {formats} {events}",
        f"a=rtpmap:{events} telephone-event/8000",
    )


def speak_where_told(sipp: Sipp, handset: Handset) -> Message:
    """Let a handset speak as soon as its telephone has learned where to; return the message that said so."""

    def told() -> Message | None:
        return next((message for message in sipp.received() if "m=audio" in message.body), None)

    message: Message = wait_until(told, "a session description comes")
    handset.speak_to(message.audio)
    return message


def talks(handset: Handset, milliseconds: int, caller: str) -> list[str]:
    """Return the caller's side of an answered call."""
    return [invite(caller, offer=offer(handset)), *ANSWERED, pause(milliseconds), *HANGS_UP]


@dataclass(frozen=True)
class Spoken:
    """A call to a number: each side's telephone and handset; near is the caller's, far the line's."""

    number: str
    caller: Sipp
    callee: Sipp
    near: Handset
    far: Handset

    def finish(self) -> "Spoken":
        """Wait until both telephones are through."""
        self.caller.finish()
        self.callee.finish()
        return self


class Talk:
    """Makes calls on one node."""

    def __init__(self, node: Node, directory: Path) -> None:
        self.node = node
        self.sipp = Sipps(node, directory)
        self.handsets = Handsets()

    def near(self, frames: Frames | None = None, payload_type: int = 0, host: str = "") -> Handset:
        """Return a handset at a carrier, the trusted one unless told."""
        return self.handsets.new(host or self.node.network.carrier, frames or tone(CALLER_HZ), payload_type)

    def far(self, line: Line, frames: Frames | None = None, payload_type: int = 0) -> Handset:
        """Return a handset on a line."""
        return self.handsets.new(line.host, frames or tone(LINE_HZ), payload_type)

    def call(
        self,
        to: tuple[str, Line],
        handsets: tuple[Handset, Handset],
        caller_side: Sequence[str],
        line_side: Sequence[str] = (),
    ) -> Spoken:
        """Return a call in which both sides speak as soon as they know where to: as early as can be."""
        (number, line), (near, far) = to, handsets
        callee = self.sipp.line(line, line_side or answers(300, offer(far, "0")))
        caller = self.sipp.caller(number, caller_side, host=near.host)
        speak_where_told(callee, far)
        speak_where_told(caller, near)
        return Spoken(number, caller, callee, near, far)

    def close(self) -> None:
        """End what is left."""
        self.sipp.end()
        self.handsets.close()


def talking(node: Node, directory: Path) -> Iterator[Talk]:
    """Make calls on a node until the test is over."""
    talk = Talk(node, directory)
    yield talk
    talk.close()


def text(prompts: Path, *clips: str, lead: int = GUIDANCE_LEAD) -> list[bytes]:
    """Return the frames of a µ-law text as it must arrive: a number is a pause in milliseconds."""
    parts = (
        b"\xff" * 8 * int(clip) if clip.isdecimal() else (prompts / f"{clip}.ul").read_bytes()
        for clip in clips
    )
    sound = b"".join((lead * _SILENT_FRAME, *parts))
    sound += b"\xff" * (-len(sound) % FRAME_SAMPLES)
    return [sound[start : start + FRAME_SAMPLES] for start in range(0, len(sound), FRAME_SAMPLES)]


def sounds(packets: Sequence[Packet]) -> list[bytes]:
    """Return what packets carry."""
    return [packet.sound for packet in packets]


def breaks(packets: Sequence[Packet]) -> list[tuple[int, float]]:
    """Return (packets missing, frames of time passed) wherever a stream does not simply go on by 20 ms."""
    steps = [
        (
            ((new.sequence - old.sequence - 1 + 0x8000) & 0xFFFF) - 0x8000,
            ((new.timestamp - old.timestamp) & 0xFFFF_FFFF) / FRAME_SAMPLES,
        )
        for old, new in pairwise(packets)
    ]
    return [(missing, passed) for missing, passed in steps if (missing, passed) != (0, 1)]
