"""Plan files on the command line: reading them, and saying what is wrong with them."""

from collections.abc import Iterable
from pathlib import Path

from chakka.contract.model import Contract
from chakka.contract.nodes import MAX_BYTES
from chakka.contract.text import read
from chakka.errors import InputError, Problem
from chakka.facts import numbering_table
from chakka.routing.live_facts import LiveFacts
from chakka.routing.live_text import read_live


def read_plan(path: Path) -> tuple[Contract | None, list[Problem]]:
    """Return the contract of a plan file, or None and its problems. `.json` is JSON, all else by content.

    Raises: InputError if the file cannot be read.
    """
    return read(_text(path), numbering_table(), "json" if path.suffix == ".json" else None)


def read_live_block(path: Path) -> tuple[LiveFacts | None, list[Problem]]:
    """Return the live facts of a plan file, or None and what is wrong with its block `live:`.

    Raises: InputError if the file cannot be read.
    """
    return read_live(_text(path), numbering_table())


def _text(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte too many is enough to see that the file is too long.
            return file.read(MAX_BYTES + 1)
    except OSError as fault:
        raise InputError(f"{path}: {fault.strerror}") from fault


def problem_lines(problems: Iterable[Problem]) -> str:
    """Return problems as lines for people: place, code, sentence."""
    return "\n".join(
        f"{problem.where or '(text)'}: {problem.code}: {problem.message}" for problem in problems
    )
