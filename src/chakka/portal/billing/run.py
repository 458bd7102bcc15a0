"""A billing run from end to end: draft, checks, issue. Each stage can be called again and goes on."""

from collections.abc import Iterator

from chakka.config import Config
from chakka.errors import InputError
from chakka.portal.accounts.models import Subscriber
from chakka.portal.billing import models
from chakka.portal.billing.booking import book_usage
from chakka.portal.billing.books import View
from chakka.portal.billing.checks import (
    calendar_blockers,
    difference_blockers,
    draft_blockers,
    open_blockers,
)
from chakka.portal.billing.drafting import Drafting, draft_all
from chakka.portal.billing.issuing import issue_all
from chakka.portal.billing.jobs import Show, Work, working
from chakka.portal.billing.months import first_month_of_books, issued_months_before
from chakka.portal.billing.series import Issuing
from chakka.portal.billing.terms import terms_in_use
from chakka.portal.billing.usage import OwnedUsage, owned_usage
from chakka.stores.usage import Blocker, Books


class Month:
    """The billing of one month: ledger and contracts as they were when it was opened, at `now_ms`."""

    def __init__(self, month: str, books: Books, config: Config, now_ms: int) -> None:
        self.month = month
        self._now_ms = now_ms
        self._books = books
        self.first_month = first_month_of_books(month)
        self.usage: OwnedUsage = owned_usage(books.usage(), self.first_month, month)
        view = View(
            month=month,
            first_month=self.first_month,
            months_before=tuple(issued_months_before(month)),
            usage=self.usage.totals,
        )
        terms = terms_in_use(config.billing.price_list)
        self.drafting = Drafting(view=view, terms=terms, settings=config.billing)

    def draft(self, show: Show) -> models.BillingRun:
        """Compute every draft anew and return the run.

        Raises: InputError if the month was issued, or if the configuration names no issuer.
        """
        if not self.drafting.settings.issuer:
            raise InputError("nobody issues the invoices: write [billing] issuer, … into chakka.toml")
        run, _ = models.BillingRun.objects.get_or_create(month=self.month)
        if run.state == models.RunState.ISSUED:
            raise InputError(f"{self.month} was issued on {run.issued_on}; what changes now goes on the next")
        work = Work(kind="draft", subject="all", period=self.month)
        with working(work, Subscriber.objects.count(), show) as advance:
            draft_all(run, self.drafting, advance)
        return run

    def check(self, run: models.BillingRun) -> list[Blocker]:
        """Return what stands against issuing and was not decided; if nothing does, the run is checked."""
        found = open_blockers(self.blockers(run))
        if not found:
            run.state = models.RunState.CHECKED
            run.save()
        return found

    def blockers(self, run: models.BillingRun | None) -> Iterator[Blocker]:
        """Yield everything that stands against issuing, decided or not."""
        yield from self.standing_blockers()
        if run is not None:
            yield from draft_blockers(run)
            yield from difference_blockers(run, self.usage)

    def standing_blockers(self) -> Iterator[Blocker]:
        """Yield what stands against issuing whatever the drafts are."""
        yield from calendar_blockers(self.month, self.first_month, self._now_ms)
        yield from self._ledger_blockers()
        yield from self.usage.faults

    def _ledger_blockers(self) -> Iterator[Blocker]:
        """Yield what the ledger says, each thing once.

        Calls of months that were billed still come; those that cannot be charged are on no invoice either.
        """
        found = (
            blocker
            for month in (*self.drafting.view.months_before, self.month)
            for blocker in self._books.blockers(month)
        )
        yield from {blocker.key: blocker for blocker in found}.values()

    def issue(self, run: models.BillingRun, issuing: Issuing, show: Show) -> None:
        """Issue the drafts of a checked run."""
        waiting = run.drafts.filter(problems="").count()
        with working(Work(kind="issue", subject="all", period=self.month), waiting, show) as advance:
            book_usage(self.month, self.usage.totals, issuing.on)
            issue_all(run, issuing, advance)
