"""What the voice really says: phonemes, levels, intonation, and the files that are kept."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from chakka.errors import InputError
from chakka.media.g711 import decode
from chakka.media.library import PromptLibrary, read_manifest
from chakka.media.prompts import compose, script
from chakka.media.sound import Signal, speech_level
from chakka.media.speech import main, read_texts, source_of, speaker

DIGITS = "0123456789"
PHONEMES = {
    "0": "z e r o",
    "1": "i ch i",
    "2": "n i i",
    "3": "s a N",
    "4": "y o N",
    "5": "g o o",
    "6": "r o k u",
    "7": "n a n a",
    "8": "h a ch i",
    "9": "ky u u",
}


def heard(library: PromptLibrary, name: str) -> Signal:
    return decode(library.clips[name], "PCMU") / 32_768


@pytest.fixture(scope="module")
def library(rendered: Path) -> PromptLibrary:
    return PromptLibrary.load(rendered)


def pitch(signal: Signal) -> float:
    """Return the median fundamental of the voiced windows of 30 ms, in Hz."""
    found = []
    for start in range(0, len(signal) - 240, 80):
        window = signal[start : start + 240]
        if np.mean(window**2) < 2e-3:
            continue
        likeness = np.correlate(window, window, "full")[239:] / np.arange(240, 0, -1)
        lag = 17 + int(np.argmax(likeness[17:40]))
        found.append(8_000 / lag)
    return float(np.median(found))


def fall(signal: Signal) -> float:
    """Return by how much the second half of a word is lower than the first, in Hz."""
    half = len(signal) // 2
    return pitch(signal[:half]) - pitch(signal[half:])


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("place", ["mid", "final"])
def test_each_digit_is_spoken_as_over_the_telephone(rendered: Path, digit: str, place: str) -> None:
    assert read_manifest(rendered).clips[f"digit_{digit}_{place}"].phonemes == PHONEMES[digit]


def test_a_whole_number_reads_as_separate_digits_with_pauses_between_groups() -> None:
    kana = "、".join("".join(read_texts().digits[d] for d in group) for group in ("0120", "456"))
    assert speaker().g2p(kana).replace(" ", "") == "zeroichiniizeropauyoNgooroku"


def test_050_is_read_digit_by_digit(rendered: Path) -> None:
    assert "z e r o g o o z e r o d e h a j i m a r u" in (
        read_manifest(rendered).clips["restricted_ip_phone"].phonemes
    )


def test_r4_4_the_closing_sentence_is_read_as_written(rendered: Path) -> None:
    spoken = read_manifest(rendered).clips["off_hours_closed"].phonemes.lower().replace(" ", "")
    assert spoken.split("pau") == [
        "desu",
        "tadaimaodenwanouketsukewayasumaseteitadaiteorimasu",
        "matanogoriyoooomachishiteorimasu",
    ]


# 四 is one syllable with its N; its pitch moves too little to measure.
@pytest.mark.parametrize("digit", DIGITS.replace("4", ""))
def test_the_final_form_of_a_digit_falls_more_than_the_middle_form(
    library: PromptLibrary, digit: str
) -> None:
    final, mid = heard(library, f"digit_{digit}_final"), heard(library, f"digit_{digit}_mid")
    assert fall(final) > fall(mid)


def test_the_two_forms_of_every_digit_differ(library: PromptLibrary) -> None:
    same = [d for d in DIGITS if library.clips[f"digit_{d}_mid"] == library.clips[f"digit_{d}_final"]]
    assert same == []


def test_digits_last_as_long_as_a_spoken_digit(rendered: Path) -> None:
    clips = read_manifest(rendered).clips
    lengths = [clip.duration_ms for name, clip in clips.items() if name.startswith("digit_")]
    assert min(lengths) >= 200
    assert max(lengths) <= 450


def test_every_clip_speaks_at_19_db_below_full_scale(library: PromptLibrary) -> None:
    levels = {name: speech_level(heard(library, name)) for name in library.clips}
    assert {name: level for name, level in levels.items() if abs(level + 19) > 0.3} == {}


def test_no_clip_peaks_above_3_db_below_full_scale(library: PromptLibrary) -> None:
    peaks = {name: 20 * np.log10(np.abs(heard(library, name)).max()) for name in library.clips}
    # Half a µ-law step, 0.15 dB here, may lie between a sample and its code.
    assert {name: peak for name, peak in peaks.items() if peak > -3 + 0.2} == {}


def test_there_are_at_most_100_clips(library: PromptLibrary) -> None:
    assert len(read_texts().phrases) + 20 + len(read_texts().tones) == len(library.clips) <= 100


def test_r4_4_the_off_hours_text_lasts_what_its_clips_and_pauses_last(
    rendered: Path, library: PromptLibrary
) -> None:
    names = script("off_hours", number="0120123456")
    clips = read_manifest(rendered).clips
    parts = [clips[n].duration_ms if n in clips else int(n.removeprefix("pause_")) for n in names]
    assert len(compose(library.clips, names)) / 8 == pytest.approx(sum(parts), abs=len(parts))
    assert 12_000 < sum(parts) < 18_000


def test_every_text_credits_the_voice(rendered: Path) -> None:
    assert "CC BY 3.0" in read_manifest(rendered).voice


@pytest.mark.slow
def test_the_same_texts_give_the_same_bytes(rendered: Path, tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 0
    assert PromptLibrary.load(tmp_path).clips == PromptLibrary.load(rendered).clips


def test_clips_that_are_current_are_kept(rendered: Path) -> None:
    before = (rendered / "manifest.json").stat().st_mtime_ns
    assert main([str(rendered), "--if-missing"]) == 0
    assert (rendered / "manifest.json").stat().st_mtime_ns == before


def test_the_manifest_tells_from_which_texts_the_clips_were_made(rendered: Path) -> None:
    assert read_manifest(rendered).source == source_of()


def test_a_synthesiser_that_is_not_installed_is_named_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyopenjtalk", None)
    assert main([str(tmp_path)]) == 1
    assert "requirements-speech.lock" in capsys.readouterr().err


def copied(rendered: Path, directory: Path) -> Path:
    for file in rendered.iterdir():
        (directory / file.name).write_bytes(file.read_bytes())
    return directory


def test_clips_that_are_absent_or_changed_are_all_listed(rendered: Path, tmp_path: Path) -> None:
    clips = copied(rendered, tmp_path)
    (clips / "blocked.ul").unlink()
    (clips / "suspended.ul").write_bytes(b"noise")
    with pytest.raises(InputError) as caught:
        PromptLibrary.load(clips)
    assert [(p.where, p.code) for p in caught.value.problems] == [
        ("blocked", "absent"),
        ("suspended", "changed"),
    ]


@pytest.mark.parametrize("manifest", [b"", b"{}", b"[1]", b"\xff", json.dumps({"clips": 1}).encode()])
def test_a_manifest_that_is_none_is_an_error_of_the_user(tmp_path: Path, manifest: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(manifest)
    with pytest.raises(InputError, match="cannot be read"):
        PromptLibrary.load(tmp_path)


def test_a_directory_without_clips_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="render the clips first"):
        PromptLibrary.load(tmp_path)


@pytest.mark.parametrize("text", ["", "phrases = 1", "[phrases]\na = 2\n", "[other]\n"])
def test_texts_in_another_form_are_an_error_of_the_user(tmp_path: Path, text: str) -> None:
    path = tmp_path / "texts.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"texts\.toml cannot be read"):
        read_texts(path)
