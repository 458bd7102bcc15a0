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
from chakka.invoicing.pint import PREFIXES, UBL
from chakka.invoicing.pint_tables import (
    AMOUNTS,
    AT_MOST_ONCE,
    CODES,
    DATES,
    REQUIRED,
    REQUIRED_ATTRIBUTES,
    SEQUENCES,
)

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")
REGISTRATION_NUMBERS_SINCE = "2023-10-01"
UNTAXED = frozenset({"E", "G", "O"})

Fault = tuple[str, str, str]


def pint_problems(xml: bytes) -> tuple[Problem, ...]:
    """Return every broken rule of a JP PINT document, in order of place; nothing if it keeps them all."""
    try:
        root = ET.fromstring(xml)
    except ET.ParseError as fault:
        return (Problem(code="xml", where="", message=f"this is no XML: {fault}"),)
    if root.tag != f"{{{UBL}}}Invoice":
        return (Problem(code="ubl-root", where="", message=f"the root is {root.tag}, not a UBL 2.1 Invoice"),)
    faults = [fault for rule in RULES for fault in rule(root)]
    return tuple(sorted(Problem(code=code, where=where, message=text) for code, where, text in faults))


def _find(element: ET.Element, path: str) -> list[ET.Element]:
    return element.findall(path, PREFIXES)


def _value(element: ET.Element, path: str) -> str:
    return " ".join((element.findtext(path, "", PREFIXES) or "").split())


def _yen(element: ET.Element, path: str) -> int:
    """Return an amount; 0 for one that is missing or no whole number, which other rules report."""
    text = _value(element, path)
    return int(text) if WHOLE_NUMBER.fullmatch(text) else 0


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _places(root: ET.Element) -> Iterator[tuple[str, ET.Element]]:
    """Yield every element with its place: `InvoiceLine[2]/Item/Name`."""

    def below(parent: ET.Element, prefix: str) -> Iterator[tuple[str, ET.Element]]:
        total = Counter(child.tag for child in parent)
        seen: Counter[str] = Counter()
        for child in parent:
            seen[child.tag] += 1
            index = f"[{seen[child.tag]}]" if total[child.tag] > 1 else ""
            place = f"{prefix}{_name(child)}{index}"
            yield place, child
            yield from below(child, f"{place}/")

    yield from below(root, "")


def _lines(root: ET.Element) -> Iterator[tuple[str, ET.Element]]:
    for position, line in enumerate(_find(root, "cac:InvoiceLine"), start=1):
        yield f"InvoiceLine[{position}]", line


def _required(root: ET.Element) -> Iterator[Fault]:
    for code, scope, path, what in REQUIRED:
        for element in _find(root, scope):
            if not any(len(found) or (found.text or "").strip() for found in _find(element, path)):
                yield code, scope, f"{what} is missing: {path}"
    for code, path, attribute, what in REQUIRED_ATTRIBUTES:
        for element in _find(root, path):
            if attribute not in element.attrib:
                yield code, path, f"{what} is missing: @{attribute}"


def _at_most_once(root: ET.Element) -> Iterator[Fault]:
    for code, scope, path, what in AT_MOST_ONCE:
        for element in _find(root, scope):
            count = len(_find(element, path))
            if count > 1:
                yield code, scope, f"{what} occurs {count} times, at most once is allowed"


def _codes(root: ET.Element) -> Iterator[Fault]:
    for code, path, pattern, what in CODES:
        for element in _find(root, path):
            text = " ".join((element.text or "").split())
            if re.fullmatch(pattern, text) is None:
                yield code, path, f"{what} is {text!r}, not {pattern}"


def _sequences(root: ET.Element) -> Iterator[Fault]:
    """Say which element UBL 2.1 does not have there, or has in another order."""
    for place, element in [("", root), *_places(root)]:
        allowed = SEQUENCES.get(_name(element), ())
        children = [_name(child) for child in element]
        strange = [child for child in children if child not in allowed]
        if strange:
            yield "ubl-element", place, f"{strange[0]} is not among {', '.join(allowed) or 'no elements'}"
        elif children != sorted(children, key=allowed.index):
            yield "ubl-sequence", place, f"{', '.join(children)} is not the order {', '.join(allowed)}"


def _empty(root: ET.Element) -> Iterator[Fault]:
    for place, element in _places(root):
        if not len(element) and not (element.text or "").strip():
            yield "ibr-079", place, "the element is empty"


