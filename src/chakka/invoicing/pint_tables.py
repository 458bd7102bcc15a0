"""What JP PINT requires, forbids and lists, as tables: (rule, where, what, how it is called)."""

SELLER, BUYER = "cac:AccountingSupplierParty", "cac:AccountingCustomerParty"
LINE, SUBTOTAL = "cac:InvoiceLine", "cac:TaxTotal/cac:TaxSubtotal"
LEGAL = "cac:Party/cac:PartyLegalEntity"
TOTAL = "cac:LegalMonetaryTotal"

# (rule, scope, path below it, name): every element of the scope has one that is not empty.
REQUIRED = (
    ("ibr-001", ".", "cbc:CustomizationID", "the specification identifier"),
    ("ibr-002", ".", "cbc:ID", "the invoice number"),
    ("ibr-003", ".", "cbc:IssueDate", "the issue date"),
    ("ibr-004", ".", "cbc:InvoiceTypeCode", "the type code"),
    ("ibr-005", ".", "cbc:DocumentCurrencyCode", "the currency"),
    ("ibr-006", ".", f"{SELLER}/{LEGAL}/cbc:RegistrationName", "the seller's name"),
    ("ibr-007", ".", f"{BUYER}/{LEGAL}/cbc:RegistrationName", "the buyer's name"),
    ("ibr-008", ".", f"{SELLER}/cac:Party/cac:PostalAddress", "the seller's postal address"),
    ("ibr-009", ".", f"{SELLER}/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode", "JP"),
    ("ibr-010", ".", f"{BUYER}/cac:Party/cac:PostalAddress", "the buyer's postal address"),
    ("ibr-011", ".", f"{BUYER}/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode", "JP"),
    ("ibr-012", ".", f"{TOTAL}/cbc:LineExtensionAmount", "the sum of the lines"),
    ("ibr-013", ".", f"{TOTAL}/cbc:TaxExclusiveAmount", "the total without tax"),
    ("ibr-014", ".", f"{TOTAL}/cbc:TaxInclusiveAmount", "the total with tax"),
    ("ibr-015", ".", f"{TOTAL}/cbc:PayableAmount", "the amount to pay"),
    ("ibr-016", ".", LINE, "a line"),
    ("ibr-076", ".", "cbc:ProfileID", "the business process"),
    ("ibr-080", ".", f"{BUYER}/cac:Party/cbc:EndpointID", "the buyer's Peppol address"),
    ("ibr-081", ".", f"{SELLER}/cac:Party/cbc:EndpointID", "the seller's Peppol address"),
    (
        "aligned-ibr-jp-04",
        ".",
        f"{SELLER}/cac:Party/cac:PartyTaxScheme/cbc:CompanyID",
        "the registration number",
    ),
    ("ibr-021", LINE, "cbc:ID", "the line number"),
    ("ibr-022", LINE, "cbc:InvoicedQuantity", "the quantity"),
    ("ibr-024", LINE, "cbc:LineExtensionAmount", "the amount of the line"),
    ("ibr-025", LINE, "cac:Item/cbc:Name", "the name of the item"),
    ("ibr-026", LINE, "cac:Price/cbc:PriceAmount", "the price"),
    ("ibr-sr-58", f"{LINE}/cac:Item/cac:ClassifiedTaxCategory", "cbc:ID", "the tax category of the line"),
    ("aligned-ibrp-050-jp", LINE, "cac:Item/cac:ClassifiedTaxCategory", "the tax category of the line"),
    ("aligned-ibrp-045", SUBTOTAL, "cbc:TaxableAmount", "the base of a rate"),
    ("aligned-ibrp-046", SUBTOTAL, "cbc:TaxAmount", "the tax of a rate"),
    ("aligned-ibrp-047", SUBTOTAL, "cac:TaxCategory/cbc:ID", "the category of a rate"),
    ("ibr-054", f"{LINE}/cac:Item/cac:AdditionalItemProperty", "cbc:Value", "the value of an attribute"),
    ("ibr-055", "cac:BillingReference", "cac:InvoiceDocumentReference/cbc:ID", "the number of the original"),
    (
        "ibr-sr-57",
        f"{BUYER}/cac:Party/cac:PartyTaxScheme",
        "cbc:CompanyID",
        "the buyer's registration number",
    ),
    (
        "chakka-original-date",
        "cac:BillingReference",
        "cac:InvoiceDocumentReference/cbc:IssueDate",
        "its date",
    ),
)

# (rule, path, attribute, name)
REQUIRED_ATTRIBUTES = (
    ("ibr-023", f"{LINE}/cbc:InvoicedQuantity", "unitCode", "the unit of the quantity"),
    ("ibr-062", f"{SELLER}/cac:Party/cbc:EndpointID", "schemeID", "the scheme of the seller's address"),
    ("ibr-063", f"{BUYER}/cac:Party/cbc:EndpointID", "schemeID", "the scheme of the buyer's address"),
)

# (rule, scope, path below it, name)
AT_MOST_ONCE = (
    ("ibr-097", ".", "cac:InvoicePeriod", "the period"),
    ("ibr-sr-51", ".", "cbc:Note", "the note"),
    ("ibr-098", ".", f"{SELLER}/{LEGAL}/cbc:RegistrationName", "the seller's name"),
    ("ibr-102", ".", f"{BUYER}/{LEGAL}/cbc:RegistrationName", "the buyer's name"),
    (
        "ibr-104",
        ".",
        f"{BUYER}/cac:Party/cac:PartyTaxScheme/cbc:CompanyID",
        "the buyer's registration number",
    ),
    (
        "aligned-ibrp-009",
        ".",
        f"{SELLER}/cac:Party/cac:PartyTaxScheme/cbc:CompanyID",
        "the registration number",
    ),
    ("aligned-ibrp-053-jp", ".", "cac:TaxTotal/cbc:TaxAmount", "the total of tax"),
    ("ibr-110", LINE, "cac:InvoicePeriod", "the period of a line"),
    ("ibr-sr-50", LINE, "cac:Item/cbc:Description", "the description of an item"),
)

# (rule, path, what its text must match, name)
CODES = (
    ("aligned-ibrp-001-jp", "cbc:CustomizationID", "urn:peppol:pint:billing-1@jp-1.*", "the specification"),
    ("aligned-ibrp-002-jp", "cbc:ProfileID", "urn:peppol:bis:billing", "the business process"),
    ("aligned-ibrp-cl-02-jp", "cbc:InvoiceTypeCode", "380", "the type code"),
    ("chakka-currency", "cbc:DocumentCurrencyCode", "JPY", "the currency"),
    ("aligned-ibrp-cl-01-jp", f"{SUBTOTAL}/cac:TaxCategory/cbc:ID", "AA|E|S|G|O", "the tax category"),
    (
        "aligned-ibrp-cl-01-jp",
        f"{LINE}/cac:Item/cac:ClassifiedTaxCategory/cbc:ID",
        "AA|E|S|G|O",
        "the tax category",
    ),
    ("aligned-ibr-jp-03", f"{SUBTOTAL}/cac:TaxCategory/cac:TaxScheme/cbc:ID", "VAT", "the tax scheme"),
    (
        "aligned-ibr-jp-03",
        f"{LINE}/cac:Item/cac:ClassifiedTaxCategory/cac:TaxScheme/cbc:ID",
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
    "PostalAddress": ("StreetName", "PostalZone", "Country"),
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
