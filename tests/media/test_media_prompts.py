"""Which clips make an announcement, and what they sound like when joined."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.errors import InputError
from chakka.media.prompts import compose, grouped, repeats, script, silence, spoken_number
from chakka.media.speech import read_texts
from chakka.routing.decision import Announcement

TEXTS = read_texts()
ROOT = Path(__file__).parents[2]
CLASSES = ("mobile", "ip_phone", "international", "other")

freephone = st.one_of(
    st.from_regex(r"0120[0-9]{6}", fullmatch=True), st.from_regex(r"0800[0-9]{7}", fullmatch=True)
)


def text_of(name: str) -> str:
    """Return what a clip says: a phrase, or the figure of a digit."""
    if name.startswith("digit_"):
        return name.split("_")[1]
    return "" if name.startswith("pause_") else TEXTS.phrases[name]


def test_r4_4_off_hours_says_exactly_the_one_text() -> None:
    said = "".join(text_of(name) for name in script("off_hours", number="0120123456"))
    assert said == (
        "お電話ありがとうございます。こちらは0120123456です。"
        "ただいまお電話の受付は休ませていただいております。またのご利用をお待ちしております。"
    )


def test_r4_4_off_hours_is_played_twice_and_the_others_once() -> None:
    assert {name: repeats(name) for name in Announcement} == {
        name: 2 if name == "off_hours" else 1 for name in Announcement
    }


def test_r4_4_the_number_is_read_digit_by_digit_in_the_groups_in_which_it_is_written() -> None:
    clips = [name for name in spoken_number("08001234567") if name != "pause_40"]
    assert clips == [
        *("digit_0_mid", "digit_8_mid", "digit_0_mid", "digit_0_mid", "pause_250"),
        *("digit_1_mid", "digit_2_mid", "digit_3_mid", "pause_250"),
        *("digit_4_mid", "digit_5_mid", "digit_6_mid", "digit_7_final"),
    ]


@given(freephone)
def test_only_the_last_digit_falls(number: str) -> None:
    digits = [name for name in spoken_number(number) if name.startswith("digit_")]
    assert [name[6] for name in digits] == list(number)
    assert [name.endswith("_final") for name in digits] == [False] * (len(number) - 1) + [True]


@pytest.mark.parametrize(
    ("number", "groups"),
    [("0120123456", ("0120", "123", "456")), ("08001234567", ("0800", "123", "4567"))],
)
def test_numbers_are_grouped_as_they_are_printed(number: str, groups: tuple[str, ...]) -> None:
    assert grouped(number) == groups


@pytest.mark.parametrize(
    "number", ["", "0120", "01201234567", "0800123456", "0422511234", "０１２０１２３４５６"]
)
def test_a_number_that_is_not_freephone_is_named_in_the_error(number: str) -> None:
    with pytest.raises(InputError, match=repr(number)):
        script("off_hours", number=number)


@pytest.mark.parametrize("variant", CLASSES)
def test_r5_2_each_class_hears_its_own_text(variant: str) -> None:
    assert script("restricted_class", variant=variant) == (f"restricted_{variant}",)


@pytest.mark.parametrize("variant", [None, "payphone", "satellite", ""])
def test_r5_2_a_class_without_a_text_of_its_own_hears_the_general_one(variant: str | None) -> None:
    assert script("restricted_class", variant=variant) == ("restricted_other",)


def test_r5_2_no_two_reasons_share_a_text() -> None:
    reasons = [TEXTS.phrases[f"restricted_{reason}"] for reason in ("area", *CLASSES)]
    assert len(set(reasons)) == len(reasons)


OTHERS = (
    *("demo_line", "guidance_caller", "guidance_callee", "whisper"),
    *("notification_on", "notification_off", "notification_refused"),
)


@pytest.mark.parametrize("announcement", [*Announcement, *OTHERS])
def test_every_announcement_is_made_of_clips_that_are_rendered(announcement: str) -> None:
    digits = {f"digit_{d}_{place}" for d in TEXTS.digits for place in ("mid", "final")}
    clips = {*TEXTS.phrases, *TEXTS.tones, *digits}
    names = script(announcement, number="0120987654")
    assert {name for name in names if not name.startswith("pause_")} <= clips


def said(announcement: str, **facts: str | None) -> str:
    return "".join(text_of(name) for name in script(announcement, **facts))  # type: ignore[arg-type]


def test_r5_1_caller_and_callee_each_hear_that_the_service_connects_them() -> None:
    assert said("guidance_caller").startswith("こちらは、着信課金サービスで")
    assert said("guidance_callee") == "着信課金サービスの電話です。"


@pytest.mark.parametrize(
    ("caller_class", "prefecture", "whispered"),
    [
        ("mobile", "神奈川県", "神奈川県携帯電話からのお電話です。"),
        ("payphone", "東京都", "東京都公衆電話からのお電話です。"),
        ("fixed", "北海道", "北海道からのお電話です。"),
        ("unknown", "沖縄県", "沖縄県からのお電話です。"),
        ("mobile", None, "携帯電話からのお電話です。"),
        ("ip_phone", "どこか", "アイピー電話からのお電話です。"),
        ("fixed", None, "発信地域の、わからないお電話です。"),
        (None, None, "発信地域の、わからないお電話です。"),
    ],
)
def test_the_callee_is_told_area_and_class_as_far_as_they_are_known(
    caller_class: str | None, prefecture: str | None, whispered: str
) -> None:
    assert said("whisper", variant=caller_class, prefecture=prefecture) == whispered


def test_every_prefecture_of_the_numbering_table_is_whispered_by_its_own_name() -> None:
    with (ROOT / "data/numbering/prefectures.csv").open() as table:
        names = [row["prefecture"] for row in csv.DictReader(table)]
    assert len(names) == 47
    assert [said("whisper", prefecture=name) for name in names] == [
        f"{name}からのお電話です。" for name in names
    ]


def test_at_most_a_hundred_clips_are_rendered() -> None:
    assert len(TEXTS.phrases) + 2 * len(TEXTS.digits) + len(TEXTS.tones) <= 100


def test_an_unknown_announcement_is_an_error() -> None:
    with pytest.raises(InputError, match="'weather' does not exist"):
        script("weather")


def test_clips_are_joined_in_order_with_their_pauses() -> None:
    clips = {"a": b"aaa", "b": b"b"}
    assert compose(clips, ("a", "pause_1", "b", "a")) == b"aaa" + b"\xff" * 8 + b"baaa"


@given(st.lists(st.sampled_from(["a", "b", "pause_20", "pause_0"]), max_size=30))
def test_a_composition_lasts_as_long_as_its_parts(names: list[str]) -> None:
    lengths = {"a": 400, "b": 7, "pause_20": 160, "pause_0": 0}
    clips = {"a": b"a" * 400, "b": b"b" * 7}
    assert len(compose(clips, tuple(names))) == sum(lengths[name] for name in names)


@pytest.mark.parametrize("name", ["c", "pause_", "pause_-1", "pause_10001", "pause_99999", "../a"])
def test_a_clip_that_does_not_exist_is_named_in_the_error(name: str) -> None:
    with pytest.raises(InputError, match="clip"):
        compose({"a": b"a"}, ("a", name))


def test_silence_lasts_eight_bytes_a_millisecond() -> None:
    assert silence(20) == b"\xff" * 160
