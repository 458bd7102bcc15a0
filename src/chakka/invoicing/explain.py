"""How a line, a tax and an invoice came to their yen, in sentences whose figures are the invoice's."""

from collections.abc import Iterator, Sequence

import msgspec

from chakka.invoicing.model import CALLS_ITEM, InvoiceBody, InvoiceKind, InvoiceLine, LineKind, TaxTotal


class Explained(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that costs yen. steps: how it came to them; parts: what it is made of."""

    what: str
    yen: int | None = None
    key: str = ""
    steps: tuple[str, ...] = ()
    parts: tuple["Explained", ...] = ()


def as_lines(explained: Explained, depth: int = 0) -> Iterator[str]:
    """Yield an explanation as lines for people, each part further in."""
    yield f"{'  ' * depth}{explained.what}"
    for part in explained.parts:
        yield from as_lines(part, depth + 1)
    yield from (f"{'  ' * (depth + 1)}{step}" for step in explained.steps)


def line_explained(line: InvoiceLine, parts: Sequence[Explained] = ()) -> Explained:
    """Return how a line came to its yen. parts: what it sums up, if anything."""
    period = f"{line.period_first}/{line.period_last}"
    return Explained(
        what=f"{line.net_yen:,} yen  {line.number}  {line.description}  {period}  [{line.key}]",
        yen=line.net_yen,
        key=line.key,
        steps=(*(f"{name}: {value}" for name, value in line.detail), *_reckoning(line)),
        parts=tuple(parts),
    )


def invoice_explained(
    what: str,
    body: InvoiceBody,
    lines: Sequence[Explained],
    corrected: tuple[InvoiceBody, InvoiceBody | None] | None = None,
) -> Explained:
    """Return how an invoice came to its total.

    what:      names it. lines: its lines, explained.
    corrected: of a credit: the original and what took its place, None if all of it was taken back.
    """
    taxes = tuple(_tax(tax, body, corrected) for tax in body.taxes)
    total = f"total: {body.net_yen:,} + {body.tax_yen:,} = {body.total_yen:,} yen"
    return Explained(what=what, yen=body.total_yen, parts=tuple(lines), steps=(*taxes, total))


def _reckoning(line: InvoiceLine) -> Iterator[str]:
    detail = dict(line.detail)
    if "was" in detail:
        yield f"given back: {detail['was']} − {detail['corrected']} = {line.net_yen:,} yen"
    elif line.item == CALLS_ITEM and "exact" in detail:
        floor_yen = line.net_yen + int(detail["billed_before"].removesuffix(" yen"))
        yield f"floor({detail['exact'].removesuffix(' yen')}) = {floor_yen:,} yen, once for the month"
        yield f"{floor_yen:,} − {floor_yen - line.net_yen:,} billed before = {line.net_yen:,} yen"
    elif line.kind is LineKind.MONTHLY and "exact" in detail:
        quantity = f"{line.quantity} held; " if line.quantity > 1 else ""
        yield f"{quantity}floor({detail['exact'].removesuffix(' yen')}) = {line.net_yen:,} yen"
    elif line.kind is LineKind.DIRECTORY and "price" in detail:
        yield f"{line.quantity} × {detail['price']} = {line.net_yen:,} yen"
    elif line.kind is LineKind.LEVY:
        yield f"the number was in use on {line.period_last}: the levy of the month, in full"
    elif line.kind is LineKind.ONE_OFF:
        yield f"charged once, for work completed on {line.period_first}"
    elif line.kind is LineKind.ADJUSTMENT:
        yield "entered by an operator, with this reason"


def _tax(tax: TaxTotal, body: InvoiceBody, corrected: tuple[InvoiceBody, InvoiceBody | None] | None) -> str:
    if body.kind is not InvoiceKind.CREDIT or corrected is None:
        return f"tax: floor({tax.net_yen:,} × {tax.permille}/1000) = {tax.tax_yen:,}"
    # Of a credit, tax is the difference of two taxes and not the tax of the difference (charging.md P9).
    original, after = corrected
    was, now = _tax_at(tax, original), 0 if after is None else _tax_at(tax, after)
    at = f"at {tax.permille}/1000"
    return f"tax {at}: {was:,} of the original − {now:,} of the corrected invoice = {tax.tax_yen:,}"


def _tax_at(tax: TaxTotal, body: InvoiceBody) -> int:
    return sum(
        one.tax_yen for one in body.taxes if (one.permille, one.category) == (tax.permille, tax.category)
    )
