"""The first stage of a billing run: what every subscriber's invoice would be, kept as a draft."""

from collections.abc import Iterator

import msgspec
from django.db import transaction

from chakka.config import BillingSettings
from chakka.errors import InputError, Problem
from chakka.invoicing.model import Invoice, InvoiceBody, Terms
from chakka.invoicing.period import last_day
from chakka.invoicing.qualified import problems_before_issue
from chakka.portal.billing import models
from chakka.portal.billing.books import Account, View, accounts
from chakka.portal.billing.documents import body_text
from chakka.portal.billing.due import body_due, lines_due
from chakka.portal.billing.jobs import Advance
from chakka.portal.billing.letterhead import pint_profile
from chakka.portal.billing.terms import versions


class Drafting(msgspec.Struct, frozen=True, kw_only=True):
    """What drafts are computed from."""

    view: View
    terms: Terms
    settings: BillingSettings


def draft_all(run: models.BillingRun, drafting: Drafting, advance: Advance) -> None:
    """Compute the drafts of a run anew, for all subscribers whose invoice it has not issued."""
    run.terms = versions(drafting.terms)
    run.state = models.RunState.DRAFT
    run.save()
    issued = set(run.invoices.values_list("subscriber_id", flat=True))
    for batch in accounts(drafting.view):
        waiting = [account for account in batch if account.subscriber.pk not in issued]
        drafts = list(drafts_of(run, waiting, drafting))
        with transaction.atomic():
            run.drafts.filter(subscriber__in=[account.subscriber for account in batch]).delete()
            models.Draft.objects.bulk_create(drafts)
        advance(len(batch))


def drafts_of(run: models.BillingRun, waiting: list[Account], drafting: Drafting) -> Iterator[models.Draft]:
    """Yield the drafts of accounts as they would be now, not yet kept; none where nothing is due."""
    for account in waiting:
        try:
            body = _body(account, drafting)
        except InputError as fault:
            yield _with_problems(run, account, fault.problems or (_problem(fault),))
            continue
        if body is not None:
            yield models.Draft(
                run=run, subscriber=account.subscriber, body=body_text(body), total_yen=body.total_yen
            )


def _body(account: Account, drafting: Drafting) -> InvoiceBody | None:
    """Return the invoice of an account, None if there is nothing to invoice. Raises: InputError."""
    lines = lines_due(account, drafting.view, drafting.terms)
    if not lines:
        return None
    body = body_due(account, lines, drafting.view.month, drafting.settings)
    problems = problems_before_issue(
        trial_of(body, drafting.view.month), profile=pint_profile(drafting.settings)
    )
    if problems:
        raise InputError("the invoice would not be a qualified one", problems)
    return body


def trial_of(body: InvoiceBody, month: str) -> Invoice:
    """Return the invoice that a body would make; the checks do not mind its place in the series."""
    day = last_day(month)
    return Invoice(number="INV0", issued_on=day, due_on=day, body=body, previous_hash="", hash="")


def _with_problems(run: models.BillingRun, account: Account, problems: tuple[Problem, ...]) -> models.Draft:
    text = msgspec.json.encode(problems).decode()
    return models.Draft(run=run, subscriber=account.subscriber, problems=text)


def _problem(fault: InputError) -> Problem:
    return Problem(code="cannot_compute", where="", message=str(fault))