def _amounts(root: ET.Element) -> Iterator[Fault]:
    for place, element in _places(root):
        if _name(element) not in AMOUNTS:
            continue
        text = (element.text or "").strip()
        if element.get("currencyID") != "JPY":
            yield (
                "ibr-126",
                place,
                f"the currency is {element.get('currencyID')!r}, that of the invoice is JPY",
            )
        if _name(element) == "TaxAmount" and "." in text:
            yield "aligned-ibr-jp-06", place, f"{text} has decimals; tax in yen has none"
        elif WHOLE_NUMBER.fullmatch(text) is None:
            yield "chakka-whole-yen", place, f"{text!r} is no whole number of yen"


def _dates(root: ET.Element) -> Iterator[Fault]:
    for place, element in _places(root):
        if _name(element) in DATES and _day(element.text or "") is None:
            yield "ibr-073", place, f"{element.text!r} is no date YYYY-MM-DD"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _periods(root: ET.Element) -> Iterator[Fault]:
    if not any(_name(element) == "InvoicePeriod" for _, element in _places(root)):
        yield "aligned-ibrp-052", "", "neither the invoice nor a line has a period"
    whole = root.find("cac:InvoicePeriod", PREFIXES)
    if whole is not None:
        yield from _period(whole, "InvoicePeriod", "ibr-029", "ibr-co-19")
    for place, line in _lines(root):
        for period in _find(line, "cac:InvoicePeriod"):
            yield from _period(period, f"{place}/InvoicePeriod", "ibr-030", "ibr-co-20")
            if whole is not None:
                yield from _within(period, whole, f"{place}/InvoicePeriod")


def _period(period: ET.Element, place: str, order_rule: str, filled_rule: str) -> Iterator[Fault]:
    first, last = _value(period, "cbc:StartDate"), _value(period, "cbc:EndDate")
    if not first and not last:
        yield filled_rule, place, "the period has neither a first nor a last day"
    elif first and last and last < first:
        yield order_rule, place, f"the period ends {last}, before it starts {first}"


def _within(period: ET.Element, whole: ET.Element, place: str) -> Iterator[Fault]:
    first, last = _value(period, "cbc:StartDate"), _value(period, "cbc:EndDate")
    if first and first < _value(whole, "cbc:StartDate"):
        yield "ibr-085", place, f"{first} is before the period of the invoice"
    if last > (_value(whole, "cbc:EndDate") or last):
        yield "ibr-086", place, f"{last} is after the period of the invoice"


def _sums(root: ET.Element) -> Iterator[Fault]:
    money, tax = "cac:LegalMonetaryTotal/cbc:", "cac:TaxTotal/"
    lines = sum(_yen(line, "cbc:LineExtensionAmount") for _, line in _lines(root))
    subtotals = sum(_yen(sub, "cbc:TaxAmount") for sub in _find(root, f"{tax}cac:TaxSubtotal"))
    net, total = _yen(root, f"{money}TaxExclusiveAmount"), _yen(root, f"{money}TaxInclusiveAmount")
    tax_yen = _yen(root, f"{tax}cbc:TaxAmount")
    equations = (
        ("ibr-co-10", _yen(root, f"{money}LineExtensionAmount"), lines, "the sum of the lines"),
        ("ibr-co-13", net, _yen(root, f"{money}LineExtensionAmount"), "the total without tax"),
        ("ibr-co-14", tax_yen, subtotals, "the tax of all rates"),
        ("ibr-co-15", total, net + tax_yen, "the total with tax"),
        ("ibr-co-16", _yen(root, f"{money}PayableAmount"), total, "the amount to pay"),
    )
    for code, stated, computed, what in equations:
        if stated != computed:
            yield code, "LegalMonetaryTotal", f"{what} is stated as {stated}, but comes to {computed}"
    if total > 0 and not _value(root, "cbc:DueDate") and not _value(root, "cac:PaymentTerms/cbc:Note"):
        yield (
            "ibr-co-25",
            "PayableAmount",
            f"{total} yen are to be paid, but neither a due date nor terms are said",
        )


def _category(element: ET.Element, below: str = "") -> tuple[str, str]:
    return _value(element, f"{below}cbc:ID"), _value(element, f"{below}cbc:Percent")


