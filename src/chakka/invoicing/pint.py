"""An issued invoice as JP PINT: UBL 2.1 XML for the Peppol network (Standard Invoice JP PINT 1.1)."""

import re
from datetime import date
from xml.etree import ElementTree as ET

import msgspec

from chakka.errors import InputError
from chakka.invoicing.model import Invoice, InvoiceKind, InvoiceLine, Party
from chakka.invoicing.notation import percent
from chakka.invoicing.registration import is_corporate_number

UBL = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
# Prefixes are written out: ElementTree's own table of them is global, and other libraries change it.
NAMESPACES = {"xmlns": UBL, "xmlns:cac": CAC, "xmlns:cbc": CBC}

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
# JP PINT has one document type: what is given back is an invoice of negative amounts
# (aligned-ibrp-cl-02-jp, Digital Agency example 7).
TYPE_CODE = "380"
# UN/ECE Recommendation 20: "one". Lines count months, calls, jobs and listings alike.
UNIT_CODE = "C62"
# ISO 6523: the corporate number, and the registration number of those who have none.
CORPORATE_NUMBER_SCHEME, REGISTRATION_NUMBER_SCHEME = "0188", "0221"
# XML 1.0 §2.2: what no XML document can hold, not even escaped.
NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An address in the Peppol network."""

    scheme: str
    identifier: str


class PintProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Which specification the XML claims, and addresses that do not follow from registration numbers."""

    customization_id: str = "urn:peppol:pint:billing-1@jp-1"
    profile_id: str = "urn:peppol:bis:billing"
    seller_endpoint: Endpoint | None = None
    buyer_endpoint: Endpoint | None = None


STANDARD = PintProfile()


def pint(invoice: Invoice, original: Invoice | None = None, profile: PintProfile = STANDARD) -> bytes:
    """Return the XML of an issued document; the same bytes each time.

    original: the invoice that a credit or a corrected invoice refers to.
    Raises:   InputError if it refers to another one, or if a text holds characters that XML cannot.
    Source:   charging.md §5; JP PINT semantic model and syntax binding; UBL 2.1.
    """
    require_original(invoice, original)
    root = ET.Element("Invoice", NAMESPACES)
    _header(root, invoice, profile)
    if original is not None:
        reference = _group(_group(root, "BillingReference"), "InvoiceDocumentReference")
        _text(reference, "ID", original.number)
        _text(reference, "IssueDate", original.issued_on.isoformat())
    _party(_group(root, "AccountingSupplierParty"), invoice.body.issuer, profile.seller_endpoint)
    _party(_group(root, "AccountingCustomerParty"), invoice.body.recipient, profile.buyer_endpoint)
    _totals(root, invoice)
    for position, line in enumerate(invoice.body.lines, start=1):
        _line(root, position, line, _sign(invoice))
    ET.indent(root)
    return f"{DECLARATION}\n{ET.tostring(root, encoding='unicode')}\n".encode()


def require_original(invoice: Invoice, original: Invoice | None) -> None:
    """Return if `original` is what the document refers to. Raises: InputError otherwise."""
    given = None if original is None else original.number
    if invoice.body.refers_to != given:
        message = (
            f"{invoice.number} refers to {invoice.body.refers_to or 'no invoice'}, not to {given or 'none'}"
        )
        raise InputError(message)


def _sign(invoice: Invoice) -> int:
    return -1 if invoice.body.kind is InvoiceKind.CREDIT else 1


def _header(root: ET.Element, invoice: Invoice, profile: PintProfile) -> None:
    body = invoice.body
    _text(root, "CustomizationID", profile.customization_id)
    _text(root, "ProfileID", profile.profile_id)
    _text(root, "ID", invoice.number)
    _text(root, "IssueDate", invoice.issued_on.isoformat())
    if body.kind is not InvoiceKind.CREDIT:
        _text(root, "DueDate", invoice.due_on.isoformat())
    _text(root, "InvoiceTypeCode", TYPE_CODE)
    if body.kind is InvoiceKind.CREDIT:
        _text(root, "Note", f"適格返還請求書（{body.refers_to} に対する返還）")
    elif body.kind is InvoiceKind.CORRECTED:
        _text(root, "Note", f"修正した適格請求書（{body.refers_to} の修正）")
    _text(root, "DocumentCurrencyCode", "JPY")
    _period(root, *envelope(invoice))


def envelope(invoice: Invoice) -> tuple[date, date]:
    """Return the first and last day that the period or any line of a document covers.

    A late call keeps its own usage period (charging.md P8), but line periods must lie within that of the
    document (ibr-085, ibr-086).
    """
    body = invoice.body
    return (
        min([body.period_first, *(line.period_first for line in body.lines)]),
        max([body.period_last, *(line.period_last for line in body.lines)]),
    )


