"""Taking back a wrong invoice: a credit for the difference, then the corrected invoice (charging.md P9)."""

import msgspec

from chakka.invoicing.assemble import in_order
from chakka.invoicing.model import Invoice, InvoiceBody, InvoiceKind, InvoiceLine, TaxTotal
from chakka.invoicing.refusal import refused

# Permille and category.
Rate = tuple[int, str]


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """The two documents that correct an invoice, in the order of their numbers; both refer to it.

    corrected: None if the whole invoice is taken back.
    """

    credit: InvoiceBody
    corrected: InvoiceBody | None


def correct(original: Invoice, corrected: InvoiceBody | None) -> Correction:
    """Return the credit for what an invoice charged too much, and the corrected invoice.

    corrected: what the invoice should have been; None takes all of it back.
    Result:    credit = original − corrected in net, tax and total, of every rate, in positive numbers (P13).
    Raises:    InputError if the original is a credit itself, if nothing differs, or if the corrected invoice
               is higher: nothing is given back then, and what is missing goes on the next invoice (P8).
    """
    if original.body.kind is InvoiceKind.CREDIT:
        message = f"{original.number} is a credit; correct the invoice that it refers to"
        raise refused("not_creditable", original.number, message)
    if corrected is None:
        credit = _referring(original.body, original, InvoiceKind.CREDIT)
    else:
        _check_parties(original, corrected)
        _check_amount(original, corrected)
        credit = _difference(original, corrected)
        corrected = _referring(corrected, original, InvoiceKind.CORRECTED)
    if not any(line.net_yen for line in credit.lines):
        message = f"{original.number} is right as it is: no amount changes"
        raise refused("nothing_to_credit", original.number, message)
    return Correction(credit=credit, corrected=corrected)


def _check_parties(original: Invoice, corrected: InvoiceBody) -> None:
    if original.body.recipient.reference != corrected.recipient.reference:
        message = (
            f"{original.number} went to {original.body.recipient.name}, "
            f"the corrected invoice goes to {corrected.recipient.name}"
        )
        raise refused("not_theirs", original.number, message)


def _check_amount(original: Invoice, corrected: InvoiceBody) -> None:
    if corrected.total_yen > original.body.total_yen:
        message = (
            f"the corrected invoice is {corrected.total_yen} yen, more than the "
            f"{original.body.total_yen} yen of {original.number}; what is missing "
            "goes on the next invoice as an adjustment"
        )
        raise refused("higher", original.number, message)


def _referring(body: InvoiceBody, original: Invoice, kind: InvoiceKind) -> InvoiceBody:
    return msgspec.structs.replace(body, kind=kind, refers_to=original.number)


def _difference(original: Invoice, corrected: InvoiceBody) -> InvoiceBody:
    body = original.body
    lines = _lines_back(body, corrected)
    return msgspec.structs.replace(
        body,
        kind=InvoiceKind.CREDIT,
        lines=lines,
        taxes=tuple(_tax_back(rate, body, corrected) for rate in _rates(lines)),
        net_yen=body.net_yen - corrected.net_yen,
        tax_yen=body.tax_yen - corrected.tax_yen,
        total_yen=body.total_yen - corrected.total_yen,
        refers_to=original.number,
    )


def _lines_back(original: InvoiceBody, corrected: InvoiceBody) -> tuple[InvoiceLine, ...]:
    """Return for each line that changed what is given back; negative where the corrected line is higher."""
    before = {_line_key(line): line for line in original.lines}
    after = {_line_key(line): line for line in corrected.lines}
    given_back = [_line_back(line, after.get(key)) for key, line in before.items()]
    added = [_reversed(line) for key, line in after.items() if key not in before]
    return in_order(line for line in (*given_back, *added) if line.net_yen or line.rounded_uy)


def _line_key(line: InvoiceLine) -> tuple[str, int, str]:
    # A line whose rate of tax was wrong is given back at the old rate and charged at the new.
    return line.key, line.tax_permille, line.tax_category


def _line_back(line: InvoiceLine, after: InvoiceLine | None) -> InvoiceLine:
    if after is None:
        return line
    was = ("was", f"{line.net_yen} yen")
    now = ("corrected", f"{after.net_yen} yen")
    return msgspec.structs.replace(
        line,
        net_yen=line.net_yen - after.net_yen,
        rounded_uy=line.rounded_uy - after.rounded_uy,
        detail=(was, now),
    )


def _reversed(line: InvoiceLine) -> InvoiceLine:
    detail = (("was", "0 yen"), ("corrected", f"{line.net_yen} yen"))
    return msgspec.structs.replace(line, net_yen=-line.net_yen, rounded_uy=-line.rounded_uy, detail=detail)


def _rates(lines: tuple[InvoiceLine, ...]) -> list[Rate]:
    return sorted({(line.tax_permille, line.tax_category) for line in lines}, reverse=True)


def _tax_back(rate: Rate, original: InvoiceBody, corrected: InvoiceBody) -> TaxTotal:
    """Return the difference of nets and of taxes at a rate: tax is not computed anew from the net (P9)."""
    was, now = _total_at(rate, original), _total_at(rate, corrected)
    return TaxTotal(
        permille=was.permille,
        category=was.category,
        net_yen=was.net_yen - now.net_yen,
        tax_yen=was.tax_yen - now.tax_yen,
    )


def _total_at(rate: Rate, body: InvoiceBody) -> TaxTotal:
    for tax in body.taxes:
        if (tax.permille, tax.category) == rate:
            return tax
    return TaxTotal(permille=rate[0], category=rate[1], net_yen=0, tax_yen=0)
