"""Which clips make up an announcement, and the audio that they make. Pure: `library.py` reads the files."""

import re
from collections.abc import Mapping

from chakka.errors import InputError

# G.711 at 8 kHz: one byte a sample; µ-law 0xFF is positive zero (ITU-T G.711 table 2a).
SAMPLES_PER_MS = 8
SILENCE = b"\xff"

# R4.4: played twice; every other announcement of signalling.md §2 once. A listener needs a breath between.
OFF_HOURS_REPEATS = 2
REPEAT_PAUSE_MS = 1_000

_GROUP_PAUSE = "pause_250"
# A digit clip is cut close to the voice; this little gap keeps digit-by-digit reading intelligible.
_DIGIT_PAUSE = "pause_40"
_LONGEST_PAUSE_MS = 10_000

# Between the words of a whisper, as a speaker would set commas.
_WORD_PAUSE = "pause_100"

_FIXED = {
    "restricted_area": ("restricted_area",),
    "not_in_service": ("not_in_service",),
    "blocked": ("blocked",),
    "suspended": ("suspended",),
    "guidance_caller": ("guidance_caller",),
    "guidance_callee": ("guidance_callee",),
    "notification_on": ("notification_on",),
    "notification_off": ("notification_off",),
    "notification_refused": ("notification_refused",),
    "demo_line": ("demo_line", "pause_300", "line_tone"),
}
_CLASS_VARIANTS = frozenset({"mobile", "ip_phone", "international"})
# Of the other classes a callee learns the area alone: they are fixed telephones, or not known.
_SPOKEN_CLASSES = frozenset(
    {"mobile", "payphone", "ip_phone", "international", "satellite", "ship", "aircraft"}
)
# In the order of their JIS codes, 01 to 47.
_PREFECTURE_NAMES = (
    "北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 "
    "東京都 神奈川県 新潟県 富山県 石川県 福井県 山梨県 長野県 岐阜県 静岡県 愛知県 "
    "三重県 滋賀県 京都府 大阪府 兵庫県 奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 "
    "山口県 徳島県 香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 "
    "鹿児島県 沖縄県"
)
_PREFECTURES = tuple(_PREFECTURE_NAMES.split())
_FREEPHONE = re.compile(r"(?:(0120)([0-9]{3})([0-9]{3})|(0800)([0-9]{3})([0-9]{4}))")
_PAUSE = re.compile(r"pause_([0-9]{1,5})")


def script(
    announcement: str, *, number: str = "", variant: str | None = None, prefecture: str | None = None
) -> tuple[str, ...]:
    """Return the clip names of one playing of an announcement, pauses included.

    announcement: a value of `routing.decision.Announcement`; `guidance_caller`, `guidance_callee`; `whisper`;
                  `notification_on`, `notification_off`, `notification_refused`; or `demo_line`.
    number:       the freephone number in digits; read out by `off_hours`, ignored by the others.
    variant:      the caller class for `restricted_class` (R5.2), where a class without its own text gets
                  `other`, and for `whisper`.
    prefecture:   its name, for `whisper`; None when it is not known.
    Raises:       InputError for an announcement that does not exist or a number that is not freephone.
    Source:       service.md R4.4, R5.1, R5.2, R6.1, §9.11.
    """
    if announcement == "whisper":
        return _whisper(variant, prefecture)
    if announcement == "off_hours":
        return ("off_hours_greeting", "pause_200", "this_is", *spoken_number(number), "off_hours_closed")
    if announcement == "restricted_class":
        return (f"restricted_{variant if variant in _CLASS_VARIANTS else 'other'}",)
    if announcement not in _FIXED:
        raise InputError(f"announcement {announcement!r} does not exist")
    return _FIXED[announcement]


def _whisper(caller_class: str | None, prefecture: str | None) -> tuple[str, ...]:
    """Return what the callee hears of its caller: prefecture and class, as far as they are known."""
    words: list[str] = []
    if prefecture in _PREFECTURES:
        words += (f"prefecture_{_PREFECTURES.index(prefecture) + 1:02d}", _WORD_PAUSE)
    if caller_class in _SPOKEN_CLASSES:
        words += (f"class_{caller_class}", _WORD_PAUSE)
    return (*words[:-1], "whisper_call") if words else ("whisper_unknown",)


def repeats(announcement: str) -> int:
    """Return how often an announcement is played before the call is released (R4.4)."""
    return OFF_HOURS_REPEATS if announcement == "off_hours" else 1


def grouped(number: str) -> tuple[str, ...]:
    """Return a freephone number in the groups in which it is written: 0120-123-456, 0800-123-4567.

    Raises: InputError when it is not 0120 and six or 0800 and seven digits.
    """
    match = _FREEPHONE.fullmatch(number)
    if match is None:
        raise InputError(f"number {number!r} is not 0120 and six digits or 0800 and seven")
    return tuple(group for group in match.groups() if group)


def spoken_number(number: str) -> tuple[str, ...]:
    """Return the clips that read a freephone number digit by digit, a pause between groups.

    Every digit is spoken as one that others follow, but the last: its voice falls.
    """
    groups = grouped(number)
    names: list[str] = []
    for group in groups:
        for digit in group:
            names += (f"digit_{digit}_mid", _DIGIT_PAUSE)
        names[-1] = _GROUP_PAUSE
    names[-2:] = (f"digit_{number[-1]}_final", _DIGIT_PAUSE)
    return tuple(names)


def compose(clips: Mapping[str, bytes], names: tuple[str, ...]) -> bytes:
    """Return clips and pauses joined: µ-law, 8 kHz, mono.

    Raises: InputError naming the first clip that is missing, or a pause over ten seconds.
    """
    return b"".join(_sound(clips, name) for name in names)


def silence(duration_ms: int) -> bytes:
    """Return µ-law silence."""
    return SILENCE * (duration_ms * SAMPLES_PER_MS)


def _sound(clips: Mapping[str, bytes], name: str) -> bytes:
    pause = _PAUSE.fullmatch(name)
    if pause is not None:
        duration_ms = int(pause[1])
        if duration_ms > _LONGEST_PAUSE_MS:
            raise InputError(f"clip {name!r} pauses longer than {_LONGEST_PAUSE_MS} ms")
        return silence(duration_ms)
    sound = clips.get(name)
    if sound is None:
        raise InputError(f"clip {name!r} does not exist")
    return sound
