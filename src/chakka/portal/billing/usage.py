"""The ledger's totals, each given to the subscriber whose number it was."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from chakka.invoicing.period import first_day, last_day
from chakka.invoicing.usage_lines import UsageKey
from chakka.money import yen_text
from chakka.portal.contracts.models import Contract
from chakka.stores.usage import Blocker, UsageTotal


class OwnedUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Usage since the books began, up to a month, by the subscriber (primary key) who pays for it.

    faults: usage that no invoice will carry as things stand.
    """

    totals: Mapping[int, list[UsageTotal]]
    faults: tuple[Blocker, ...]


def owned_usage(totals: Iterable[UsageTotal], first_month: str, month: str) -> OwnedUsage:
    """Return who pays for what of `first_month` to `month`, both included."""
    owners = _Owners()
    by_subscriber: dict[int, list[UsageTotal]] = {}
    before: dict[str, list[UsageTotal]] = {}
    disputed: dict[UsageKey, list[UsageTotal]] = {}
    for total in totals:
        if total.usage_month > month:
            continue
        subscribers = owners.of(total.number, total.usage_month)
        if total.usage_month < first_month:
            before.setdefault(total.usage_month, []).append(total)
        elif len(subscribers) != 1:
            disputed.setdefault((total.number, total.usage_month), []).append(total)
        else:
            by_subscriber.setdefault(subscribers.pop(), []).append(total)
    faults = [_before_books(found, first_month) for found in before.values()]
    faults += [_not_one_owner(found, len(owners.of(*key))) for key, found in disputed.items()]
    return OwnedUsage(totals=by_subscriber, faults=tuple(faults))


class _Owners:
    """Who has had which number when."""

    def __init__(self) -> None:
        self._contracts: dict[str, list[tuple[str, str, int]]] = {}
        for number, start, stop, subscriber in Contract.objects.values_list(
            "number_id", "start", "stop", "subscriber_id"
        ):
            end = stop.isoformat() if stop else "9999"
            self._contracts.setdefault(number, []).append((start.isoformat(), end, subscriber))

    def of(self, number: str, month: str) -> set[int]:
        """Return the subscribers who had a number in a month; a day is enough.

        The day of a stop is not the stopped contract's any more, unless the number is nobody else's then.
        """
        first, last = first_day(month).isoformat(), last_day(month).isoformat()
        had = [
            (stop, subscriber)
            for start, stop, subscriber in self._contracts.get(number, ())
            if start <= last and first <= stop
        ]
        return {subscriber for stop, subscriber in had if first < stop} or {
            subscriber for _, subscriber in had
        }


def _before_books(found: Sequence[UsageTotal], first_month: str) -> Blocker:
    month = found[0].usage_month
    message = f"{_sum(found)} of {month} are not billed: the books begin with {first_month}"
    return Blocker(kind="before_books", key=f"before_books/{month}", message=message)


def _not_one_owner(found: Sequence[UsageTotal], owners: int) -> Blocker:
    number, month = found[0].number, found[0].usage_month
    how_many = "nobody's contract" if owners == 0 else f"{owners} subscribers' contracts"
    return Blocker(
        kind="no_owner",
        key=f"no_owner/{number}/{month}",
        message=f"{_sum(found)} of {number} in {month} are not billed: they fall under {how_many}",
        number=number,
    )


def _sum(found: Sequence[UsageTotal]) -> str:
    amount_uy = sum(total.amount_uy for total in found)
    return f"{sum(total.calls for total in found)} calls for {yen_text(amount_uy)} yen"
