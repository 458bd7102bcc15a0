"""The rendered clips on disk: raw µ-law files and `manifest.json`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from chakka.errors import InputError, Problem

MANIFEST = "manifest.json"


class Clip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the manifest says of `<name>.ul`. phonemes: what was spoken; "" for a tone."""

    text: str
    phonemes: str
    duration_ms: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All clips of a directory. source: hash of texts and rendering rules that they were made from."""

    voice: str
    version: str
    source: str
    clips: dict[str, Clip]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptLibrary:
    """Every clip in memory: µ-law, 8 kHz, mono."""

    clips: Mapping[str, bytes]

    @classmethod
    def load(cls, directory: Path) -> "PromptLibrary":
        """Return the clips of a directory.

        Raises: InputError listing every clip that is absent or differs from the manifest.
        """
        manifest = read_manifest(directory)
        clips: dict[str, bytes] = {}
        problems: list[Problem] = []
        for name, clip in manifest.clips.items():
            try:
                sound = (directory / f"{name}.ul").read_bytes()
            except FileNotFoundError:
                problems.append(Problem(where=name, code="absent", message=f"clip {name}.ul is not there"))
                continue
            if hashlib.sha256(sound).hexdigest() != clip.sha256:
                problems.append(
                    Problem(where=name, code="changed", message=f"clip {name}.ul differs from its manifest")
                )
            clips[name] = sound
        if problems:
            raise InputError(f"{directory} is no whole set of clips", problems)
        return cls(clips=clips)


def read_manifest(directory: Path) -> Manifest:
    """Return the manifest of a directory.

    Raises: InputError when there is none or it cannot be read.
    """
    try:
        return msgspec.json.decode((directory / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise InputError(f"{directory} holds no {MANIFEST}: render the clips first") from None
    except msgspec.DecodeError as error:
        raise InputError(f"{directory / MANIFEST} cannot be read: {error}") from None