def _period(parent: ET.Element, first: date, last: date) -> None:
    period = _group(parent, "InvoicePeriod")
    _text(period, "StartDate", first.isoformat())
    _text(period, "EndDate", last.isoformat())


def _party(parent: ET.Element, party: Party, endpoint: Endpoint | None) -> None:
    element = _group(parent, "Party")
    address = endpoint or endpoint_of(party)
    if address is not None:
        _text(element, "EndpointID", address.identifier, schemeID=address.scheme)
    if party.reference:
        _text(_group(element, "PartyIdentification"), "ID", party.reference)
    postal = _group(element, "PostalAddress")
    first, *others = party.address.splitlines() or [""]
    if first:
        _text(postal, "StreetName", first)
    if others:
        _text(postal, "AdditionalStreetName", "　".join(others))
    if party.postal_code:
        _text(postal, "PostalZone", party.postal_code.replace("-", ""))
    _text(_group(postal, "Country"), "IdentificationCode", "JP")
    if party.registration_number:
        scheme = _group(element, "PartyTaxScheme")
        _text(scheme, "CompanyID", party.registration_number)
        _text(_group(scheme, "TaxScheme"), "ID", "VAT")
    legal = _group(element, "PartyLegalEntity")
    _text(legal, "RegistrationName", party.name)
    if is_corporate_number(party.registration_number[1:]):
        _text(legal, "CompanyID", party.registration_number[1:], schemeID=CORPORATE_NUMBER_SCHEME)


def endpoint_of(party: Party) -> Endpoint | None:
    """Return the Peppol address that follows from a registration number; None if there is no number."""
    number = party.registration_number
    if not number:
        return None
    if is_corporate_number(number[1:]):
        return Endpoint(scheme=CORPORATE_NUMBER_SCHEME, identifier=number[1:])
    return Endpoint(scheme=REGISTRATION_NUMBER_SCHEME, identifier=number)


def _totals(root: ET.Element, invoice: Invoice) -> None:
    body, sign = invoice.body, _sign(invoice)
    total = _group(root, "TaxTotal")
    _amount(total, "TaxAmount", sign * body.tax_yen)
    for tax in body.taxes:
        subtotal = _group(total, "TaxSubtotal")
        _amount(subtotal, "TaxableAmount", sign * tax.net_yen)
        _amount(subtotal, "TaxAmount", sign * tax.tax_yen)
        _tax_category(_group(subtotal, "TaxCategory"), tax.category, tax.permille)
    money = _group(root, "LegalMonetaryTotal")
    _amount(money, "LineExtensionAmount", sign * body.net_yen)
    _amount(money, "TaxExclusiveAmount", sign * body.net_yen)
    _amount(money, "TaxInclusiveAmount", sign * body.total_yen)
    _amount(money, "PayableAmount", sign * body.total_yen)


def _tax_category(element: ET.Element, category: str, permille: int) -> None:
    _text(element, "ID", category)
    if category != "O":
        _text(element, "Percent", percent(permille))
    _text(_group(element, "TaxScheme"), "ID", "VAT")


def _line(root: ET.Element, position: int, line: InvoiceLine, sign: int) -> None:
    """Add a line. Its price is that of the whole quantity, so that no unit price has to be rounded."""
    net_yen = sign * line.net_yen
    quantity = max(1, abs(line.quantity))
    element = _group(root, "InvoiceLine")
    _text(element, "ID", str(position))
    _text(element, "InvoicedQuantity", str(-quantity if net_yen < 0 else quantity), unitCode=UNIT_CODE)
    _amount(element, "LineExtensionAmount", net_yen)
    _period(element, line.period_first, line.period_last)
    item = _group(element, "Item")
    _text(item, "Name", line.description)
    _tax_category(_group(item, "ClassifiedTaxCategory"), line.tax_category, line.tax_permille)
    if line.number:
        attribute = _group(item, "AdditionalItemProperty")
        _text(attribute, "Name", "着信課金電話番号")
        _text(attribute, "Value", line.number)
    price = _group(element, "Price")
    _amount(price, "PriceAmount", abs(net_yen))
    _text(price, "BaseQuantity", str(quantity), unitCode=UNIT_CODE)


def _group(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, f"cac:{name}")


def _amount(parent: ET.Element, name: str, amount_yen: int) -> None:
    _text(parent, name, str(amount_yen), currencyID="JPY")


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    forbidden = NOT_IN_XML.search(text)
    if forbidden:
        raise InputError(
            f"{name} {text!r} holds U+{ord(forbidden.group()):04X}, which no XML document can hold"
        )
    ET.SubElement(parent, f"cbc:{name}", attributes).text = text
