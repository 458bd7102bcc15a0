"""What JP PINT requires, forbids and lists, as tables: (rule, where, what, how it is called)."""

SELLER, BUYER = "AccountingSupplierParty", "AccountingCustomerParty"
LINE, SUBTOTAL = "InvoiceLine", "TaxTotal/TaxSubtotal"
LEGAL = "Party/PartyLegalEntity"
TOTAL = "LegalMonetaryTotal"

# (rule, scope, path below it, name): every element of the scope has one that is not empty.
REQUIRED = (
    ("ibr-001", ".", "CustomizationID", "the specification identifier"),
    ("ibr-002", ".", "ID", "the invoice number"),
    ("ibr-003", ".", "IssueDate", "the issue date"),
    ("ibr-004", ".", "InvoiceTypeCode", "the type code"),
    ("ibr-005", ".", "DocumentCurrencyCode", "the currency"),
    ("ibr-006", ".", f"{SELLER}/{LEGAL}/RegistrationName", "the seller's name"),
    ("ibr-007", ".", f"{BUYER}/{LEGAL}/RegistrationName", "the buyer's name"),
    ("ibr-008", ".", f"{SELLER}/Party/PostalAddress", "the seller's postal address"),
    ("ibr-009", ".", f"{SELLER}/Party/PostalAddress/Country/IdentificationCode", "JP"),
    ("ibr-010", ".", f"{BUYER}/Party/PostalAddress", "the buyer's postal address"),
    ("ibr-011", ".", f"{BUYER}/Party/PostalAddress/Country/IdentificationCode", "JP"),
    ("ibr-012", ".", f"{TOTAL}/LineExtensionAmount", "the sum of the lines"),
    ("ibr-013", ".", f"{TOTAL}/TaxExclusiveAmount", "the total without tax"),
    ("ibr-014", ".", f"{TOTAL}/TaxInclusiveAmount", "the total with tax"),
    ("ibr-015", ".", f"{TOTAL}/PayableAmount", "the amount to pay"),
    ("ibr-016", ".", LINE, "a line"),
    ("ibr-076", ".", "ProfileID", "the business process"),
    ("ibr-080", ".", f"{BUYER}/Party/EndpointID", "the buyer's Peppol address"),
    ("ibr-081", ".", f"{SELLER}/Party/EndpointID", "the seller's Peppol address"),
    (
        "aligned-ibr-jp-04",
        ".",
        f"{SELLER}/Party/PartyTaxScheme/CompanyID",
        "the registration number",
    ),
    ("ibr-021", LINE, "ID", "the line number"),
    ("ibr-022", LINE, "InvoicedQuantity", "the quantity"),
    ("ibr-024", LINE, "LineExtensionAmount", "the amount of the line"),
    ("ibr-025", LINE, "Item/Name", "the name of the item"),
    ("ibr-026", LINE, "Price/PriceAmount", "the price"),
    ("ibr-sr-58", f"{LINE}/Item/ClassifiedTaxCategory", "ID", "the tax category of the line"),
    ("aligned-ibrp-050-jp", LINE, "Item/ClassifiedTaxCategory", "the tax category of the line"),
    ("aligned-ibrp-045", SUBTOTAL, "TaxableAmount", "the base of a rate"),
    ("aligned-ibrp-046", SUBTOTAL, "TaxAmount", "the tax of a rate"),
    ("aligned-ibrp-047", SUBTOTAL, "TaxCategory/ID", "the category of a rate"),
    ("ibr-054", f"{LINE}/Item/AdditionalItemProperty", "Value", "the value of an attribute"),
    ("ibr-055", "BillingReference", "InvoiceDocumentReference/ID", "the number of the original"),
    (
        "ibr-sr-57",
        f"{BUYER}/Party/PartyTaxScheme",
        "CompanyID",
        "the buyer's registration number",
    ),
    (
        "chakka-original-date",
        "BillingReference",
        "InvoiceDocumentReference/IssueDate",
        "its date",
    ),
)

# (rule, path, attribute, name)
REQUIRED_ATTRIBUTES = (
    ("ibr-023", f"{LINE}/InvoicedQuantity", "unitCode", "the unit of the quantity"),
    ("ibr-062", f"{SELLER}/Party/EndpointID", "schemeID", "the scheme of the seller's address"),
    ("ibr-063", f"{BUYER}/Party/EndpointID", "schemeID", "the scheme of the buyer's address"),
)

