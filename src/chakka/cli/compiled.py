"""Whether the copy of chakka whose hot modules are compiled (scripts/compile-hot) is there and up to date."""

import os
import sys
from hashlib import sha256
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]
# <repository>/build/fast/chakka is the copy; it finds data/ beside build/fast as the source does beside src/.
FAST = SOURCE.parents[1] / "build" / "fast"
_STAMP = "stamp"


def stamp(source: Path = SOURCE) -> str:
    """Return what tells one state of the source apart from all others, for this Python."""
    digest = sha256()
    for file in sorted(source.rglob("*.py")):
        digest.update(f"{file.relative_to(source)}\0".encode())
        digest.update(sha256(file.read_bytes()).digest())
    return f"{sys.implementation.cache_tag} {digest.hexdigest()}\n"


def write_stamp(folder: Path, of: str) -> None:
    """Say that `folder` holds the compiled copy of the source whose stamp is `of`."""
    (folder / _STAMP).write_text(of)


def is_fresh(folder: Path = FAST, source: Path = SOURCE) -> bool:
    """Return whether `folder` holds a compiled copy of the source as it is now."""
    try:
        written = (folder / _STAMP).read_text()
    except OSError:
        return False
    return written == stamp(source)


def environment(folder: Path = FAST, source: Path = SOURCE) -> dict[str, str] | None:
    """Return the environment in which a child runs the compiled copy; None (ours) if none is fresh."""
    if not is_fresh(folder, source):
        return None
    paths = (str(folder), os.environ.get("PYTHONPATH", ""))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
