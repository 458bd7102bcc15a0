"""Number notification of a node's lines: who has it on, and what they present (service.md R6.1–R6.3)."""

import logging
from collections.abc import Callable, Mapping

from chakka.errors import InputError

log = logging.getLogger(__name__)


class Notification:
    """The flags. presentable: which freephone number a line number may present, by the published plans."""

    def __init__(self, presentable: Callable[[str], str | None]) -> None:
        self._presentable = presentable
        self._on: dict[str, str] = {}

    def load(self, flags: Mapping[str, str]) -> None:
        """Take the flags of an earlier run: line number → the freephone number that it presents."""
        self._on |= flags

    def set(self, line: str, freephone: str) -> None:
        """Have a line number present a freephone number from now on; "": none."""
        if freephone:
            self._on[line] = freephone
        else:
            self._on.pop(line, None)

    def may_present(self, line: str) -> str | None:
        """Return the freephone number that a line number may present, None if no plan names it.

        A store that cannot be read keeps nobody from calling out: the line number is presented.
        """
        try:
            return self._presentable(line)
        except InputError as fault:
            log.error("the line number is presented: %s", fault)
            return None

    def presented(self, line: str) -> str | None:
        """Return the freephone number that a line number presents now, None if its own.

        On counts for the contract for which it was set alone, and as long as this names the line.
        """
        freephone = self._on.get(line)
        return freephone if freephone and self.may_present(line) == freephone else None
