"""What calls cost, from their flat records."""

from collections.abc import Mapping, Sequence

import msgspec

from chakka.charging.rate import Charge, RatedCall, Suspense, rate
from chakka.charging.tariff import Tariff
from chakka.localtime import usage_month
from chakka.numbering.model import CallerClass
from chakka.numbering.table import NumberingTable
from chakka.records.final import Final, day_of, is_chargeable, settle
from chakka.stores.ledger import LedgerChange, Rated

_CLASSES = frozenset(CallerClass)


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """By what calls are charged: the tariff, and the table that places the subscriber's lines."""

    tariff: Tariff
    table: NumberingTable


def hold(
    before: Mapping[str, Sequence[Final]],
    now: Mapping[str, Sequence[Final]],
    change: LedgerChange,
    rules: Rules,
) -> list[Rated]:
    """Return what calls cost, after the ledger keeps all that is said of them now and what holds of it.

    before: what the ledger has of these calls; calls that it has never heard of are absent.
    """
    after = {call_id: settle(records) for call_id, records in now.items()}
    change.put_settled(before, after)
    rated = [rate_final(settled.held, rules) for settled in after.values() if is_chargeable(settled.held)]
    change.put_rated(rated, [call_id for call_id in after if before.get(call_id)])
    return rated


def rate_final(final: Final, rules: Rules) -> Rated:
    """Return what the call of a record costs, or why that cannot be said.

    The zone is the caller's charge area × that of the line that answered (charging.md §2).
    """
    answered_at_ms = final.answered_at_ms
    assert answered_at_ms is not None, "only answered calls are charged"
    result = _rate(final, answered_at_ms, rules)
    charge = result if isinstance(result, Charge) else None
    is_fixed = charge is not None and "class" in charge.assumed
    return Rated(
        call_id=final.call_id,
        number=final.number,
        usage_month=usage_month(answered_at_ms),
        units=charge.units if charge else None,
        amount_uy=charge.amount_uy if charge else None,
        tariff_version=result.tariff_version,
        rule=charge.rule if charge else None,
        assumed=",".join(charge.assumed) if charge else "",
        suspense=None if isinstance(result, Charge) else result.reason,
        rating_class=CallerClass.FIXED.value if is_fixed else final.rating_class,
        conversation_ms=final.conversation_ms or 0,
        day=day_of(final.arrived_at_ms, answered_at_ms),
    )


def home_area(final: Final, table: NumberingTable) -> str | None:
    """Return where the line is that answered: as the record says, else as the numbering table does."""
    return final.home_area or table.lookup(final.destination or "").charge_area


def _rate(final: Final, answered_at_ms: int, rules: Rules) -> Charge | Suspense:
    if final.rating_class not in _CLASSES:
        # A class from beyond our tables; no tariff declares it (charging.md §2).
        return Suspense(reason="no_rule", tariff_version=rules.tariff.version)
    call = RatedCall(
        caller_class=CallerClass(final.rating_class),
        carrier_group=final.carrier_group,
        answered_at_ms=answered_at_ms,
        conversation_ms=final.conversation_ms or 0,
        fault=final.fault,
        is_confirmed=final.is_confirmed,
        from_area=final.charge_area,
        home_area=home_area(final, rules.table),
    )
    return rate(call, rules.tariff)
