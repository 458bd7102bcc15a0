"""What subscribers have, with dates: the facts that fees are computed from."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from chakka.invoicing.model import Item
from chakka.portal.accounts.models import Subscriber
from chakka.portal.billing.final import FinalModel, FinalQuerySet

ITEMS = [(item.value, item.value) for item in Item]


class NumberState(models.TextChoices):
    """Where a number is in its life (service.md R8.3)."""

    SPARE = "spare", _("spare")
    RESERVED = "reserved", _("reserved")
    WORKING = "working", _("working")
    COOLING_OFF = "cooling_off", _("cooling off")


class FreephoneNumber(models.Model):
    """A 0120 or 0800 number of ours."""

    number = models.CharField(
        max_length=11, primary_key=True, validators=[RegexValidator(r"^(0120[0-9]{6}|0800[0-9]{7})\Z")]
    )
    state = models.CharField(max_length=12, choices=NumberState, default=NumberState.SPARE)

    def __str__(self) -> str:
        return self.number


class Contract(models.Model):
    """One freephone number of a subscriber, from `start` until before `stop`."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="contracts")
    number = models.ForeignKey(FreephoneNumber, on_delete=models.PROTECT, related_name="contracts")
    start = models.DateField()
    stop = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="contract_one_running_per_number", fields=["number"], condition=Q(stop__isnull=True)
            ),
            models.CheckConstraint(
                name="contract_stops_after_start", condition=Q(stop__isnull=True) | Q(stop__gte=F("start"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number_id} {self.start}"


class ContractItem(models.Model):
    """An item of the price list that a contract has from `start` until before `stop`.

    key: names it for ever (`0120123456/basic/1`), so that nothing is charged twice.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="items")
    key = models.CharField(max_length=64, unique=True)
    item = models.CharField(max_length=32, choices=ITEMS)
    start = models.DateField()
    stop = models.DateField(null=True, blank=True)
    quantity = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="item_one_running_per_contract",
                fields=["contract", "item"],
                condition=Q(stop__isnull=True),
            ),
            models.CheckConstraint(
                name="item_stops_after_start", condition=Q(stop__isnull=True) | Q(stop__gte=F("start"))
            ),
            models.CheckConstraint(name="item_quantity_at_least_one", condition=Q(quantity__gte=1)),
        ]

    def __str__(self) -> str:
        return self.key


class Line(models.Model):
    """One optical telephone line of a subscriber at one site."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="lines")
    site = models.CharField(max_length=100)
    channels = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(name="line_channels_at_least_one", condition=Q(channels__gte=1))
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.site}"


class LineNumber(models.Model):
    """A number of a line."""

    number = models.CharField(
        max_length=10, primary_key=True, validators=[RegexValidator(r"^0[1-9][0-9]{8}\Z")]
    )
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="numbers")

    def __str__(self) -> str:
        return self.number


class DirectoryIssue(models.Model):
    """One issue of the telephone directory (電話帳): each listing that it carries is charged once."""

    name = models.CharField(max_length=32, unique=True)
    issued_on = models.DateField()

    def __str__(self) -> str:
        return self.name


class DirectoryListing(models.Model):
    """An entry in the issues of the directory that come out from `start` until it is cancelled (R8.6).

    key: names it for ever (`0120123456/listing/2`), the same in every issue.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="listings")
    key = models.CharField(max_length=64, unique=True)
    text = models.CharField(max_length=200)
    start = models.DateField()
    cancelled_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.key


class WorkOrder(models.Model):
    """Work that was ordered; once completed its fee is charged, once per order (charging.md §1).

    kind:      `construction`, or `lock_release` with the lock that it released: one lock, one order.
    fee_yen:   a fee that was agreed; empty = by the price list.
    functions: how many functions the job touched, for price lists that charge each (P12).
    """

    order_id = models.CharField(max_length=64, primary_key=True)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="work_orders")
    kind = models.CharField(max_length=32, choices=ITEMS, default=Item.CONSTRUCTION.value)
    completed_on = models.DateField(null=True, blank=True)
    functions = models.PositiveIntegerField(default=1)
    fee_yen = models.BigIntegerField(null=True, blank=True)
    lock = models.CharField(max_length=64, null=True, blank=True, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="work_order_fee_not_negative", condition=Q(fee_yen__isnull=True) | Q(fee_yen__gte=0)
            ),
            models.CheckConstraint(
                name="work_order_lock_release_has_its_lock",
                condition=Q(kind=Item.LOCK_RELEASE.value, lock__isnull=False)
                | (~Q(kind=Item.LOCK_RELEASE.value) & Q(lock__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.order_id


class StepKind(models.TextChoices):
    """What was done to a contract."""

    OPENED = "opened", _("opened")
    CHANGED = "changed", _("changed")
    STOPPED = "stopped", _("stopped")
    LISTED = "listed", _("listed")
    WORKED = "worked", _("worked")


class ContractStep(FinalModel):
    """Who did what to a contract and when, with the fee that it caused (service.md R8.2); never changed.

    day:     from which it holds. what: in the words of the command.
    fee_yen: of its work order, without tax, as it was then; empty = there is none.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=8, choices=StepKind)
    day = models.DateField()
    what = models.TextField()
    fee_yen = models.BigIntegerField(null=True, blank=True)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()

    objects = FinalQuerySet["ContractStep"].as_manager()

    def __str__(self) -> str:
        return f"{self.contract_id} {self.kind} {self.day}"
