"""`python -m chakka.media.speech DIR`: renders all clips once, at set-up. Nothing speaks at call time."""

import argparse
import contextlib
import hashlib
import importlib
import importlib.metadata
import io
import sys
from pathlib import Path
from typing import Any, Protocol, cast

import msgspec

from chakka.errors import InputError
from chakka.media.g711 import SAMPLE_RATE, encode
from chakka.media.library import MANIFEST, Clip, Manifest, PromptLibrary, read_manifest
from chakka.media.sound import Signal, levelled, linear, parts, telephone_band, tone, trimmed

TEXTS = Path(__file__).resolve().parents[3] / "data" / "prompts" / "texts.toml"
VOICE = "Mei (MMDAgent Project Team, Nagoya Institute of Technology, CC BY 3.0)"

# Raised whenever the same texts would give other bytes.
_RENDERING = 1
_ENGINE = "pyopenjtalk-plus"

# A digit of two morae with its accent on none rises and waits for the next; on the first, it falls.
_ACCENTS = {"mid": 0, "final": 1}


class Tone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sine tone."""

    frequency_hz: float
    duration_ms: int


class Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `texts.toml` holds: clip name → sentence, digit → kana, clip name → tone."""

    phrases: dict[str, str]
    digits: dict[str, str]
    tones: dict[str, Tone]


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """One clip before it is coded."""

    text: str
    phonemes: str
    signal: Signal


class Speaker(Protocol):
    """The functions of the synthesiser that are used. A word is a dictionary; `acc` is its accented mora."""

    def g2p(self, text: str) -> str:
        """Return phonemes separated by blanks, `pau` for a pause."""

    def tts(self, text: str) -> tuple[Signal, int]:
        """Return samples on the scale of 16 bits, and their rate."""

    def run_frontend(self, text: str) -> list[dict[str, Any]]:
        """Return the words of a text."""

    def make_label(self, njd_features: list[dict[str, Any]]) -> list[str]:
        """Return words as phonemes in their context."""

    def synthesize(self, labels: list[str]) -> tuple[Signal, int]:
        """Return what `tts` does."""


def read_texts(path: Path = TEXTS) -> Texts:
    """Return the texts to be spoken.

    Raises: InputError when the file is absent or not in its form.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Texts)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"texts {path} cannot be read: {error}") from None


def speaker() -> Speaker:
    """Return the synthesiser.

    Raises: InputError when it is not installed.
    """
    # On import it prints advice about an optional package that only decides readings of 何.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            module: Any = importlib.import_module("pyopenjtalk")
        except ImportError as error:
            raise InputError(
                f"{_ENGINE} cannot be loaded ({error}): install requirements-speech.lock"
            ) from None
    return cast(Speaker, module)


def render(texts: Texts, speaks: Speaker) -> dict[str, Rendered]:
    """Return all clips by name: phrases, ten digits in two intonations, tones."""
    clips = {name: _phrase(text, speaks) for name, text in texts.phrases.items()}
    for digit, kana in texts.digits.items():
        for place, accent in _ACCENTS.items():
            clips[f"digit_{digit}_{place}"] = _digit(kana, accent, speaks)
    for name, tone_ in texts.tones.items():
        signal = tone(tone_.frequency_hz, tone_.duration_ms)
        clips[name] = Rendered(text="", phonemes="", signal=signal)
    return clips


def write_library(directory: Path, clips: dict[str, Rendered], source: str) -> Manifest:
    """Return the manifest, after writing it and every clip.

    The manifest is written last: a directory that has one is whole.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MANIFEST).unlink(missing_ok=True)
    manifest = Manifest(
        voice=VOICE,
        version=f"{_ENGINE} {importlib.metadata.version(_ENGINE)}",
        source=source,
        clips={name: _written(directory / f"{name}.ul", clip) for name, clip in sorted(clips.items())},
    )
    (directory / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    return manifest


def source_of(path: Path = TEXTS) -> str:
    """Return the hash that tells whether clips were made from these texts by this code."""
    return hashlib.sha256(f"{_RENDERING}\n".encode() + path.read_bytes()).hexdigest()


def is_current(directory: Path, source: str) -> bool:
    """True when a directory holds every clip of these texts, whole."""
    try:
        PromptLibrary.load(directory)
        return read_manifest(directory).source == source
    except InputError:
        return False


def _phrase(text: str, speaks: Speaker) -> Rendered:
    signal = _telephone(speaks.tts(text))
    return Rendered(text=text, phonemes=speaks.g2p(text), signal=levelled(trimmed(signal)))


def _digit(kana: str, accent: int, speaks: Speaker) -> Rendered:
    """Return a digit with an accent of ours, cut from between two others.

    At the end of a sentence the voice lifts a lone word, so no piece is taken from there.
    """
    words = speaks.run_frontend("、".join([kana] * 3))
    for word in words:
        if word["string"] == kana:
            word["acc"] = accent
    _, between, _ = parts(_telephone(speaks.synthesize(speaks.make_label(words))), 3)
    return Rendered(text=kana, phonemes=speaks.g2p(kana), signal=levelled(between))


def _telephone(spoken: tuple[Signal, int]) -> Signal:
    samples, rate = spoken
    return telephone_band(samples / 32_768, rate)


def _written(path: Path, clip: Rendered) -> Clip:
    sound = encode(linear(clip.signal), "PCMU")
    path.write_bytes(sound)
    return Clip(
        text=clip.text,
        phonemes=clip.phonemes,
        duration_ms=len(sound) * 1_000 // SAMPLE_RATE,
        sha256=hashlib.sha256(sound).hexdigest(),
    )


def main(argv: list[str] | None = None) -> int:
    """Render the clips; return 0, or 1 when that is impossible."""
    parser = argparse.ArgumentParser(prog="python -m chakka.media.speech", description="Renders all clips.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--if-missing", action="store_true", help="keep clips made from the same texts")
    arguments = parser.parse_args(argv)
    try:
        texts, source = read_texts(), source_of()
        if arguments.if_missing and is_current(arguments.directory, source):
            return 0
        manifest = write_library(arguments.directory, render(texts, speaker()), source)
    except (InputError, OSError) as error:
        print(f"chakka speech: {error}", file=sys.stderr)
        return 1
    seconds = sum(clip.duration_ms for clip in manifest.clips.values()) // 1_000
    print(f"{len(manifest.clips)} clips, {seconds} s of sound, in {arguments.directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
