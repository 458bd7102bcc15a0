"""The rules that a JP PINT document keeps, checked on the XML itself.

Rules are named as the published Schematron names them: `ibr-…` are shared by all PINT invoices,
`aligned-…` are Japan's (1.1.3). `ubl-…` stands for the UBL 2.1 schema, `chakka-…` is stricter than both.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from xml.etree import ElementTree as ET

from chakka.errors import Problem
from chakka.invoicing.pint import CAC, CBC, UBL
from chakka.invoicing.pint_tables import (
    AMOUNTS,
    AT_MOST_ONCE,
    CODES,
    DATES,
    REQUIRED,
    REQUIRED_ATTRIBUTES,
    SEQUENCES,
)
from chakka.invoicing.registration import REGISTRATION

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")
PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")
REGISTRATION_NUMBERS_SINCE = "2023-10-01"
UNTAXED = frozenset({"E", "G", "O"})

Fault = tuple[str, ET.Element, str]


class Document:
    """A parsed document: its elements in order, named without their namespaces."""

    def __init__(self, root: ET.Element) -> None:
        self.root = root
        self.elements = tuple(root.iter())
        self.namespaces = tuple(_without_namespace(element) for element in self.elements)

    def place(self, element: ET.Element) -> str:
        """Return where an element is: `InvoiceLine[2]/Item/Name`; "" is the document itself."""
        parents = {child: parent for parent in self.elements for child in parent}
        steps: list[str] = []
        while element is not self.root:
            alike = parents[element].findall(element.tag)
            steps.append(element.tag if len(alike) == 1 else f"{element.tag}[{alike.index(element) + 1}]")
            element = parents[element]
        return "/".join(reversed(steps))


def _without_namespace(element: ET.Element) -> str:
    """Return the namespace of an element, which loses it."""
    namespace, _, element.tag = element.tag.rpartition("}")
    return namespace[1:]


def pint_problems(xml: bytes) -> tuple[Problem, ...]:
    """Return every broken rule of a JP PINT document, in order of place; nothing if it keeps them all."""
    try:
        root = ET.fromstring(xml)
    except ET.ParseError as fault:
        return (Problem(code="xml", where="", message=f"this is no XML: {fault}"),)
    if root.tag != f"{{{UBL}}}Invoice":
        return (Problem(code="ubl-root", where="", message=f"the root is {root.tag}, not a UBL 2.1 Invoice"),)
    document = Document(root)
    faults = (fault for rule in RULES for fault in rule(document))
    return tuple(
        sorted(Problem(code=code, where=document.place(at), message=text) for code, at, text in faults)
    )


def _value(element: ET.Element, path: str) -> str:
    return " ".join((element.findtext(path) or "").split())


def _yen(element: ET.Element, path: str) -> int:
    """Return an amount; 0 for one that is missing or no whole number, which other rules report."""
    text = _value(element, path)
    return int(text) if WHOLE_NUMBER.fullmatch(text) else 0


def _namespaces(document: Document) -> Iterator[Fault]:
    for element, namespace in zip(document.elements[1:], document.namespaces[1:], strict=True):
        wanted = CAC if element.tag in SEQUENCES else CBC
        if namespace != wanted:
            yield "ubl-namespace", element, f"the namespace is {namespace!r}, not {wanted}"


def _required(document: Document) -> Iterator[Fault]:
    for code, scope, path, what in REQUIRED:
        for element in document.root.findall(scope):
            if not any(len(found) or (found.text or "").strip() for found in element.findall(path)):
                yield code, element, f"{what} is missing: {path}"
    for code, path, attribute, what in REQUIRED_ATTRIBUTES:
        for element in document.root.findall(path):
            if attribute not in element.attrib:
                yield code, element, f"{what} is missing: @{attribute}"


def _at_most_once(document: Document) -> Iterator[Fault]:
    for code, scope, path, what in AT_MOST_ONCE:
        for element in document.root.findall(scope):
            count = len(element.findall(path))
            if count > 1:
                yield code, element, f"{what} occurs {count} times, at most once is allowed: {path}"


def _codes(document: Document) -> Iterator[Fault]:
    for code, path, pattern, what in CODES:
        for element in document.root.findall(path):
            text = (element.text or "").strip()
            if re.fullmatch(pattern, text) is None:
                yield code, element, f"{what} is {text!r}, not {pattern}"


def _sequences(document: Document) -> Iterator[Fault]:
    """Say which element UBL 2.1 does not have there, or has in another order."""
    for element in document.elements:
        allowed = SEQUENCES.get(element.tag, ())
        children = [child.tag for child in element]
        strange = [child for child in children if child not in allowed]
        if strange:
            yield "ubl-element", element, f"{strange[0]} is not among {', '.join(allowed) or 'its elements'}"
        elif children != sorted(children, key=allowed.index):
            yield "ubl-sequence", element, f"{', '.join(children)} is not in the order {', '.join(allowed)}"


def _empty(document: Document) -> Iterator[Fault]:
    for element in document.elements:
        if not len(element) and not (element.text or "").strip():
            yield "ibr-079", element, "the element is empty"


def _amounts(document: Document) -> Iterator[Fault]:
    for element in document.elements:
        if element.tag not in AMOUNTS:
            continue
        text, currency = (element.text or "").strip(), element.get("currencyID")
        if currency != "JPY":
            yield "ibr-126", element, f"the currency is {currency!r}, that of the invoice is JPY"
        if element.tag == "TaxAmount" and "." in text:
            yield "aligned-ibr-jp-06", element, f"{text} has decimals; tax in yen has none"
        elif WHOLE_NUMBER.fullmatch(text) is None:
            yield "chakka-whole-yen", element, f"{text!r} is no whole number of yen"


def _dates(document: Document) -> Iterator[Fault]:
    for element in document.elements:
        if element.tag in DATES and not _is_date(element.text or ""):
            yield "ibr-073", element, f"{element.text!r} is no date YYYY-MM-DD"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


def _periods(document: Document) -> Iterator[Fault]:
    root = document.root
    if not any(element.tag == "InvoicePeriod" for element in document.elements):
        yield "aligned-ibrp-052", root, "neither the invoice nor a line has a period"
    whole = root.find("InvoicePeriod")
    if whole is not None:
        yield from _period(whole, "ibr-029", "ibr-co-19")
    for period in root.findall("InvoiceLine/InvoicePeriod"):
        yield from _period(period, "ibr-030", "ibr-co-20")
        if whole is not None:
            yield from _within(period, whole)


def _period(period: ET.Element, order_rule: str, filled_rule: str) -> Iterator[Fault]:
    first, last = _value(period, "StartDate"), _value(period, "EndDate")
    if not first and not last:
        yield filled_rule, period, "the period has neither a first nor a last day"
    elif first and last and last < first:
        yield order_rule, period, f"the period ends {last}, before it starts {first}"


def _within(period: ET.Element, whole: ET.Element) -> Iterator[Fault]:
    first, last = _value(period, "StartDate"), _value(period, "EndDate")
    if first and first < _value(whole, "StartDate"):
        yield "ibr-085", period, f"{first} is before the period of the invoice"
    if last > (_value(whole, "EndDate") or last):
        yield "ibr-086", period, f"{last} is after the period of the invoice"


def _sums(document: Document) -> Iterator[Fault]:
    root, money = document.root, "LegalMonetaryTotal/"
    lines = sum(_yen(line, "LineExtensionAmount") for line in root.findall("InvoiceLine"))
    subtotals = sum(_yen(subtotal, "TaxAmount") for subtotal in root.findall("TaxTotal/TaxSubtotal"))
    sum_of_lines, tax = _yen(root, f"{money}LineExtensionAmount"), _yen(root, "TaxTotal/TaxAmount")
    net, total = _yen(root, f"{money}TaxExclusiveAmount"), _yen(root, f"{money}TaxInclusiveAmount")
    equations = (
        ("ibr-co-10", sum_of_lines, lines, "the sum of the lines"),
        ("ibr-co-13", net, sum_of_lines, "the total without tax"),
        ("ibr-co-14", tax, subtotals, "the tax of all rates"),
        ("ibr-co-15", total, net + tax, "the total with tax"),
        ("ibr-co-16", _yen(root, f"{money}PayableAmount"), total, "the amount to pay"),
    )
    for code, stated, computed, what in equations:
        if stated != computed:
            yield code, root, f"{what} is stated as {stated}, but comes to {computed}"
    if total > 0 and not _value(root, "DueDate") and not _value(root, "PaymentTerms/Note"):
        yield "ibr-co-25", root, f"{total} yen are to be paid, but neither a due date nor terms are said"


def _category(element: ET.Element, below: str = "") -> tuple[str, str]:
    return _value(element, f"{below}ID"), _value(element, f"{below}Percent")


def _taxes(document: Document) -> Iterator[Fault]:
    """Check the tax breakdown against the lines, and each tax against base times rate."""
    root = document.root
    nets: Counter[tuple[str, str]] = Counter()
    for line in root.findall("InvoiceLine"):
        nets[_category(line, "Item/ClassifiedTaxCategory/")] += _yen(line, "LineExtensionAmount")
    stated = Counter(_category(found) for found in root.findall("TaxTotal/TaxSubtotal/TaxCategory"))
    for category, percent in nets:
        if category not in {known for known, _ in stated}:
            yield "ibr-tax-01", root, f"category {category} {percent} of a line is in no tax breakdown"
    for category in sorted(UNTAXED & {known for known, _ in [*nets, *stated]}):
        if sum(count for (known, _), count in stated.items() if known == category) != 1:
            rule = f"aligned-ibrp-{category.lower()}-01"
            yield rule, root, f"category {category} needs exactly one tax breakdown"
    for subtotal in root.findall("TaxTotal/TaxSubtotal"):
        yield from _subtotal(subtotal, nets[_category(subtotal, "TaxCategory/")])


def _subtotal(subtotal: ET.Element, lines_yen: int) -> Iterator[Fault]:
    category, percent = _category(subtotal, "TaxCategory/")
    base, tax = _yen(subtotal, "TaxableAmount"), _yen(subtotal, "TaxAmount")
    if base != lines_yen:
        yield "ibr-tax-08", subtotal, f"the base is {base}, the lines at {percent} % come to {lines_yen}"
    if category in UNTAXED:
        if tax:
            rule = f"aligned-ibrp-{category.lower()}-09"
            yield rule, subtotal, f"category {category} bears no tax, but {tax} is stated"
        return
    exact = base * _rate(percent)
    if not exact // 1 <= tax <= -(-exact // 1):
        yield "aligned-ibrp-051-jp", subtotal, f"the tax on {base} at {percent} % cannot be {tax}"
    if not abs(tax) - 1 < abs(exact) < abs(tax) + 1:
        yield "ibr-tax-09", subtotal, f"the tax {tax} is a yen or more away from {percent} % of {base}"


def _rate(percent: str) -> Fraction:
    return Fraction(percent) / 100 if PERCENT.fullmatch(percent) else Fraction(0)


def _categories(document: Document) -> Iterator[Fault]:
    for element in document.elements:
        if element.tag not in ("TaxCategory", "ClassifiedTaxCategory"):
            continue
        category, percent = _category(element)
        if category == "O" and percent:
            yield "aligned-ibrp-o-05", element, f"what is not subject to tax has no rate, not {percent} %"
        elif category != "O" and PERCENT.fullmatch(percent) is None:
            rule = "aligned-ibrp-048" if element.tag == "TaxCategory" else "aligned-ibrp-050-jp"
            yield rule, element, f"the tax rate is missing or no number: {percent!r}"
        elif category in ("E", "G") and _rate(percent):
            rule = f"aligned-ibrp-{category.lower()}-05"
            yield rule, element, f"the rate of category {category} is 0, not {percent}"


def _line_prices(document: Document) -> Iterator[Fault]:
    for line in document.root.findall("InvoiceLine"):
        price, base = _yen(line, "Price/PriceAmount"), _yen(line, "Price/BaseQuantity")
        quantity, net = _yen(line, "InvoicedQuantity"), _yen(line, "LineExtensionAmount")
        if price < 0:
            yield "ibr-027", line, f"the price is {price}; a negative line has a negative quantity"
        if base < 1:
            yield "ibr-087", line, "the base quantity is not above zero"
        elif price * quantity != net * base:
            yield "chakka-line-price", line, f"{quantity} at {price} per {base} do not come to {net}"
        units = {
            found.get("unitCode")
            for found in (*line.findall("InvoicedQuantity"), *line.findall("Price/BaseQuantity"))
        }
        if len(units) > 1:
            yield "ibr-088", line, "the base quantity has another unit than the quantity"


def _seller(document: Document) -> Iterator[Fault]:
    days = [element.text or "" for element in document.elements if element.tag in ("StartDate", "EndDate")]
    if max(days, default="") < REGISTRATION_NUMBERS_SINCE:
        return
    for element in document.root.findall("AccountingSupplierParty/Party/PartyTaxScheme/CompanyID"):
        if REGISTRATION.fullmatch((element.text or "").strip()) is None:
            yield "aligned-ibr-jp-01", element, f"{element.text!r} is not T and 13 digits"


RULES = (
    _namespaces,
    _required,
    _at_most_once,
    _codes,
    _sequences,
    _empty,
    _amounts,
    _dates,
    _periods,
    _sums,
    _taxes,
    _categories,
    _line_prices,
    _seller,
)
