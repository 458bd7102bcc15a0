"""The rendered clips, once for all tests of a session."""

import fcntl
from pathlib import Path

import pytest

from chakka.media.speech import is_current, read_texts, render, source_of, speaker, write_library


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return the directory of all clips; parallel workers share it."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    directory = shared / "prompts"
    with (shared / "prompts.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_current(directory, source_of()):
            write_library(directory, render(read_texts(), speaker()), source_of())
    return directory
