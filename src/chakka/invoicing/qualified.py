"""What the law requires of a qualified invoice, and the checks that every document passes before issue."""

from collections import Counter
from collections.abc import Iterator

from chakka.errors import Problem
from chakka.invoicing.model import Invoice, InvoiceKind
from chakka.invoicing.pint import NOT_IN_XML, STANDARD, PintProfile, pint
from chakka.invoicing.pint_rules import pint_problems
from chakka.invoicing.registration import registration_problems

# A recipient without a registration number has no Peppol address that we could know. The document is a
# qualified invoice all the same; it just cannot be sent through that network.
ADDRESSING = frozenset({"ibr-080"})


def problems_before_issue(
    invoice: Invoice, original: Invoice | None = None, profile: PintProfile = STANDARD
) -> tuple[Problem, ...]:
    """Return whatever forbids to issue a document; nothing if it is right.

    Source: charging.md §5; 消費税法 第57条の4; JP PINT 1.1.
    """
    problems = tuple(_qualified_problems(invoice, original))
    if problems:
        return problems
    return tuple(
        problem
        for problem in pint_problems(pint(invoice, original, profile))
        if problem.code not in ADDRESSING
    )


def _qualified_problems(invoice: Invoice, original: Invoice | None) -> Iterator[Problem]:
    body = invoice.body
    yield from registration_problems(body.issuer.registration_number, "issuer.registration_number")
    if body.recipient.registration_number:
        number = body.recipient.registration_number
        yield from registration_problems(number, "recipient.registration_number", corporation=False)
    required = {
        "number": invoice.number,
        "issuer.name": body.issuer.name,
        "recipient.name": body.recipient.name,
        **{f"lines[{i}].description": line.description for i, line in enumerate(body.lines)},
    }
    for where, text in required.items():
        if not text.strip():
            yield Problem(
                code="missing", where=where, message="a qualified invoice must say this (消費税法 57条の4)"
            )
    others = {"issuer.address": body.issuer.address, "recipient.address": body.recipient.address}
    for where, text in (required | others).items():
        yield from _text_problems(text, where)
    yield from _reference_problems(invoice, original)
    yield from _sum_problems(invoice)


def _text_problems(text: str, where: str) -> Iterator[Problem]:
    forbidden = NOT_IN_XML.search(text)
    if forbidden:
        message = f"{text!r} holds the control character U+{ord(forbidden.group()):04X}"
        yield Problem(code="control_character", where=where, message=message)


def _reference_problems(invoice: Invoice, original: Invoice | None) -> Iterator[Problem]:
    body = invoice.body
    refers = body.kind is not InvoiceKind.INVOICE
    if refers and original is None:
        message = f"a {body.kind} refers to its original, {body.refers_to or 'which is not named'}"
        yield Problem(code="original", where="refers_to", message=message)
    elif body.refers_to != (original.number if original else None):
        message = f"{body.refers_to} is not the original that was given"
        yield Problem(code="original", where="refers_to", message=message)


def _sum_problems(invoice: Invoice) -> Iterator[Problem]:
    """Say which of the sums are wrong: lines = net of each rate = net, net + tax = total."""
    body = invoice.body
    lines: Counter[tuple[str, int]] = Counter()
    for line in body.lines:
        lines[line.tax_category, line.tax_permille] += line.net_yen
    for tax in body.taxes:
        if lines[tax.category, tax.permille] != tax.net_yen:
            message = f"the lines come to {lines[tax.category, tax.permille]}, {tax.net_yen} is stated"
            yield Problem(code="sum", where=f"taxes[{tax.category} {tax.permille}]", message=message)
    sums = (
        ("net_yen", body.net_yen, sum(line.net_yen for line in body.lines)),
        ("tax_yen", body.tax_yen, sum(tax.tax_yen for tax in body.taxes)),
        ("total_yen", body.total_yen, body.net_yen + body.tax_yen),
    )
    for where, stated, computed in sums:
        if stated != computed:
            yield Problem(code="sum", where=where, message=f"{stated} is stated, it comes to {computed}")
