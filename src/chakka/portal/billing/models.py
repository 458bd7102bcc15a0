"""The books of the business: price data, billing runs, issued invoices, what was decided and adjusted."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from chakka.invoicing.model import InvoiceKind, LineKind
from chakka.portal.accounts.models import Subscriber
from chakka.portal.billing.final import FinalModel, FinalQuerySet
from chakka.portal.contracts.models import Contract

# SHA-256 in hexadecimal.
_HASH_LENGTH = 64
_MONTH_LENGTH = len("2026-10")


class TableKind(models.TextChoices):
    """What a published table says."""

    PRICES = "prices", _("price list")
    LEVIES = "levies", _("levies")
    TAXES = "taxes", _("consumption tax")


class PublishedTable(FinalModel):
    """A table that charges are computed by, whole, named by its content; its rows have their validity."""

    kind = models.CharField(max_length=8, choices=TableKind)
    version = models.CharField(max_length=100, unique=True)
    content = models.BinaryField()
    at = models.DateTimeField()
    by = models.CharField(max_length=64)

    objects = FinalQuerySet["PublishedTable"].as_manager()

    def __str__(self) -> str:
        return self.version


class RunState(models.TextChoices):
    """How far a billing run has come."""

    DRAFT = "draft", _("draft")
    CHECKED = "checked", _("checked")
    ISSUED = "issued", _("issued")


class BillingRun(models.Model):
    """The billing of one usage month. There is one for each month, whoever begins it.

    terms: the versions of the tables that its drafts were computed by.
    """

    month = models.CharField(max_length=_MONTH_LENGTH, unique=True)
    state = models.CharField(max_length=8, choices=RunState, default=RunState.DRAFT)
    terms = models.CharField(max_length=300)
    issued_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.month


class Draft(models.Model):
    """An invoice as it would be now; computed anew at will until it is issued.

    body:     `InvoiceBody` as JSON; empty if there are problems.
    problems: JSON list of what keeps it from being an invoice.
    """

    run = models.ForeignKey(BillingRun, on_delete=models.PROTECT, related_name="drafts")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="drafts")
    body = models.TextField(blank=True)
    problems = models.TextField(blank=True)
    total_yen = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(name="draft_once_per_run", fields=["run", "subscriber"])]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.subscriber_id}"


class Invoice(FinalModel):
    """An issued invoice, credit or corrected invoice, never changed.

    body: `InvoiceBody` as JSON: the invoice itself. The columns beside it are what it is searched by:
          date, amount and counterparty (charging.md §5).
    by, reason: who issued it; why, of credits and corrected invoices.
    """

    number = models.CharField(max_length=32, unique=True)
    sequence = models.PositiveBigIntegerField(unique=True)
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in InvoiceKind])
    run = models.ForeignKey(BillingRun, on_delete=models.PROTECT, related_name="invoices")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="invoices")
    counterparty = models.CharField(max_length=100)
    refers_to = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="referring")
    issued_on = models.DateField()
    due_on = models.DateField()
    net_yen = models.BigIntegerField()
    tax_yen = models.BigIntegerField()
    total_yen = models.BigIntegerField()
    body = models.TextField()
    previous_hash = models.CharField(max_length=_HASH_LENGTH)
    hash = models.CharField(max_length=_HASH_LENGTH, unique=True)
    by = models.CharField(max_length=64)
    reason = models.CharField(max_length=500, blank=True)

    objects = FinalQuerySet["Invoice"].as_manager()

    class Meta:
        indexes = [
            models.Index(name="invoice_by_date", fields=["issued_on"]),
            models.Index(name="invoice_by_amount", fields=["total_yen"]),
            models.Index(name="invoice_by_counterparty", fields=["counterparty"]),
        ]
        constraints = [
            # One invoice for a subscriber and month: what comes later is a credit or on the next one.
            models.UniqueConstraint(
                name="invoice_once_per_run",
                fields=["run", "subscriber"],
                condition=Q(kind=InvoiceKind.INVOICE.value),
            ),
            models.CheckConstraint(
                name="invoice_total_is_net_and_tax", condition=Q(total_yen=F("net_yen") + F("tax_yen"))
            ),
            models.CheckConstraint(
                name="invoice_refers_unless_first",
                condition=Q(kind=InvoiceKind.INVOICE.value, refers_to__isnull=True)
                | (~Q(kind=InvoiceKind.INVOICE.value) & Q(refers_to__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class InvoiceLineRowQuerySet(FinalQuerySet["InvoiceLineRow"]):
    """Lines of issued invoices."""

    def supersede(self) -> int:
        """Say that a corrected invoice stands in place of these lines; return how many there were."""
        return models.QuerySet.update(self, effective=False)


class InvoiceLineRow(FinalModel):
    """A line of an issued invoice, to be searched and to make billing twice impossible.

    effective: it stands for what it charges; no longer, once a corrected invoice does. The lines of credits
               never are. Of one key at most one line is effective.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="rows")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in LineKind])
    number = models.CharField(max_length=11)
    item = models.CharField(max_length=64)
    period_first = models.DateField()
    period_last = models.DateField()
    quantity = models.BigIntegerField()
    net_yen = models.BigIntegerField()
    rounded_uy = models.BigIntegerField(default=0)
    tax_permille = models.PositiveIntegerField()
    effective = models.BooleanField()

    objects = InvoiceLineRowQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(name="line_by_number", fields=["number", "period_first"]),
        ]
        constraints = [
            models.UniqueConstraint(name="line_once_per_position", fields=["invoice", "position"]),
            models.UniqueConstraint(name="line_charges_once", fields=["key"], condition=Q(effective=True)),
            models.CheckConstraint(
                name="line_period_in_order", condition=Q(period_last__gte=F("period_first"))
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Adjustment(models.Model):
    """An amount that an operator puts on the next invoice, with who and why; negative: given back.

    period_*: the days of the supply that it is about, both included; the tax rate is theirs (P8).
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="adjustments")
    net_yen = models.BigIntegerField()
    period_first = models.DateField()
    period_last = models.DateField()
    reason = models.CharField(max_length=500)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="adjustment_is_not_nothing", condition=~Q(net_yen=0)),
            models.CheckConstraint(
                name="adjustment_period_in_order", condition=Q(period_last__gte=F("period_first"))
            ),
            models.CheckConstraint(name="adjustment_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"adjustment/{self.pk}"


class BlockerDecision(models.Model):
    """What an operator decided about something that stood against billing: bill all the same.

    key, message: name it for ever; what stands against every month is decided about once. Once more has come
                  the message says so, and the same key is to be decided about again.
    month:        the run that it was decided for.
    """

    month = models.CharField(max_length=_MONTH_LENGTH)
    key = models.CharField(max_length=200)
    message = models.CharField(max_length=500)
    reason = models.CharField(max_length=500)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="decision_once_as_it_stands", fields=["key", "message"]),
            models.CheckConstraint(name="decision_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.key}"


class SeriesState(models.Model):
    """The one series of documents: how many there are, and the last of them.

    count: how many its year (or the series) has by then, which the next number is made of.
    """

    name = models.CharField(max_length=8, primary_key=True)
    sequence = models.PositiveBigIntegerField(default=0)
    count = models.PositiveBigIntegerField(default=0)
    issued_on = models.DateField(null=True, blank=True)
    hash = models.CharField(max_length=_HASH_LENGTH)

    def __str__(self) -> str:
        return f"{self.name} {self.sequence}"


class UsageBooked(models.Model):
    """Call charges that stand in the double-entry journal as income, as last booked: exact, by class."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="usage_booked")
    number = models.CharField(max_length=11)
    usage_month = models.CharField(max_length=_MONTH_LENGTH)
    rating_class = models.CharField(max_length=32)
    calls = models.BigIntegerField()
    units = models.BigIntegerField()
    conversation_ms = models.BigIntegerField()
    amount_uy = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="usage_booked_once", fields=["subscriber", "number", "usage_month", "rating_class"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.usage_month} {self.rating_class}"


class JournalBatch(FinalModel):
    """What one event means in double entry, once for each key (`invoice/INV2026-000001`).

    entry: `JournalEntry` as JSON, balanced.
    """

    key = models.CharField(max_length=64, unique=True)
    booked_on = models.DateField(db_index=True)
    entry = models.TextField()

    objects = FinalQuerySet["JournalBatch"].as_manager()

    def __str__(self) -> str:
        return self.key


class JobState(models.TextChoices):
    """What becomes of a job."""

    RUNNING = "running", _("running")
    STOPPED = "stopped", _("stopped")
    DONE = "done", _("done")


class Job(models.Model):
    """Long work: once per kind, subject and period, whoever asks for it how often.

    done, total: progress in units of the kind; `stopped` work goes on where it was.
    """

    kind = models.CharField(max_length=32)
    subject = models.CharField(max_length=64)
    period = models.CharField(max_length=32)
    state = models.CharField(max_length=8, choices=JobState, default=JobState.RUNNING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="job_once", fields=["kind", "subject", "period"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} {self.period}"
