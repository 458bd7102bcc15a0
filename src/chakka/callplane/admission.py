"""Who may bring one more call: queue delay, calls to one number, strangers (reliability.md §1, §2).

What is refused here costs little and leaves no state: 503 at once, counted by number and minute, no record.
Strictly per number, so that a number that is flooded takes nothing from the others.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from chakka.caller.number import dialled_number
from chakka.callplane.dialling import dialled, is_freephone, is_service_code
from chakka.callplane.finals import REFUSALS, reason_header
from chakka.callplane.gaps import Window
from chakka.config import Config
from chakka.localtime import MINUTE_MS
from chakka.records.model import Shed
from chakka.routing.decision import Reason
from chakka.sip.address import Address
from chakka.sip.agent import Refusal
from chakka.sip.message import Request

# Numbers counted by name in one minute; whoever dials at random must not fill our memory.
_MOST_NAMED = 1_000
_OTHERS = "others"
_LONGEST_WAIT_S = 10


class Admission:
    """Lets new calls in or not. is_overloaded: none are let in for now."""

    def __init__(self, config: Config, randomness: Callable[[int], bytes]) -> None:
        self.is_overloaded = False
        self._config = config
        self._randomness = randomness
        self._numbers = Window(1.0)
        self._strangers = Window(1.0)
        self._shed: Counter[str] = Counter()
        self._shed_minute = 0

    def refusal(self, request: Request, source: Address, now: float) -> Refusal | None:
        """Return the answer to an INVITE that is not let in, None to take it.

        Trunks known by address are bounded by the number that they call, everybody else by the address from
        which they come: strangers must not be able to use up what a number may get. 110 and other service
        codes are let in when nothing else is (signalling.md §4), and no other calls use up their room.
        """
        number = dialled_number(request.uri)
        code = dialled(request.uri).number
        is_code = is_service_code(code)
        asking = f"{source[0]} {code}" if is_code else source[0]
        is_full = self.is_overloaded and not is_code
        if is_full or not self._has_room(number, source[0], asking, now):
            self._shed[self._named(number)] += 1
            return self._busy()
        return None

    def _named(self, number: str) -> str:
        """Return under what a call is counted: whom a line calls is as private as a caller."""
        is_ours = is_freephone(number) or number in self._config.lines
        has_room = number in self._shed or len(self._shed) < _MOST_NAMED
        return number if is_ours and has_room else _OTHERS

    def _has_room(self, number: str, host: str, asking: str, now: float) -> bool:
        calls = self._config.calls
        if self._config.trunk_of(host) is not None:
            return _passes(self._numbers, number, calls.per_number_per_second, now)
        return _passes(self._strangers, asking, calls.per_stranger_per_second, now)

    def _busy(self) -> Refusal:
        status, cause = REFUSALS[Reason.OVERLOAD]
        name, value = reason_header(cause)
        # At random, or all who were refused together would come back together.
        after = 1 + self._randomness(1)[0] % _LONGEST_WAIT_S
        return Refusal(status, f"Retry-After: {after}\r\n{name}: {value}\r\n")

    def take_shed(self, utc_ms: int | None) -> Iterator[Shed]:
        """Yield the calls not let in, by number, once a minute is over. utc_ms: None at the very end."""
        minute, shed = None if utc_ms is None else utc_ms // MINUTE_MS, self._shed
        if minute != self._shed_minute:
            ended, self._shed = self._shed_minute, Counter()
            self._shed_minute = ended if minute is None else minute
            for number, calls in shed.items():
                yield Shed(minute_ms=ended * MINUTE_MS, number=number, calls=calls)


def _passes(window: Window, key: str, most: int, now: float) -> bool:
    """Return whether one more passes, and count it if so; 0 = no bound."""
    if most and window.count(key, now) >= most:
        return False
    if most:
        window.add(key, now)
    return True