# (rule, scope, path below it, name)
AT_MOST_ONCE = (
    ("ibr-097", ".", "InvoicePeriod", "the period"),
    ("ibr-sr-51", ".", "Note", "the note"),
    ("ibr-098", ".", f"{SELLER}/{LEGAL}/RegistrationName", "the seller's name"),
    ("ibr-102", ".", f"{BUYER}/{LEGAL}/RegistrationName", "the buyer's name"),
    (
        "ibr-104",
        ".",
        f"{BUYER}/Party/PartyTaxScheme/CompanyID",
        "the buyer's registration number",
    ),
    (
        "aligned-ibrp-009",
        ".",
        f"{SELLER}/Party/PartyTaxScheme/CompanyID",
        "the registration number",
    ),
    ("aligned-ibrp-053-jp", ".", "TaxTotal/TaxAmount", "the total of tax"),
    ("ibr-110", LINE, "InvoicePeriod", "the period of a line"),
    ("ibr-sr-50", LINE, "Item/Description", "the description of an item"),
)

# (rule, path, what its text must match, name)
CODES = (
    ("aligned-ibrp-001-jp", "CustomizationID", "urn:peppol:pint:billing-1@jp-1.*", "the specification"),
    ("aligned-ibrp-002-jp", "ProfileID", "urn:peppol:bis:billing", "the business process"),
    ("aligned-ibrp-cl-02-jp", "InvoiceTypeCode", "380", "the type code"),
    ("chakka-currency", "DocumentCurrencyCode", "JPY", "the currency"),
    ("aligned-ibrp-cl-01-jp", f"{SUBTOTAL}/TaxCategory/ID", "AA|E|S|G|O", "the tax category"),
    (
        "aligned-ibrp-cl-01-jp",
        f"{LINE}/Item/ClassifiedTaxCategory/ID",
        "AA|E|S|G|O",
        "the tax category",
    ),
    ("aligned-ibr-jp-03", f"{SUBTOTAL}/TaxCategory/TaxScheme/ID", "VAT", "the tax scheme"),
    (
        "aligned-ibr-jp-03",
        f"{LINE}/Item/ClassifiedTaxCategory/TaxScheme/ID",
        "VAT",
        "the tax scheme",
    ),
)

AMOUNTS = frozenset(
    {
        "LineExtensionAmount",
        "PayableAmount",
        "PriceAmount",
        "TaxAmount",
        "TaxExclusiveAmount",
        "TaxInclusiveAmount",
        "TaxableAmount",
    }
)
DATES = frozenset({"DueDate", "EndDate", "IssueDate", "StartDate"})

# UBL 2.1: the children of each element in schema order, as far as chakka writes them.
TAX_CATEGORY = ("ID", "Percent", "TaxScheme")
SEQUENCES = {
    "Invoice": (
        "CustomizationID",
        "ProfileID",
        "ID",
        "IssueDate",
        "DueDate",
        "InvoiceTypeCode",
        "Note",
        "DocumentCurrencyCode",
        "InvoicePeriod",
        "BillingReference",
        "AccountingSupplierParty",
        "AccountingCustomerParty",
        "PaymentTerms",
        "TaxTotal",
        "LegalMonetaryTotal",
        "InvoiceLine",
    ),
    "InvoicePeriod": ("StartDate", "EndDate"),
    "BillingReference": ("InvoiceDocumentReference",),
    "InvoiceDocumentReference": ("ID", "IssueDate"),
    "AccountingSupplierParty": ("Party",),
    "AccountingCustomerParty": ("Party",),
    "Party": (
        "EndpointID",
        "PartyIdentification",
        "PartyName",
        "PostalAddress",
        "PartyTaxScheme",
        "PartyLegalEntity",
    ),
    "PartyIdentification": ("ID",),
    "PartyName": ("Name",),
    "PostalAddress": ("StreetName", "AdditionalStreetName", "PostalZone", "Country"),
    "Country": ("IdentificationCode",),
    "PartyTaxScheme": ("CompanyID", "TaxScheme"),
    "TaxScheme": ("ID",),
    "PartyLegalEntity": ("RegistrationName", "CompanyID"),
    "PaymentTerms": ("Note",),
    "TaxTotal": ("TaxAmount", "TaxSubtotal"),
    "TaxSubtotal": ("TaxableAmount", "TaxAmount", "TaxCategory"),
    "TaxCategory": TAX_CATEGORY,
    "ClassifiedTaxCategory": TAX_CATEGORY,
    "LegalMonetaryTotal": (
        "LineExtensionAmount",
        "TaxExclusiveAmount",
        "TaxInclusiveAmount",
        "PayableAmount",
    ),
    "InvoiceLine": ("ID", "InvoicedQuantity", "LineExtensionAmount", "InvoicePeriod", "Item", "Price"),
    "Item": ("Description", "Name", "ClassifiedTaxCategory", "AdditionalItemProperty"),
    "AdditionalItemProperty": ("Name", "Value"),
    "Price": ("PriceAmount", "BaseQuantity"),
}
