"""What is spent of caps in yen: by ended calls as the ledger adds them up, and by calls that are up."""

from collections.abc import Iterable, Mapping
from datetime import date

from chakka.charging.guard import Period, Spent, period_at, with_open_calls
from chakka.ingest.rating import Rules, rate_final
from chakka.money import MICRO_YEN
from chakka.records.final import Final
from chakka.routing.live_facts import Caps
from chakka.stores.ledger import Ledger

# Of one number: (day of the answer, caller tag in hex) → micro-yen.
Running = dict[tuple[int, str], int]


def spent_of(caps: Mapping[str, Caps], ledger: Ledger, now_ms: int, rules: Rules) -> dict[str, Spent]:
    """Return what is spent of each number that has caps, in the present day and month (JST, by answer).

    Callers are told apart where they have a cap; of those below it, only who is on the telephone is named.
    """
    period = period_at(now_ms)
    first_day = date.fromisoformat(f"{period.month}-01").toordinal()
    running = running_prices(ledger.calls_up(caps, first_day), rules)
    ended = ledger.spent(caps, period.day, period.month)
    return {
        number: with_open_calls(
            _ended(
                ended.get(number, (0, 0)), _callers(number, of, running.get(number, {}), (ledger, period))
            ),
            running.get(number, {}),
            period.day,
        )
        for number, of in caps.items()
    }


def running_prices(calls: Iterable[Final], rules: Rules) -> dict[str, Running]:
    """Return by number what calls that are up would cost if they ended after the time that they have told.

    Calls whose price nobody can say (suspense), and those whose caller's ACK has not come, add nothing.
    """
    prices: dict[str, Running] = {}
    for call in calls:
        rated = rate_final(call, rules)
        running, key = prices.setdefault(call.number, {}), (rated.day, call.caller_tag.hex())
        running[key] = running.get(key, 0) + (rated.amount_uy or 0)
    return prices


def _ended(sums: tuple[int, int], callers: Mapping[str, int]) -> Spent:
    return Spent(day_uy=sums[0], month_uy=sums[1], callers=callers)


def _callers(number: str, caps: Caps, running: Running, where: tuple[Ledger, Period]) -> dict[str, int]:
    if caps.caller_day_yen is None:
        return {}
    ledger, period = where
    tags = {tag for day, tag in running if day == period.day}
    return ledger.spent_by_callers(number, period.day, caps.caller_day_yen * MICRO_YEN, tags)
