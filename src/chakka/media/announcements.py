"""Announcements as they are sent: clips joined, in one law, in whole frames, kept for the next caller."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from chakka.errors import InputError
from chakka.media.control import Law, Play
from chakka.media.g711 import to_alaw
from chakka.media.prompts import SILENCE, compose, silence
from chakka.media.rtp import FRAME_MS, FRAME_SAMPLES

# No announcement is longer; whoever asks for more is mistaken: seconds.
LONGEST_PLAY_S = 300
# Composed announcements kept: 15 s of off-hours text are 120 kB.
_KEPT = 256

_FRAMES_PER_S = 1_000 // FRAME_MS


@dataclass(frozen=True, slots=True)
class Announcement:
    """One playing and the pause after it. end: octets of all repetitions, without the last pause."""

    sound: bytes
    end: int


class Announcements:
    """Makes announcements from clips (µ-law sounds by name)."""

    def __init__(self, clips: Mapping[str, bytes]) -> None:
        self._clips = clips
        self._composed: OrderedDict[tuple[tuple[str, ...], Law], bytes] = OrderedDict()

    def compose(self, play: Play, law: Law) -> Announcement:
        """Return what a Play asks for.

        Raises: InputError when it lasts too long, holds no sound or a clip that does not exist.
        """
        sound = self._sound(play.clips, law)
        pause = _in_law(_whole_frames(silence(play.pause_ms)), law)
        end = play.repeat * (len(sound) + len(pause)) - len(pause)
        if end > LONGEST_PLAY_S * _FRAMES_PER_S * FRAME_SAMPLES:
            raise InputError(f"playing would last longer than {LONGEST_PLAY_S} s")
        return Announcement(sound + pause, end)

    def _sound(self, names: tuple[str, ...], law: Law) -> bytes:
        key = (names, law)
        sound = self._composed.get(key)
        if sound is None:
            sound = _in_law(_whole_frames(compose(self._clips, names)), law)
            if not sound:
                raise InputError("there is nothing to play")
            self._composed[key] = sound
            if len(self._composed) > _KEPT:
                self._composed.popitem(last=False)
        else:
            self._composed.move_to_end(key)
        return sound


def _whole_frames(sound: bytes) -> bytes:
    return sound + SILENCE * (-len(sound) % FRAME_SAMPLES)


def _in_law(ulaw: bytes, law: Law) -> bytes:
    return to_alaw(ulaw) if law == "PCMA" else ulaw
