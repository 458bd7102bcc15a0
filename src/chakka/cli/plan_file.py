"""Plan files on the command line: reading them, and saying what is wrong with them."""

from collections.abc import Iterable
from pathlib import Path

from chakka.contract.model import Contract
from chakka.contract.nodes import MAX_BYTES
from chakka.contract.text import read
from chakka.errors import InputError, Problem
from chakka.facts import numbering_table


def read_plan(path: Path) -> tuple[Contract | None, list[Problem]]:
    """Return the contract of a plan file, or None and its problems. `.json` is JSON, all else by content.

    Raises: InputError if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            # One byte too many is enough to see that the file is too long.
            text = file.read(MAX_BYTES + 1)
    except OSError as fault:
        raise InputError(f"{path}: {fault.strerror}") from fault
    return read(text, numbering_table(), "json" if path.suffix == ".json" else None)


def problem_lines(problems: Iterable[Problem]) -> str:
    """Return problems as lines for people: place, code, sentence."""
    return "\n".join(
        f"{problem.where or '(text)'}: {problem.code}: {problem.message}" for problem in problems
    )
