"""What calls cost, from their flat records."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import msgspec
import polars as pl

from chakka.charging.batch import CALLS, CHARGES, rate_frame
from chakka.charging.columns import Prices, prices
from chakka.charging.rate import Charge, RatedCall, Suspense, rate, version_at
from chakka.charging.tariff import Tariff
from chakka.localtime import usage_month
from chakka.numbering.model import CallerClass
from chakka.numbering.table import NumberingTable
from chakka.records.final import Final, day_of, is_chargeable, settle
from chakka.records.model import CallKind
from chakka.stores.engine import Row
from chakka.stores.ledger import LedgerChange, Rated
from chakka.stores.ledger_values import FINAL_COLUMNS, final_row, rated_of_row

_CLASSES = frozenset(CallerClass)
# Calls from which on rating them all at once is quicker than one by one.
_WORTH_COLUMNS = 500


class Rules(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """By what calls are charged: the tariff, and the table that places the subscriber's lines."""

    tariff: Tariff
    table: NumberingTable

    @cached_property
    def prices(self) -> Prices:
        """The tariff made ready for batches."""
        return prices(self.tariff)


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
    rated = _rate_all([settled.held for settled in after.values() if is_chargeable(settled.held)], rules)
    cost_before = change.put_rated(rated, [call_id for call_id in after if before.get(call_id)])
    watched = change.watched()
    if watched:
        callers = {call_id: records[0].caller_tag for call_id, records in before.items() if records}
        change.add_caller_totals(caller_totals_of(cost_before, callers, watched, -1))
        callers = {call_id: settled.held.caller_tag for call_id, settled in after.items()}
        change.add_caller_totals(caller_totals_of(rated, callers, watched, 1))
    return rated


def _rate_all(records: Sequence[Final], rules: Rules) -> list[Rated]:
    if len(records) < _WORTH_COLUMNS:
        return [rate_final(record, rules) for record in records]
    rows = rate_rows([final_row(record) for record in records], rules)
    return [rated for row in rows if (rated := rated_of_row(row))]


def caller_totals_of(
    rated: Iterable[Rated], callers: Mapping[str, bytes], watched: Mapping[str, int], sign: int
) -> dict[tuple[str, int, str], list[int]]:
    """Return the calls and micro-yen that charges add to (number, day, caller), or take away, where watched.

    callers: call id → caller tag. watched: number → the day for which its callers are told apart.
    """
    totals: dict[tuple[str, int, str], list[int]] = {}
    for one in rated:
        if watched.get(one.number) == one.day and one.suspense is None:
            key = (one.number, one.day, callers[one.call_id].hex())
            sums = totals.setdefault(key, [0, 0])
            sums[0] += sign
            sums[1] += sign * (one.amount_uy or 0)
    return totals


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
    is_known = final.rating_class in _CLASSES
    version = version_at(rules.tariff, answered_at_ms)
    if not is_known and final.is_confirmed and version is not None:
        # A class from beyond our tables; no tariff declares it (charging.md §2).
        return Suspense(reason="no_rule", tariff_version=version.version)
    call = RatedCall(
        caller_class=CallerClass(final.rating_class) if is_known else CallerClass.UNKNOWN,
        carrier_group=final.carrier_group,
        answered_at_ms=answered_at_ms,
        conversation_ms=final.conversation_ms or 0,
        fault=final.fault,
        is_confirmed=final.is_confirmed,
        from_area=final.charge_area,
        home_area=home_area(final, rules.table),
    )
    return rate(call, rules.tariff)


def rate_rows(rows: Sequence[Row], rules: Rules) -> list[Row]:
    """Return the rows of `rated` of many rows of `finals`: what `rate_final` says of each that is charged."""
    charged = [row for row in rows if _is_charged(row)]
    if not charged:
        return []
    calls = pl.DataFrame(
        {column: [row[place] for row in charged] for column, place in _PLACES.items()},
        schema={column: CALLS[column] for column in _PLACES},
    )
    flags = {
        column: pl.Series([row[place] for row in charged], dtype=pl.Int8) != 0 for column, place in _FLAGS
    }
    areas = pl.Series("home_area", _home_areas(charged, rules.table), dtype=pl.String)
    charges = rate_frame(calls.with_columns(areas, **flags), rules.prices)
    return [
        _rated_row(row, charge)
        for row, charge in zip(charged, charges.select(_CHARGED).iter_rows(), strict=True)
    ]


# Where the facts of a call stand in a row of `finals`.
_AT = {column: place for place, column in enumerate(FINAL_COLUMNS)}
_PLACES = {
    "caller_class": _AT["rating_class"],
    "answered_at_ms": _AT["answered_at_ms"],
    "conversation_ms": _AT["conversation_ms"],
    "carrier_group": _AT["carrier_group"],
    "from_area": _AT["charge_area"],
}
_FLAGS = (("fault", _AT["fault"]), ("is_confirmed", _AT["is_confirmed"]))
_CHARGED = tuple(CHARGES)


def _is_charged(row: Row) -> bool:
    return (
        row[_AT["kind"]] == CallKind.FREEPHONE.value
        and not row[_AT["is_open"]]
        and row[_AT["conversation_ms"]] is not None
        and row[_AT["answered_at_ms"]] is not None
    )


def _home_areas(rows: Sequence[Row], table: NumberingTable) -> list[str | None]:
    place, line = _AT["home_area"], _AT["destination"]
    lines = {row[line] for row in rows if row[place] is None}
    areas = {number: table.lookup(number or "").charge_area for number in lines}
    return [row[place] or areas[row[line]] for row in rows]


def _rated_row(row: Row, charge: Row) -> Row:
    month, units, amount_uy, version, rule, assumed, suspense = charge
    is_fixed = bool(assumed) and "class" in assumed.split(",")
    return (
        *(row[_AT["call_id"]], row[_AT["number"]], month, units, amount_uy, version, rule, assumed, suspense),
        CallerClass.FIXED.value if is_fixed else row[_AT["rating_class"]],
        *(row[_AT["conversation_ms"]], row[_AT["day"]]),
    )


def totals_of(rated: Sequence[Row]) -> dict[tuple[str, int, str], list[int]]:
    """Return what rows of `rated` come to by (number, day, class), without those in suspense."""
    totals: dict[tuple[str, int, str], list[int]] = {}
    for row in rated:
        if row[8] is None:
            sums = totals.setdefault((row[1], row[11], row[9]), [0, 0, 0, 0])
            sums[0] += 1
            sums[1] += row[3]
            sums[2] += row[10]
            sums[3] += row[4]
    return totals


def caller_totals_of_rows(
    rated: Sequence[Row], finals: Iterable[Row], watched: Mapping[str, int]
) -> dict[tuple[str, int, str], list[int]]:
    """Return what `caller_totals_of` does, of rows of `rated` of new calls. finals: rows of those calls."""
    if not watched:
        return {}
    charges = [one for row in rated if row[1] in watched and (one := rated_of_row(row))]
    callers = {row[_AT["call_id"]]: row[_AT["caller_tag"]] or b"" for row in finals}
    return caller_totals_of(charges, callers, watched, 1)
