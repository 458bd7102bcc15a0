"""What an invoice is made of, as frozen values in whole yen."""

from datetime import date
from enum import StrEnum

import msgspec


class Item(StrEnum):
    """What can be charged besides calls (service.md §1); options are named as in `contract.model`."""

    BASIC = "basic"
    MULTI_LINE = "multi_line"
    ORIGIN_DISTRIBUTION = "origin_distribution"
    BUSY_OVERFLOW = "busy_overflow"
    RATIO_DISTRIBUTION = "ratio_distribution"
    DESTINATION_CHANGE = "destination_change"
    OFF_HOURS = "off_hours"
    CUSTOMER_CONTROL = "customer_control"
    NUMBER_NOTIFICATION = "number_notification"
    DIRECTORY_LISTING = "directory_listing"
    CONSTRUCTION = "construction"
    LOCK_RELEASE = "lock_release"


class Proration(StrEnum):
    """How a monthly price is shared out over a month that is not whole (charging.md P5)."""

    DAILY = "daily"
    NONE = "none"
    FIRST_MONTH_FREE = "first_month_free"


class ConstructionRule(StrEnum):
    """How option work is charged (charging.md P12)."""

    PER_JOB = "per_job"
    PER_FUNCTION = "per_function"


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """A price with validity `[valid_from, valid_until)`; None = since ever, for ever.

    function_yen: what each function that a job touched adds to `one_off_yen`, for `per_function`.
    """

    item: Item
    monthly_yen: int = 0
    one_off_yen: int = 0
    function_yen: int = 0
    proration: Proration = Proration.DAILY
    valid_from: date | None = None
    valid_until: date | None = None


class PriceList(msgspec.Struct, frozen=True, kw_only=True):
    """A published price list, named by its content: `name@hash`. Of each item one price at every day."""

    version: str
    prices: tuple[Price, ...]
    construction: ConstructionRule = ConstructionRule.PER_JOB


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What a contract has from `start` until before `stop`: the start day counts, the stop day does not.

    key:      names this holding for ever (`0120123456/basic/1`), so that nothing is charged twice.
    quantity: groups that use busy overflow, line numbers with number notification, else 1.
    """

    key: str
    number: str
    item: Item
    start: date
    stop: date | None = None
    quantity: int = 1


class WorkDone(msgspec.Struct, frozen=True, kw_only=True):
    """A completed work order; its fee is charged once (charging.md §1).

    functions: how many functions the job touched, for `per_function`.
    fee_yen:   a fee that was agreed; None = by the price list.
    """

    order_id: str
    number: str
    item: Item
    completed_on: date
    functions: int = 1
    fee_yen: int | None = None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A listing in one issue of a telephone directory; cancelled before the issue it costs nothing (R8.6).

    key:   names this listing (`0120123456/listing/2`), the same in every issue.
    issue: names the issue (`2026-tokyo`); issued_on: the day on which it comes out.
    """

    key: str
    number: str
    issue: str
    issued_on: date
    cancelled_on: date | None = None


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator adds or takes off; taxed as a supply of its own period (P8)."""

    key: str
    number: str
    reason: str
    period_first: date
    period_last: date
    net_yen: int


class Levy(msgspec.Struct, frozen=True, kw_only=True):
    """A levy on each number in use at the end of a month, for months `[first_month, before_month)` (P7)."""

    name: str
    yen: int
    first_month: str
    before_month: str | None = None
    title: str = ""


class LevyTable(msgspec.Struct, frozen=True, kw_only=True):
    """Levies, named by their content: `name@hash`. Of each levy one amount from its first month on."""

    version: str
    levies: tuple[Levy, ...]


class TaxRate(msgspec.Struct, frozen=True, kw_only=True):
    """A rate of consumption tax in permille (100 = 10 %), for supplies in `[valid_from, valid_until)`.

    category: `S` standard, `AA` reduced, … (UNCL5305 as JP PINT uses it).
    """

    permille: int
    valid_from: date
    valid_until: date | None = None
    category: str = "S"


class LineKind(StrEnum):
    """What an invoice line is for."""

    MONTHLY = "monthly"
    ONE_OFF = "one_off"
    DIRECTORY = "directory"
    CALLS = "calls"
    LEVY = "levy"
    ADJUSTMENT = "adjustment"


class TaxTransition(msgspec.Struct, frozen=True, kw_only=True):
    """A rate that outlives its end: of supplies begun before a day, closed in `[closed_from, closed_before)`.

    kinds: the lines it holds for.
    """

    permille: int
    kinds: tuple[LineKind, ...]
    begun_before: date
    closed_from: date
    closed_before: date
    category: str = "S"


class TaxTable(msgspec.Struct, frozen=True, kw_only=True):
    """Rates of consumption tax, named by their content: `name@hash`. From the first on, one for every day."""

    version: str
    rates: tuple[TaxRate, ...]
    transitions: tuple[TaxTransition, ...] = ()


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The published tables by which a subscriber is charged."""

    prices: PriceList
    levies: LevyTable
    taxes: TaxTable


# What `item` of a line says when it is none of `Item` and no levy.
CALLS_ITEM = "calls"
ADJUSTMENT_ITEM = "adjustment"


# What an issued invoice is made of omits defaults: its hash stays true when a field is added.
class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line in whole yen.

    key:          what it charges, unique over all invoices of its life: `0120123456/calls/2026-10#1`.
    period_first, period_last: days of supply, both included.
    rounded_uy:   of calls: what the floor to yen took away, so that net and this are the exact charge; over
                  the lines of one number and usage month both sum to what was rated (P4).
    detail:       how the amount came about, for `explain`: (name, value) pairs in order.
    """

    key: str
    kind: LineKind
    number: str
    item: str
    description: str
    period_first: date
    period_last: date
    quantity: int
    net_yen: int
    tax_permille: int
    tax_category: str = "S"
    rounded_uy: int = 0
    detail: tuple[tuple[str, str], ...] = ()


class TaxTotal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one rate comes to: tax floored once on the sum of the lines (P6)."""

    permille: int
    category: str
    net_yen: int
    tax_yen: int


class Party(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Issuer or recipient. registration_number: `T` + 13 digits (of the issuer; of recipients if known)."""

    name: str
    postal_code: str = ""
    address: str = ""
    registration_number: str = ""
    reference: str = ""


class InvoiceKind(StrEnum):
    """An invoice, or what takes one back in part (charging.md P9)."""

    INVOICE = "invoice"
    CREDIT = "credit"
    CORRECTED = "corrected"


class InvoiceBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An invoice before it has a number. Credits carry what is given back as positive numbers (P13).

    refers_to: number of the original, of credits and corrected invoices.
    """

    kind: InvoiceKind
    issuer: Party
    recipient: Party
    period_first: date
    period_last: date
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[TaxTotal, ...]
    net_yen: int
    tax_yen: int
    total_yen: int
    refers_to: str | None = None


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """An issued invoice, never changed. hash: SHA-256 over body, number, dates and the hash before it."""

    number: str
    issued_on: date
    due_on: date
    body: InvoiceBody
    previous_hash: str
    hash: str
