"""The published tables that charges are computed by: kept whole in the database, found by name."""

from collections.abc import Callable

from django.utils import timezone

from chakka.errors import InputError, Problem
from chakka.facts import DATA
from chakka.invoicing.levies import parse_levies, read_levies
from chakka.invoicing.model import LevyTable, PriceList, TaxTable, Terms
from chakka.invoicing.price_list import parse_price_list, read_price_list
from chakka.invoicing.tax import parse_tax_table, read_tax_table
from chakka.portal.billing.models import PublishedTable, TableKind

SHIPPED = (
    (TableKind.PRICES, "lists/*.toml"),
    (TableKind.LEVIES, "levies.toml"),
    (TableKind.TAXES, "consumption-tax.toml"),
)


def publish(kind: TableKind, content: bytes, by: str) -> str:
    """Keep a table and return its version; the newest of its name is the one in use.

    Raises: InputError with every problem of the table.
    """
    version = _version(kind, content)
    if not PublishedTable.objects.filter(version=version).exists():
        PublishedTable.objects.create(kind=kind, version=version, content=content, at=timezone.now(), by=by)
    return version


def publish_shipped() -> None:
    """Publish the tables that ship with chakka, but none over an operator's of the same name."""
    for kind, files in SHIPPED:
        for file in sorted((DATA / "prices").glob(files)):
            content = file.read_bytes()
            name = _version(kind, content).partition("@")[0]
            if not PublishedTable.objects.filter(kind=kind, version__startswith=f"{name}@").exists():
                publish(kind, content, "chakka")


def terms_in_use(price_list: str) -> Terms:
    """Return the newest tables: the price list of a name, the levies and the taxes.

    Raises: InputError if one was never published.
    """
    return Terms(
        prices=parse_price_list(_newest(TableKind.PRICES, f"{price_list}@")),
        levies=parse_levies(_newest(TableKind.LEVIES, "")),
        taxes=parse_tax_table(_newest(TableKind.TAXES, "")),
    )


def versions(terms: Terms) -> str:
    """Return the versions of the tables as one text."""
    return f"{terms.prices.version} {terms.levies.version} {terms.taxes.version}"


def _newest(kind: TableKind, beginning: str) -> bytes:
    found = PublishedTable.objects.filter(kind=kind, version__startswith=beginning).order_by("-pk").first()
    if found is None:
        names = ", ".join(PublishedTable.objects.filter(kind=kind).values_list("version", flat=True))
        raise InputError(f"no {kind} {beginning.rstrip('@')!r} was published; there are {names or 'none'}")
    return bytes(found.content)


def _version(kind: TableKind, content: bytes) -> str:
    readers: dict[TableKind, Reader] = {
        TableKind.PRICES: read_price_list,
        TableKind.LEVIES: read_levies,
        TableKind.TAXES: read_tax_table,
    }
    table, problems = readers[kind](content)
    if table is None:
        raise InputError(f"the table of {kind} has {len(problems)} problems", problems)
    return table.version


Reader = Callable[[bytes], tuple[PriceList | LevyTable | TaxTable | None, list[Problem]]]
