"""Words that nobody can guess, for tags and branches."""

import os
from collections.abc import Callable
from typing import Final

# Asking the operating system costs more than all else about a word; so much is drawn at a time.
_DRAWN_OCTETS: Final = 4096
_WORD_DIGITS: Final = 16


class Tokens:
    """Gives words of 16 hexadecimal digits, each once. randomness: returns so many octets by chance.

    A fork does not give its parent's words again.
    """

    def __init__(self, randomness: Callable[[int], bytes] = os.urandom) -> None:
        self._randomness = randomness
        self._words: list[str] = []
        os.register_at_fork(after_in_child=self._words.clear)

    def next(self) -> str:
        """Return another word."""
        if not self._words:
            drawn = self._randomness(_DRAWN_OCTETS).hex()
            places = range(0, len(drawn), _WORD_DIGITS)
            self._words.extend(drawn[place : place + _WORD_DIGITS] for place in places)
        return self._words.pop()
