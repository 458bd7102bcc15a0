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


class EmergencyRun(msgspec.Struct, frozen=True, kw_only=True):
    """The prepared plan `plan` answers the number's calls before `until_ms`."""

    plan: str
    until_ms: int


class LiveFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The live facts of one freephone number. blocks: calling number as `NumberFacts.number` → entry."""

    suspended: bool = False
    money_stop: MoneyStop | None = None
    emergency: EmergencyRun | None = None
    blocks: Mapping[str, Block] = {}

    def is_blocked(self, calling_number: str | None, at_ms: int) -> bool:
        """Return whether a caller is on the block list, shown or withheld."""
        block = self.blocks.get(calling_number) if calling_number else None
        return block is not None and _holds(block.until_ms, at_ms)

    def is_money_stopped(self, at_ms: int) -> bool:
        """Return whether the money guard stops calls."""
        return self.money_stop is not None and _holds(self.money_stop.until_ms, at_ms)

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
    return NO_FACTS if data is None else _decoder.decode(data)


def current(facts: LiveFacts, at_ms: int) -> LiveFacts:
    """Return the facts without what is over."""
    stop, run = facts.money_stop, facts.emergency
    return msgspec.structs.replace(
        facts,
        money_stop=stop if stop is not None and _holds(stop.until_ms, at_ms) else None,
        emergency=run if run is not None and _holds(run.until_ms, at_ms) else None,
        blocks={number: block for number, block in facts.blocks.items() if _holds(block.until_ms, at_ms)},
    )


def _holds(until_ms: int | None, at_ms: int) -> bool:
    """Time is half-open: at `until_ms` it is over."""
    return until_ms is None or at_ms < until_ms
