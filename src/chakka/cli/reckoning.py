"""How a call of the ledger came to its charge, by the tariff version that it was charged by."""

from functools import cache
from pathlib import Path

from chakka.charging.explain import Reckoning, rated_call, reckoned
from chakka.charging.tariff import Tariff
from chakka.errors import InputError
from chakka.facts import numbering_table, tariff_version
from chakka.ingest.rating import home_area
from chakka.money import yen_text
from chakka.stores.ledger import LedgerCall


def reckoning(call: LedgerCall, published: Path) -> tuple[str, ...]:
    """Return the steps from a call's facts to its charge; none for calls that cost nothing.

    published: directory of published tariffs. A charge that the steps do not come to is said.
    """
    rated, final = call.rated, call.final
    if rated is None or final is None:
        return ()
    try:
        version = _version(rated.tariff_version, published)
    except InputError as fault:
        return (f"{fault}: the steps cannot be shown here",)
    found = reckoned(rated_call(final, home_area(final, numbering_table())), version)
    return (*found.steps, *_contradiction(found, call))


def _contradiction(found: Reckoning, call: LedgerCall) -> tuple[str, ...]:
    assert call.rated is not None, "only charges are reckoned"
    if (found.amount_uy, found.units) == (call.rated.amount_uy, call.rated.units):
        return ()
    held = "in suspense" if call.rated.amount_uy is None else f"{yen_text(call.rated.amount_uy)} yen"
    return (f"BUT the ledger has it {held}: see chakka digest and chakka suspense",)


@cache
def _version(name: str, published: Path) -> Tariff:
    return tariff_version(name, published)
