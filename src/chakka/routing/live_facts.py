"""What is true of a freephone number just now and needs no publish: blocks, guard, suspension, emergency."""

from collections.abc import Mapping

import msgspec


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a block list: until when (None = until it is taken off), why, and who made it.

    is_withheld: the caller hid the number, so it is blocked by but never shown or exported.
    """

    until_ms: int | None = None
    why: str = ""
    by: str = ""
    is_withheld: bool = False


class MoneyStop(msgspec.Struct, frozen=True, kw_only=True):
    """A cap in yen is reached: no more calls before `until_ms` (None = until it is lifted)."""

    until_ms: int | None = None


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """How much the calls to a number may cost in yen before tax, None = any amount (service.md §9.5).

    day_yen, month_yen: in a JST day or month, by the time of answer. caller_day_yen: of one caller in a day.
    warn_percent:       parts of `day_yen` and `month_yen` at which a warning is given.
    """

    day_yen: int | None = None
    month_yen: int | None = None
    caller_day_yen: int | None = None
    warn_percent: tuple[int, ...] = (80,)

    def is_set(self) -> bool:
        """Return whether there is any cap."""
        return (self.day_yen, self.month_yen, self.caller_day_yen) != (None, None, None)


NO_CAPS = Caps()


class EmergencyRun(msgspec.Struct, frozen=True, kw_only=True):
    """The prepared plan `plan` answers the number's calls before `until_ms`."""

    plan: str
    until_ms: int


class LiveFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The live facts of one freephone number.

    money_stop:   set and lifted by hand alone.
    blocks:       calling number as `NumberFacts.number` → entry.
    cap_stop:     a cap is reached; set and lifted by the money guard alone (`ingest.guard`).
    caller_stops: likewise, of callers: tag in hex (`records.seal.tag`) → until when; "" = without a number.
    """

    suspended: bool = False
    money_stop: MoneyStop | None = None
    emergency: EmergencyRun | None = None
    blocks: Mapping[str, Block] = {}
    caps: Caps = NO_CAPS
    cap_stop: MoneyStop | None = None
    caller_stops: Mapping[str, int] = {}

    def is_blocked(self, calling_number: str | None, at_ms: int) -> bool:
        """Return whether a caller is on the block list, shown or withheld."""
        block = self.blocks.get(calling_number) if calling_number else None
        return block is not None and _holds(block.until_ms, at_ms)

    def is_money_stopped(self, at_ms: int) -> bool:
        """Return whether the money guard stops calls, whoever calls."""
        return any(
            stop is not None and _holds(stop.until_ms, at_ms) for stop in (self.money_stop, self.cap_stop)
        )

    def is_caller_stopped(self, caller_tag: str | None, at_ms: int) -> bool:
        """Return whether the money guard stops this caller. caller_tag: None = it cannot be told."""
        until_ms = None if caller_tag is None else self.caller_stops.get(caller_tag)
        return until_ms is not None and at_ms < until_ms

    def emergency_plan(self, at_ms: int) -> str | None:
        """Return the name of the prepared plan that answers now, None for the ordinary one."""
        run = self.emergency
        return run.plan if run is not None and _holds(run.until_ms, at_ms) else None


NO_FACTS = LiveFacts()

_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(LiveFacts)


def encode(facts: LiveFacts) -> bytes:
    """Return the facts as bytes (MessagePack); the same facts always give the same bytes."""
    return _encoder.encode(facts)


def decode(data: bytes | None) -> LiveFacts:
    """Return the facts that `encode` wrote; of a number without any, None, those that hold for all others.

    Raises: msgspec.DecodeError if they are no facts of this version.
    """
    try:
        return NO_FACTS if data is None else _decoder.decode(data)
    except UnicodeDecodeError as fault:
        # Text that is no UTF-8, which msgspec does not count among its own faults.
        raise msgspec.DecodeError(str(fault)) from fault


def current(facts: LiveFacts, at_ms: int) -> LiveFacts:
    """Return the facts without what is over."""
    stop, run, cap_stop = facts.money_stop, facts.emergency, facts.cap_stop
    return msgspec.structs.replace(
        facts,
        money_stop=stop if stop is not None and _holds(stop.until_ms, at_ms) else None,
        emergency=run if run is not None and _holds(run.until_ms, at_ms) else None,
        blocks={number: block for number, block in facts.blocks.items() if _holds(block.until_ms, at_ms)},
        cap_stop=cap_stop if cap_stop is not None and _holds(cap_stop.until_ms, at_ms) else None,
        caller_stops={tag: until_ms for tag, until_ms in facts.caller_stops.items() if at_ms < until_ms},
    )


def _holds(until_ms: int | None, at_ms: int) -> bool:
    """Time is half-open: at `until_ms` it is over."""
    return until_ms is None or at_ms < until_ms
