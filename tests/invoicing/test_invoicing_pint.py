"""JP PINT documents: what is written, and every rule with an example that breaks it."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from invoice_examples import (
    ISSUER,
    OCTOBER,
    RECIPIENT,
    body,
    corrected_of_e19,
    credit_of_e19,
    issued,
    line,
    month_of_october,
    wrong_invoice_of_e19,
)

from chakka.errors import InputError, Problem
from chakka.invoicing import pint_rules
from chakka.invoicing.assemble import Heading, assemble
from chakka.invoicing.credit import correct
from chakka.invoicing.model import Invoice, InvoiceBody, InvoiceKind, InvoiceLine, Party
from chakka.invoicing.pint import CAC, CBC, Endpoint, PintProfile, pint
from chakka.invoicing.pint_rules import pint_problems
from chakka.invoicing.qualified import problems_before_issue

NAMES = {"cac": CAC, "cbc": CBC}
SELLER, BUYER = "cac:AccountingSupplierParty/cac:Party", "cac:AccountingCustomerParty/cac:Party"
LINE, TOTAL, SUBTOTAL = "cac:InvoiceLine", "cac:LegalMonetaryTotal", "cac:TaxTotal/cac:TaxSubtotal"
CATEGORY = f"{LINE}/cac:Item/cac:ClassifiedTaxCategory"
PERIOD = f"{LINE}/cac:InvoicePeriod"

Edit = Callable[[ET.Element], None]


def tree(xml: bytes) -> ET.Element:
    return ET.fromstring(xml)


def text_at(xml: bytes, path: str) -> str | None:
    return tree(xml).findtext(path, None, NAMES)


def codes(xml: bytes) -> set[str]:
    return {problem.code for problem in pint_problems(xml)}


def found(root: ET.Element, path: str) -> tuple[ET.Element, ET.Element]:
    """Return the first element at a path, and its parent."""
    parent_path, _, name = path.rpartition("/")
    parent = root.find(parent_path, NAMES) if parent_path else root
    assert parent is not None
    element = parent.find(name, NAMES)
    assert element is not None, path
    return parent, element


def without(path: str) -> Edit:
    def edit(root: ET.Element) -> None:
        parent, element = found(root, path)
        parent.remove(element)

    return edit


def text(path: str, value: str) -> Edit:
    def edit(root: ET.Element) -> None:
        found(root, path)[1].text = value

    return edit


def attribute(path: str, name: str, value: str | None) -> Edit:
    def edit(root: ET.Element) -> None:
        element = found(root, path)[1]
        element.attrib.pop(name)
        if value is not None:
            element.set(name, value)

    return edit


def doubled(path: str) -> Edit:
    def edit(root: ET.Element) -> None:
        parent, element = found(root, path)
        parent.insert(list(parent).index(element), element)

    return edit


def last(path: str) -> Edit:
    def edit(root: ET.Element) -> None:
        parent, element = found(root, path)
        parent.remove(element)
        parent.append(element)

    return edit


def added(path: str, name: str, value: str) -> Edit:
    def edit(root: ET.Element) -> None:
        prefix, _, local = name.partition(":")
        ET.SubElement(found(root, path)[1], f"{{{NAMES[prefix]}}}{local}").text = value

    return edit


def all_of(*edits: Edit) -> Edit:
    def edit(root: ET.Element) -> None:
        for each in edits:
            each(root)

    return edit


def untaxed(category: str, percent: str | None = "0") -> Edit:
    """Put the only line and the only rate into a category without tax, though tax is still stated."""
    edits = [text(f"{path}/cbc:ID", category) for path in (CATEGORY, f"{SUBTOTAL}/cac:TaxCategory")]
    for path in (CATEGORY, f"{SUBTOTAL}/cac:TaxCategory"):
        percent_path = f"{path}/cbc:Percent"
        edits.append(without(percent_path) if percent is None else text(percent_path, percent))
    return all_of(*edits)


BROKEN = [
    ("ibr-001", without("cbc:CustomizationID")),
    ("ibr-002", text("cbc:ID", " ")),
    ("ibr-003", without("cbc:IssueDate")),
    ("ibr-004", without("cbc:InvoiceTypeCode")),
    ("ibr-005", without("cbc:DocumentCurrencyCode")),
    ("ibr-006", without(f"{SELLER}/cac:PartyLegalEntity/cbc:RegistrationName")),
    ("ibr-007", without(f"{BUYER}/cac:PartyLegalEntity")),
    ("ibr-008", without(f"{SELLER}/cac:PostalAddress")),
    ("ibr-009", without(f"{SELLER}/cac:PostalAddress/cac:Country")),
    ("ibr-010", without(f"{BUYER}/cac:PostalAddress")),
    ("ibr-011", text(f"{BUYER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode", "")),
    ("ibr-012", without(f"{TOTAL}/cbc:LineExtensionAmount")),
    ("ibr-013", without(f"{TOTAL}/cbc:TaxExclusiveAmount")),
    ("ibr-014", without(f"{TOTAL}/cbc:TaxInclusiveAmount")),
    ("ibr-015", without(f"{TOTAL}/cbc:PayableAmount")),
    ("ibr-016", without(LINE)),
    ("ibr-021", without(f"{LINE}/cbc:ID")),
    ("ibr-022", without(f"{LINE}/cbc:InvoicedQuantity")),
    ("ibr-023", attribute(f"{LINE}/cbc:InvoicedQuantity", "unitCode", None)),
    ("ibr-024", without(f"{LINE}/cbc:LineExtensionAmount")),
    ("ibr-025", without(f"{LINE}/cac:Item/cbc:Name")),
    ("ibr-026", without(f"{LINE}/cac:Price/cbc:PriceAmount")),
    ("ibr-027", text(f"{LINE}/cac:Price/cbc:PriceAmount", "-1032")),
    ("ibr-029", text("cac:InvoicePeriod/cbc:EndDate", "2026-09-30")),
    ("ibr-030", text(f"{PERIOD}/cbc:EndDate", "2026-09-30")),
    ("ibr-054", without(f"{LINE}/cac:Item/cac:AdditionalItemProperty/cbc:Value")),
    ("ibr-055", without("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID")),
    ("ibr-062", attribute(f"{SELLER}/cbc:EndpointID", "schemeID", None)),
    ("ibr-063", attribute(f"{BUYER}/cbc:EndpointID", "schemeID", None)),
    ("ibr-073", text("cbc:IssueDate", "2026-11-31")),
    ("ibr-073", text("cbc:DueDate", "20261130")),
    ("ibr-073", text(f"{PERIOD}/cbc:EndDate", "2026/10/31")),
    ("ibr-076", without("cbc:ProfileID")),
    ("ibr-079", text("cbc:Note", "\n")),
    ("ibr-080", without(f"{BUYER}/cbc:EndpointID")),
    ("ibr-081", without(f"{SELLER}/cbc:EndpointID")),
    ("ibr-085", text(f"{PERIOD}/cbc:StartDate", "2026-09-30")),
    ("ibr-086", text(f"{PERIOD}/cbc:EndDate", "2026-11-01")),
    ("ibr-087", text(f"{LINE}/cac:Price/cbc:BaseQuantity", "0")),
    ("ibr-088", attribute(f"{LINE}/cac:Price/cbc:BaseQuantity", "unitCode", "H87")),
    ("ibr-097", doubled("cac:InvoicePeriod")),
    ("ibr-098", doubled(f"{SELLER}/cac:PartyLegalEntity/cbc:RegistrationName")),
    ("ibr-102", doubled(f"{BUYER}/cac:PartyLegalEntity")),
    ("ibr-104", doubled(f"{BUYER}/cac:PartyTaxScheme/cbc:CompanyID")),
    ("ibr-110", doubled(PERIOD)),
    ("ibr-126", attribute(f"{TOTAL}/cbc:PayableAmount", "currencyID", "USD")),
    ("ibr-co-10", text(f"{TOTAL}/cbc:LineExtensionAmount", "1031")),
    ("ibr-co-13", text(f"{TOTAL}/cbc:TaxExclusiveAmount", "1033")),
    ("ibr-co-14", text("cac:TaxTotal/cbc:TaxAmount", "102")),
    ("ibr-co-15", text(f"{TOTAL}/cbc:TaxInclusiveAmount", "1134")),
    ("ibr-co-16", text(f"{TOTAL}/cbc:PayableAmount", "1134")),
    (
        "ibr-co-19",
        all_of(without("cac:InvoicePeriod/cbc:StartDate"), without("cac:InvoicePeriod/cbc:EndDate")),
    ),
    ("ibr-co-20", all_of(without(f"{PERIOD}/cbc:StartDate"), without(f"{PERIOD}/cbc:EndDate"))),
    ("ibr-co-25", without("cbc:DueDate")),
    ("ibr-sr-50", all_of(*[added(f"{LINE}/cac:Item", "cbc:Description", "twice")] * 2)),
    ("ibr-sr-51", doubled("cbc:Note")),
    ("ibr-sr-57", without(f"{BUYER}/cac:PartyTaxScheme/cbc:CompanyID")),
    ("ibr-sr-58", without(f"{CATEGORY}/cbc:ID")),
    ("ibr-tax-01", text(f"{CATEGORY}/cbc:ID", "AA")),
    ("ibr-tax-08", text(f"{SUBTOTAL}/cbc:TaxableAmount", "1030")),
    ("ibr-tax-09", text(f"{SUBTOTAL}/cbc:TaxAmount", "102")),
    ("aligned-ibr-jp-01", text(f"{SELLER}/cac:PartyTaxScheme/cbc:CompanyID", "7000012050002")),
    ("aligned-ibr-jp-03", text(f"{CATEGORY}/cac:TaxScheme/cbc:ID", "GST")),
    ("aligned-ibr-jp-03", text(f"{SUBTOTAL}/cac:TaxCategory/cac:TaxScheme/cbc:ID", "GST")),
    ("aligned-ibr-jp-04", without(f"{SELLER}/cac:PartyTaxScheme")),
    ("aligned-ibr-jp-06", text(f"{SUBTOTAL}/cbc:TaxAmount", "103.0")),
    ("aligned-ibrp-001-jp", text("cbc:CustomizationID", "urn:peppol:pint:billing-1@eu-1")),
    ("aligned-ibrp-002-jp", text("cbc:ProfileID", "urn:peppol:bis:selfbilling")),
    ("aligned-ibrp-009", doubled(f"{SELLER}/cac:PartyTaxScheme")),
    ("aligned-ibrp-045", without(f"{SUBTOTAL}/cbc:TaxableAmount")),
    ("aligned-ibrp-046", without(f"{SUBTOTAL}/cbc:TaxAmount")),
    ("aligned-ibrp-047", without(f"{SUBTOTAL}/cac:TaxCategory/cbc:ID")),
    ("aligned-ibrp-048", without(f"{SUBTOTAL}/cac:TaxCategory/cbc:Percent")),
    ("aligned-ibrp-050-jp", without(CATEGORY)),
    ("aligned-ibrp-050-jp", text(f"{CATEGORY}/cbc:Percent", "ten")),
    ("aligned-ibrp-051-jp", text(f"{SUBTOTAL}/cbc:TaxAmount", "105")),
    ("aligned-ibrp-052", all_of(without("cac:InvoicePeriod"), without(PERIOD))),
    ("aligned-ibrp-053-jp", doubled("cac:TaxTotal/cbc:TaxAmount")),
    ("aligned-ibrp-cl-01-jp", text(f"{CATEGORY}/cbc:ID", "Z")),
    ("aligned-ibrp-cl-01-jp", text(f"{SUBTOTAL}/cac:TaxCategory/cbc:ID", "Z")),
    ("aligned-ibrp-cl-02-jp", text("cbc:InvoiceTypeCode", "381")),
    ("aligned-ibrp-e-01", text(f"{CATEGORY}/cbc:ID", "E")),
    ("aligned-ibrp-g-01", text(f"{CATEGORY}/cbc:ID", "G")),
    ("aligned-ibrp-o-01", text(f"{CATEGORY}/cbc:ID", "O")),
    ("aligned-ibrp-e-05", untaxed("E", "10")),
    ("aligned-ibrp-g-05", untaxed("G", "10")),
    ("aligned-ibrp-o-05", untaxed("O", "10")),
    ("aligned-ibrp-e-09", untaxed("E")),
    ("aligned-ibrp-g-09", untaxed("G")),
    ("aligned-ibrp-o-09", untaxed("O", None)),
    ("chakka-currency", text("cbc:DocumentCurrencyCode", "USD")),
    ("chakka-line-price", text(f"{LINE}/cac:Price/cbc:PriceAmount", "1031")),
    ("chakka-original-date", without("cac:BillingReference/cac:InvoiceDocumentReference/cbc:IssueDate")),
    ("chakka-whole-yen", text(f"{LINE}/cbc:LineExtensionAmount", "1032.00")),
    ("ubl-element", added("cac:InvoicePeriod", "cbc:Surprise", "!")),
    ("ubl-sequence", last("cbc:IssueDate")),
    ("ubl-namespace", added("cac:InvoicePeriod", "cac:EndDate", "2026-10-31")),
]


def corrected() -> bytes:
    """Return a corrected invoice of one line: 1,032 yen, 103 of tax, 1,135 in all."""
    content = msgspec.structs.replace(
        body(line("着信通話料", 1032)), kind=corrected_of_e19().body.kind, refers_to="2026-000042"
    )
    return pint(issued(content), wrong_invoice_of_e19())


def test_the_document_that_the_broken_ones_are_made_of_keeps_every_rule() -> None:
    assert pint_problems(corrected()) == ()


@pytest.mark.parametrize(("rule", "edit"), BROKEN, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(BROKEN)])
def test_each_rule_is_named_by_what_breaks_it(rule: str, edit: Edit) -> None:
    root = tree(corrected())
    edit(root)
    assert rule in codes(ET.tostring(root))


def test_every_rule_has_an_example_that_breaks_it() -> None:
    sources = [Path(pint_rules.__file__), Path(pint_rules.__file__).with_name("pint_tables.py")]
    written = {
        name
        for source in sources
        for name in re.findall(
            r'"((?:ibr|aligned|ubl|chakka)-[a-z0-9-]+)"', source.read_text(encoding="utf-8")
        )
    }
    assert written - {"ubl-root"} <= {rule for rule, _ in BROKEN}


def test_where_says_which_line() -> None:
    lines = (line("基本料", 1), line("通話料", 2))
    root = tree(pint(issued(body(*lines))))
    without("cac:Item/cbc:Name")(root.findall(LINE, NAMES)[1])
    (problem,) = pint_problems(ET.tostring(root))
    assert (problem.code, problem.where) == ("ibr-025", "InvoiceLine[2]")


def broken_by(*edits: Edit) -> tuple[Problem, ...]:
    root = tree(corrected())
    all_of(*edits)(root)
    return pint_problems(ET.tostring(root))


def codes_by(*edits: Edit) -> set[str]:
    return {problem.code for problem in broken_by(*edits)}


@pytest.mark.parametrize("tax", ["99", "101"])
def test_a_tax_that_is_a_whole_yen_off_is_named(tax: str) -> None:
    root = tree(pint(issued(body(line("基本料", 1000)))))
    text(f"{SUBTOTAL}/cbc:TaxAmount", tax)(root)
    assert "ibr-tax-09" in codes(ET.tostring(root))


@pytest.mark.parametrize(("net_yen", "is_named"), [(0, False), (1, True)])
def test_without_a_due_date_only_nothing_may_be_to_be_paid(net_yen: int, is_named: bool) -> None:
    root = tree(pint(issued(body(line("基本料", net_yen)))))
    without("cbc:DueDate")(root)
    assert codes(ET.tostring(root)) == ({"ibr-co-25"} if is_named else set())


def test_terms_of_payment_stand_for_a_due_date() -> None:
    root = tree(corrected())
    without("cbc:DueDate")(root)
    terms = ET.Element(f"{{{CAC}}}PaymentTerms")
    ET.SubElement(terms, f"{{{CBC}}}Note").text = "月末"
    root.insert(list(root).index(found(root, "cac:TaxTotal")[1]), terms)
    assert pint_problems(ET.tostring(root)) == ()


def test_a_period_may_be_open_at_one_end() -> None:
    assert codes_by(without(f"{PERIOD}/cbc:EndDate")) == set()
    assert codes_by(without(f"{PERIOD}/cbc:StartDate")) == set()


def test_what_has_no_rate_is_not_taxed_by_another() -> None:
    edits = text(f"{SUBTOTAL}/cac:TaxCategory/cbc:Percent", "1 0"), text(f"{SUBTOTAL}/cbc:TaxAmount", "0")
    problems = broken_by(*edits)
    assert "ibr-tax-09" not in {problem.code for problem in problems}
    assert "the tax rate is missing or no number: '1 0'" in {problem.message for problem in problems}


def test_an_amount_that_is_missing_counts_as_nothing() -> None:
    messages = {problem.message for problem in broken_by(without(f"{LINE}/cbc:LineExtensionAmount"))}
    assert "the sum of the lines is stated as 1032, but comes to 0" in messages


@pytest.mark.parametrize(
    ("first", "final", "is_named"),
    [
        ("2023-09-01", "2023-09-30", False),
        ("2023-09-01", "2023-10-01", True),
        ("2023-10-01", None, True),
        ("2023-09-01", "", False),
        (None, None, False),
    ],
)
def test_registration_numbers_are_required_since_october_2023(
    first: str | None, final: str | None, is_named: bool
) -> None:
    edits = [text(f"{SELLER}/cac:PartyTaxScheme/cbc:CompanyID", "T1")]
    for period in ("cac:InvoicePeriod", PERIOD):
        for name, day in (("StartDate", first), ("EndDate", final)):
            path = f"{period}/cbc:{name}"
            edits.append(without(path) if day is None else text(path, day))
    assert ("aligned-ibr-jp-01" in codes_by(*edits)) == is_named


def test_an_empty_element_is_named_by_its_place() -> None:
    root = tree(pint(issued(body(line("基本料", 1), line("通話料", 2)))))
    found(root.findall(LINE, NAMES)[1], "cac:Item/cbc:Name")[1].text = ""
    text("cbc:DueDate", "")(root)
    empty = [problem for problem in pint_problems(ET.tostring(root)) if problem.code == "ibr-079"]
    assert [problem.where for problem in empty] == ["DueDate", "InvoiceLine[2]/Item/Name"]
    assert {problem.message for problem in empty} == {"the element is empty"}


def test_an_element_of_no_namespace_is_named() -> None:
    root = tree(corrected())
    ET.SubElement(root, "Surprise").text = "!"
    assert ("ubl-namespace", "Surprise") in {
        (problem.code, problem.where) for problem in pint_problems(ET.tostring(root))
    }


def test_what_is_no_invoice_is_said_of_the_whole_document() -> None:
    [no_xml], [no_invoice] = pint_problems(b"<"), pint_problems(b"<CreditNote/>")
    assert (no_xml.where, no_invoice.where) == ("", "")
    assert no_xml.message.startswith("this is no XML: ")
    assert no_invoice.message == "the root is CreditNote, not a UBL 2.1 Invoice"


@pytest.mark.parametrize("junk", [b"", b"<", b"not xml", b"\xff\xfe", corrected()[:-20], corrected() + b"x"])
def test_what_is_no_xml_is_one_problem(junk: bytes) -> None:
    assert codes(junk) == {"xml"}


def test_another_document_is_one_problem() -> None:
    assert codes(b"<CreditNote xmlns='urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2'/>") == {
        "ubl-root"
    }


@given(st.integers(0, len(corrected())))
def test_a_document_that_breaks_off_is_never_right(length: int) -> None:
    assert (
        pint_problems(corrected()[:length].rstrip()) or corrected()[:length].rstrip() == corrected().rstrip()
    )


def test_an_invoice_says_what_it_is_and_keeps_every_rule() -> None:
    xml = pint(month_of_october())
    assert pint_problems(xml) == ()
    assert xml.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Invoice xmlns="urn:oasis:names:')
    assert text_at(xml, "cbc:CustomizationID") == "urn:peppol:pint:billing-1@jp-1"
    assert text_at(xml, "cbc:ProfileID") == "urn:peppol:bis:billing"
    assert text_at(xml, f"{TOTAL}/cbc:PayableAmount") == "316180"
    assert text_at(xml, f"{SELLER}/cac:PartyTaxScheme/cbc:CompanyID") == "T7000012050002"
    assert len(tree(xml).findall(LINE, NAMES)) == len(month_of_october().body.lines)


def test_the_same_invoice_makes_the_same_bytes() -> None:
    assert pint(month_of_october()) == pint(month_of_october())


def test_the_claimed_specification_can_be_changed() -> None:
    profile = PintProfile(customization_id="urn:peppol:pint:billing-1@jp-1:trns", profile_id="p")
    xml = pint(month_of_october(), profile=profile)
    assert text_at(xml, "cbc:CustomizationID") == "urn:peppol:pint:billing-1@jp-1:trns"
    assert codes(xml) == {"aligned-ibrp-002-jp"}


def test_the_period_spans_late_calls_of_earlier_months() -> None:
    """P8: an adjustment keeps its own usage period; a line's period lies within the document's (ibr-085)."""
    xml = pint(month_of_october())
    assert text_at(xml, "cac:InvoicePeriod/cbc:StartDate") == "2026-09-01"
    assert text_at(xml, "cac:InvoicePeriod/cbc:EndDate") == "2026-10-31"


def test_e19_the_credit_is_an_invoice_of_negative_amounts_with_positive_prices() -> None:
    xml = pint(credit_of_e19(), wrong_invoice_of_e19())
    assert pint_problems(xml) == ()
    assert text_at(xml, "cbc:InvoiceTypeCode") == "380"
    assert text_at(xml, "cac:TaxTotal/cbc:TaxAmount") == "-13"
    assert text_at(xml, f"{TOTAL}/cbc:PayableAmount") == "-141"
    assert text_at(xml, f"{LINE}/cbc:InvoicedQuantity") == "-1"
    assert text_at(xml, f"{LINE}/cac:Price/cbc:PriceAmount") == "128"
    reference = "cac:BillingReference/cac:InvoiceDocumentReference"
    assert text_at(xml, f"{reference}/cbc:ID") == "2026-000042"
    assert text_at(xml, f"{reference}/cbc:IssueDate") == "2026-11-05"
    assert text_at(xml, "cbc:DueDate") is None


def test_a_price_is_that_of_the_whole_quantity_so_that_nothing_is_rounded() -> None:
    xml = pint(issued(body(line("着信通話料", 100, quantity=3))))
    assert text_at(xml, f"{LINE}/cac:Price/cbc:PriceAmount") == "100"
    assert text_at(xml, f"{LINE}/cac:Price/cbc:BaseQuantity") == "3"
    assert text_at(xml, f"{LINE}/cbc:InvoicedQuantity") == "3"
    assert pint_problems(xml) == ()


def test_corporations_are_addressed_by_corporate_number_and_others_by_registration_number() -> None:
    trader = msgspec.structs.replace(RECIPIENT, registration_number="T1234567890123")
    xml = pint(issued(msgspec.structs.replace(body(line("基本料", 1)), recipient=trader)))
    seller, buyer = (tree(xml).find(f"{party}/cbc:EndpointID", NAMES) for party in (SELLER, BUYER))
    assert seller is not None
    assert buyer is not None
    assert (seller.get("schemeID"), seller.text) == ("0188", "7000012050002")
    assert (buyer.get("schemeID"), buyer.text) == ("0221", "T1234567890123")
    assert text_at(xml, f"{BUYER}/cac:PartyLegalEntity/cbc:CompanyID") is None


def test_a_recipient_without_a_number_can_be_given_an_address() -> None:
    nameless = issued(
        msgspec.structs.replace(body(line("基本料", 1)), recipient=Party(name="デモ商店", reference="S-1"))
    )
    assert codes(pint(nameless)) == {"ibr-080"}
    profile = PintProfile(buyer_endpoint=Endpoint(scheme="0188", identifier="2000012020001"))
    assert pint_problems(pint(nameless, profile=profile)) == ()
    assert problems_before_issue(nameless) == ()


def test_what_is_not_taxed_has_no_rate() -> None:
    xml = pint(issued(body(line("預り金", 500, tax_permille=0, tax_category="O"), line("基本料", 1000))))
    assert text_at(xml, f"{CATEGORY}/cbc:Percent".replace(LINE, f"{LINE}[1]")) is None
    assert pint_problems(xml) == ()


def test_two_lines_of_an_address_are_two_elements() -> None:
    xml = pint(month_of_october())
    assert text_at(xml, f"{SELLER}/cac:PostalAddress/cbc:StreetName") == "東京都千代田区見本町1丁目2番3号"
    assert text_at(xml, f"{SELLER}/cac:PostalAddress/cbc:AdditionalStreetName") == "見本ビル4階"
    assert text_at(xml, f"{SELLER}/cac:PostalAddress/cbc:PostalZone") == "1000000"


@pytest.mark.parametrize(
    ("address", "streets"),
    [
        ("", [None, None]),
        ("一丁目", ["一丁目", None]),
        ("一丁目\n見本ビル\n4階", ["一丁目", "見本ビル　4階"]),
    ],
)
def test_an_address_has_as_many_elements_as_lines_at_most_two(
    address: str, streets: list[str | None]
) -> None:
    xml = pint(changed(issuer=msgspec.structs.replace(ISSUER, address=address)))
    postal = f"{SELLER}/cac:PostalAddress"
    assert [text_at(xml, f"{postal}/cbc:{name}StreetName") for name in ("", "Additional")] == streets


def test_a_party_is_known_by_country_tax_scheme_and_corporate_number() -> None:
    party = tree(pint(month_of_october())).find(SELLER, NAMES)
    assert party is not None
    assert party.findtext("cac:PostalAddress/cac:Country/cbc:IdentificationCode", None, NAMES) == "JP"
    assert party.findtext("cac:PartyTaxScheme/cac:TaxScheme/cbc:ID", None, NAMES) == "VAT"
    company = party.find("cac:PartyLegalEntity/cbc:CompanyID", NAMES)
    assert company is not None
    assert (company.text, company.attrib) == ("7000012050002", {"schemeID": "0188"})


def test_the_seller_can_be_given_an_address_too() -> None:
    profile = PintProfile(seller_endpoint=Endpoint(scheme="0188", identifier="2000012020001"))
    assert text_at(pint(month_of_october(), profile=profile), f"{SELLER}/cbc:EndpointID") == "2000012020001"


def test_lines_are_counted_from_one_and_say_their_freephone_number() -> None:
    root = tree(pint(issued(body(line("基本料", 1000), line("無料", 0)))))
    lines = root.findall(LINE, NAMES)
    assert [each.findtext("cbc:ID", None, NAMES) for each in lines] == ["1", "2"]
    assert [each.findtext("cbc:InvoicedQuantity", None, NAMES) for each in lines] == ["1", "1"]
    names = [
        each.text for each in root.findall(f"{LINE}/cac:Item/cac:AdditionalItemProperty/cbc:Name", NAMES)
    ]
    assert set(names) == {"着信課金電話番号"}


def test_a_note_says_of_what_a_document_is_a_credit_or_a_correction() -> None:
    original = wrong_invoice_of_e19()
    notes = [
        text_at(pint(each, given), "cbc:Note")
        for each, given in ((original, None), (credit_of_e19(), original), (corrected_of_e19(), original))
    ]
    assert notes == [
        None,
        f"適格返還請求書（{original.number} に対する返還）",
        f"修正した適格請求書（{original.number} の修正）",
    ]


def test_an_original_that_a_document_does_not_refer_to_is_refused() -> None:
    original = wrong_invoice_of_e19()
    with pytest.raises(InputError, match=f"refers to no invoice, not to {original.number}$"):
        pint(month_of_october(), original)
    with pytest.raises(InputError, match=f"refers to {original.number}, not to none$"):
        pint(credit_of_e19())


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1b", "\ud800", "\ufffe"])
def test_a_character_that_xml_cannot_hold_is_refused_by_name(character: str) -> None:
    bad = issued(body(line(f"基本{character}料", 1)))
    with pytest.raises(InputError, match=f"U\\+{ord(character):04X}"):
        pint(bad)
    assert {problem.code for problem in problems_before_issue(bad)} == {"control_character"}


def test_texts_come_back_as_they_were() -> None:
    name = "𠮷野家 <b>&amp;\"'</b> ﾊﾝｶｸ ]]>"
    assert text_at(pint(issued(body(line(name, 1)))), f"{LINE}/cac:Item/cbc:Name") == name


# What every document passes before it is issued.


def changed(**changes: object) -> Invoice:
    return issued(msgspec.structs.replace(body(line("基本料", 1000)), **changes))


@pytest.mark.parametrize(
    ("invoice", "code", "where"),
    [
        (changed(issuer=msgspec.structs.replace(ISSUER, name=" ")), "missing", "issuer.name"),
        (changed(recipient=msgspec.structs.replace(RECIPIENT, name="")), "missing", "recipient.name"),
        (
            changed(issuer=msgspec.structs.replace(ISSUER, registration_number="")),
            "registration_number",
            "issuer.registration_number",
        ),
        (
            changed(issuer=msgspec.structs.replace(ISSUER, registration_number="T8000012050002")),
            "check_digit",
            "issuer.registration_number",
        ),
        (
            changed(recipient=msgspec.structs.replace(RECIPIENT, registration_number="T1")),
            "registration_number",
            "recipient.registration_number",
        ),
        (issued(body(line("", 1000))), "missing", "lines[0].description"),
        (issued(body(line("基本料", 1000)), number=" "), "missing", "number"),
        (
            changed(issuer=msgspec.structs.replace(ISSUER, address="\x0b")),
            "control_character",
            "issuer.address",
        ),
        (
            changed(recipient=msgspec.structs.replace(RECIPIENT, address="\x0b")),
            "control_character",
            "recipient.address",
        ),
        (changed(kind=InvoiceKind.CREDIT), "original", "refers_to"),
        (changed(net_yen=999), "sum", "net_yen"),
        (changed(tax_yen=99), "sum", "tax_yen"),
        (changed(total_yen=1101), "sum", "total_yen"),
        (changed(refers_to="2026-000001"), "original", "refers_to"),
        (credit_of_e19(), "original", "refers_to"),
        (
            changed(taxes=(msgspec.structs.replace(body(line("x", 9)).taxes[0], tax_yen=100),)),
            "sum",
            "taxes[S 100]",
        ),
    ],
)
def test_what_is_no_qualified_invoice_is_not_issued(invoice: Invoice, code: str, where: str) -> None:
    assert (code, where) in {(problem.code, problem.where) for problem in problems_before_issue(invoice)}


@pytest.mark.parametrize(
    ("invoice", "message"),
    [
        (
            changed(issuer=msgspec.structs.replace(ISSUER, name=" ")),
            "a qualified invoice must say this (消費税法 57条の4)",
        ),
        (changed(refers_to="2026-000001"), "2026-000001 is not the original that was given"),
        (changed(kind=InvoiceKind.CREDIT), "a credit refers to its original, which is not named"),
        (changed(total_yen=1101), "1101 is stated, it comes to 1100"),
        (issued(body(line("a\x0bb", 1000))), "'a\\x0bb' holds the control character U+000B"),
        (
            changed(taxes=(msgspec.structs.replace(body(line("x", 9)).taxes[0], tax_yen=100),)),
            "the lines come to 1000, 9 is stated",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_figures(invoice: Invoice, message: str) -> None:
    assert [problem.message for problem in problems_before_issue(invoice)] == [message]


def test_a_sole_trader_may_be_a_recipient() -> None:
    trader = msgspec.structs.replace(RECIPIENT, registration_number="T8000012050002")
    assert problems_before_issue(changed(recipient=trader)) == ()


def test_a_document_is_checked_as_it_will_be_sent() -> None:
    nothing_claimed = PintProfile(customization_id="")
    problems = problems_before_issue(changed(), profile=nothing_claimed)
    assert {problem.code for problem in problems} == codes(pint(changed(), profile=nothing_claimed)) != set()


def test_tax_that_is_a_yen_off_is_not_issued() -> None:
    taxes = (msgspec.structs.replace(body(line("基本料", 1000)).taxes[0], tax_yen=101),)
    wrong = changed(taxes=taxes, tax_yen=101, total_yen=1101)
    assert "aligned-ibrp-051-jp" in {problem.code for problem in problems_before_issue(wrong)}


def test_every_document_of_e19_may_be_issued() -> None:
    original = wrong_invoice_of_e19()
    assert problems_before_issue(original) == ()
    assert problems_before_issue(credit_of_e19(), original) == ()
    assert problems_before_issue(corrected_of_e19(), original) == ()


AMOUNTS = st.integers(-(10**5), 10**9)
RATES = st.sampled_from([(100, "S"), (80, "S"), (80, "AA"), (50, "S"), (0, "E"), (0, "O")])
DAYS = st.dates(date(2023, 10, 1), OCTOBER[1])


@st.composite
def lines_of_an_invoice(draw: st.DrawFn) -> list[InvoiceLine]:
    made = []
    for position in range(draw(st.integers(1, 8))):
        permille, category = draw(RATES)
        first, final = sorted((draw(DAYS), draw(DAYS)))
        made.append(
            line(
                draw(st.text("着信通話料 <&>😀", min_size=1).filter(str.strip)),
                draw(AMOUNTS),
                key=f"{position}",
                tax_permille=permille,
                tax_category=category,
                period_first=first,
                period_last=final,
                quantity=draw(st.integers(0, 10**6)),
            )
        )
    return made


HEADING = Heading(
    issuer=ISSUER,
    recipient=RECIPIENT,
    period_first=OCTOBER[0],
    period_last=OCTOBER[1],
    numbers=frozenset({"0120123456"}),
)


def assume_not_below_zero(lines: list[InvoiceLine]) -> None:
    """Leave out what would be a credit: the total of an invoice is not negative (P9, P13)."""
    assume(body(*lines).total_yen >= 0)


@given(lines_of_an_invoice())
def test_any_assembled_invoice_keeps_every_rule(lines: list[InvoiceLine]) -> None:
    assume_not_below_zero(lines)
    assert problems_before_issue(issued(assemble(HEADING, lines))) == ()


@given(lines_of_an_invoice(), st.data())
def test_any_credit_and_its_corrected_invoice_keep_every_rule(
    lines: list[InvoiceLine], data: st.DataObject
) -> None:
    assume(all(each.net_yen >= 0 for each in lines))
    original = issued(assemble(HEADING, lines))
    lower = [msgspec.structs.replace(each, net_yen=data.draw(st.integers(0, each.net_yen))) for each in lines]
    corrected_body: InvoiceBody | None = assemble(HEADING, lower)
    if corrected_body == original.body:
        corrected_body = None
    try:
        correction = correct(original, corrected_body)
    except InputError:
        assert original.body.net_yen == 0
        return
    for content in (correction.credit, correction.corrected):
        if content is not None:
            assert problems_before_issue(issued(content, "2026-000099"), original) == ()


def test_a_credit_across_zero_of_one_rate_is_not_issued() -> None:
    """1,659 yen at 5 % (82 of tax) becomes −1 yen (0 of tax): the difference 82 is not 5 % of 1,660.

    P9 takes taxes from each other as they were floored, JP PINT allows only floor or ceiling. Such an
    invoice is taken back whole and issued anew.
    """
    plenty = line("基本料", 10_000)
    original = issued(body(plenty, line("旧税率", 1659, tax_permille=50)))
    corrected_body = assemble(HEADING, [plenty, line("旧税率", -1, tax_permille=50)])
    credit = correct(original, corrected_body).credit
    problems = problems_before_issue(issued(credit, "2026-000099"), original)
    assert "aligned-ibrp-051-jp" in {problem.code for problem in problems}
    whole = correct(original, None).credit
    assert problems_before_issue(issued(whole, "2026-000099"), original) == ()
