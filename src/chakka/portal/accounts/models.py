"""Subscribers, and the people who log in: of a subscriber, or of the operator."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chakka.invoicing.registration import registration_problems


def check_registration_number(text: str) -> None:
    """Refuse what is no registration number of a qualified invoice issuer (charging.md §5)."""
    problems = registration_problems(text, "registration_number", corporation=False)
    if problems:
        raise ValidationError([ValidationError(problem.message, problem.code) for problem in problems])


class PaymentTerms(models.TextChoices):
    """When an invoice is due."""

    END_OF_NEXT_MONTH = "end_of_next_month", _("end of the month after the invoice date")
    THIRTY_DAYS = "thirty_days", _("thirty days after the invoice date")


class Subscriber(models.Model):
    """The business that pays for the calls (service.md §0).

    code:      names it in the double-entry journal and in files; ASCII, never changed.
    billing_*: where invoices go if not to the business itself.
    """

    code = models.CharField(
        max_length=20,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9][A-Z0-9-]*\Z")],
        verbose_name=_("code"),
    )
    name = models.CharField(max_length=100, verbose_name=_("name"))
    name_kana = models.CharField(max_length=100, blank=True, verbose_name=_("name in kana"))
    postal_code = models.CharField(
        max_length=8, validators=[RegexValidator(r"^[0-9]{3}-[0-9]{4}\Z")], verbose_name=_("postal code")
    )
    address = models.CharField(max_length=200, verbose_name=_("address"))
    registration_number = models.CharField(
        max_length=14,
        blank=True,
        validators=[check_registration_number],
        verbose_name=_("registration number"),
    )
    billing_name = models.CharField(max_length=100, blank=True, verbose_name=_("name on invoices"))
    billing_postal_code = models.CharField(
        max_length=8, blank=True, validators=[RegexValidator(r"^[0-9]{3}-[0-9]{4}\Z")]
    )
    billing_address = models.CharField(max_length=200, blank=True, verbose_name=_("address of invoices"))
    payment_terms = models.CharField(
        max_length=20, choices=PaymentTerms, default=PaymentTerms.END_OF_NEXT_MONTH, verbose_name=_("payment")
    )

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Role(models.TextChoices):
    """On whose side a person is."""

    SUBSCRIBER = "subscriber", _("subscriber")
    OPERATOR = "operator", _("operator")


class UserManager(BaseUserManager["User"]):
    """Makes users."""

    def create_user(self, login_id: str, email: str, password: str, subscriber: Subscriber | None) -> "User":
        """Return a new user: of a subscriber, or of the operator if there is none."""
        role = Role.OPERATOR if subscriber is None else Role.SUBSCRIBER
        user = self.model(
            login_id=login_id, email=self.normalize_email(email), role=role, subscriber=subscriber
        )
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, login_id: str, email: str, password: str) -> "User":
        """Return a new user of the operator who may do everything."""
        user = self.create_user(login_id, email, password, None)
        user.is_superuser = True
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person who may log in.

    wrong_entries: how many wrong passwords in a row. is_locked: no entry any more; there is an open `Lock`.
    """

    login_id = models.CharField(max_length=64, unique=True, verbose_name=_("login id"))
    email = models.EmailField(unique=True, verbose_name=_("e-mail"))
    role = models.CharField(max_length=10, choices=Role, verbose_name=_("role"))
    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.PROTECT, null=True, blank=True, related_name="users"
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    wrong_entries = models.PositiveSmallIntegerField(default=0)
    is_locked = models.BooleanField(default=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "login_id"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="user_role_has_its_subscriber",
                condition=Q(role=Role.OPERATOR, subscriber__isnull=True)
                | Q(role=Role.SUBSCRIBER, subscriber__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.login_id


class Lock(models.Model):
    """A login that took no entries from `at` until it was released (service.md R7.2).

    request, requested_at: what the person asked, once. released_by, reason, with_fee: what was decided.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="locks")
    at = models.DateTimeField()
    requested_at = models.DateTimeField(null=True)
    request = models.CharField(max_length=500, blank=True)
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    with_fee = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="lock_one_open_per_user", fields=["user"], condition=Q(released_at__isnull=True)
            ),
            models.CheckConstraint(
                name="lock_released_with_decision",
                condition=Q(released_at__isnull=True)
                | (
                    Q(requested_at__isnull=False, with_fee__isnull=False) & ~Q(reason="") & ~Q(released_by="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"lock-{self.pk}"


class EntryResult(models.TextChoices):
    """What came of an entry."""

    RIGHT = "right", _("right")
    WRONG = "wrong", _("wrong")
    WHILE_LOCKED = "while_locked", _("while locked")


class Entry(models.Model):
    """A password that was tried, of whatever login id: what throttles an address, and evidence of a lock.

    user: None of an id that nobody has. form: the one form that was sent; sent again it is no entry.
    """

    login_id = models.CharField(max_length=64)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="entries")
    address = models.CharField(max_length=45)
    agent = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    result = models.CharField(max_length=12, choices=EntryResult)
    form = models.CharField(max_length=32, unique=True)

    class Meta:
        indexes = [models.Index(name="entry_by_address", fields=["address", "at"])]

    def __str__(self) -> str:
        return f"{self.login_id} {self.result}"