def _taxes(root: ET.Element) -> Iterator[Fault]:
    """Check the tax breakdown against the lines, and each tax against base times rate."""
    nets: Counter[tuple[str, str]] = Counter()
    for _, line in _lines(root):
        for found in _find(line, "cac:Item/cac:ClassifiedTaxCategory"):
            nets[_category(found)] += _yen(line, "cbc:LineExtensionAmount")
    stated = Counter(
        _category(found) for found in _find(root, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory")
    )
    for category, percent in nets:
        if category not in {known for known, _ in stated}:
            yield "ibr-tax-01", "TaxTotal", f"category {category} {percent} of a line is in no tax breakdown"
    for code in sorted(UNTAXED & {code for code, _ in [*nets, *stated]}):
        if sum(count for (known, _), count in stated.items() if known == code) != 1:
            rule = f"aligned-ibrp-{code.lower()}-01"
            yield rule, "TaxTotal", f"category {code} needs exactly one tax breakdown"
    for position, subtotal in enumerate(_find(root, "cac:TaxTotal/cac:TaxSubtotal"), start=1):
        yield from _subtotal(subtotal, nets, f"TaxSubtotal[{position}]")


def _subtotal(subtotal: ET.Element, nets: Counter[tuple[str, str]], place: str) -> Iterator[Fault]:
    category, percent = _category(subtotal, "cac:TaxCategory/")
    base, tax = _yen(subtotal, "cbc:TaxableAmount"), _yen(subtotal, "cbc:TaxAmount")
    if base != nets[category, percent]:
        yield (
            "ibr-tax-08",
            place,
            f"the base is {base}, the lines at {percent} % come to {nets[category, percent]}",
        )
    if category in UNTAXED:
        if tax:
            yield (
                f"aligned-ibrp-{category.lower()}-09",
                place,
                f"category {category} bears no tax, but {tax} is stated",
            )
        return
    rate = _rate(percent)
    exact = base * rate
    if not exact // 1 <= tax <= -(-exact // 1):
        yield "aligned-ibrp-051-jp", place, f"the tax on {base} at {percent} % cannot be {tax}"
    if not abs(tax) - 1 < abs(exact) < abs(tax) + 1:
        yield "ibr-tax-09", place, f"the tax {tax} is a yen or more away from {percent} % of {base}"


def _rate(percent: str) -> Fraction:
    return Fraction(percent) / 100 if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", percent) else Fraction(0)


def _categories(root: ET.Element) -> Iterator[Fault]:
    for place, element in _places(root):
        if _name(element) not in ("TaxCategory", "ClassifiedTaxCategory"):
            continue
        category, percent = _category(element)
        on_line = _name(element) == "ClassifiedTaxCategory"
        if category == "O" and percent:
            yield "aligned-ibrp-o-05", place, f"what is not subject to tax has no rate, not {percent} %"
        elif category != "O" and not percent:
            yield "aligned-ibrp-050-jp" if on_line else "aligned-ibrp-048", place, "the tax rate is missing"
        elif category in ("E", "G") and _rate(percent):
            yield (
                f"aligned-ibrp-{category.lower()}-05",
                place,
                f"the rate of category {category} is 0, not {percent}",
            )


def _line_prices(root: ET.Element) -> Iterator[Fault]:
    for place, line in _lines(root):
        price, base = _yen(line, "cac:Price/cbc:PriceAmount"), _yen(line, "cac:Price/cbc:BaseQuantity")
        quantity, net = _yen(line, "cbc:InvoicedQuantity"), _yen(line, "cbc:LineExtensionAmount")
        if price < 0:
            yield (
                "ibr-027",
                f"{place}/Price",
                f"the price is {price}; a negative line has a negative quantity",
            )
        if base < 1:
            yield "ibr-087", f"{place}/Price", "the base quantity must be above zero"
        elif price * quantity != net * base:
            yield "chakka-line-price", place, f"{quantity} at {price} per {base} do not come to {net}"
        units = {found.get("unitCode") for found in _find(line, "cbc:InvoicedQuantity")}
        if _find(line, "cac:Price/cbc:BaseQuantity") and units != {
            found.get("unitCode") for found in _find(line, "cac:Price/cbc:BaseQuantity")
        }:
            yield "ibr-088", f"{place}/Price", "the base quantity has another unit than the quantity"


def _seller(root: ET.Element) -> Iterator[Fault]:
    last_days = [
        element.text or "" for _, element in _places(root) if _name(element) in ("StartDate", "EndDate")
    ]
    if max(last_days, default="") < REGISTRATION_NUMBERS_SINCE:
        return
    path = "cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID"
    for element in _find(root, path):
        if re.fullmatch(r"T[0-9]{13}", (element.text or "").strip()) is None:
            yield "aligned-ibr-jp-01", path, f"{element.text!r} is not T and 13 digits"


RULES = (
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
