"""The last stage of a billing run: drafts become invoices, some at a time, each time all of them or none."""

from django.db import transaction

from chakka.errors import InputError
from chakka.portal.billing import models
from chakka.portal.billing.documents import body_of
from chakka.portal.billing.jobs import Advance
from chakka.portal.billing.series import Document, Issuing, add, locked_series

# Documents of one transaction: few enough to lose little when stopped, many enough for one fsync.
CHUNK = 200


def issue_all(run: models.BillingRun, issuing: Issuing, advance: Advance) -> None:
    """Issue every draft of a checked run. Stopped anywhere, it goes on where it was when called again.

    Raises: InputError if the run was not checked.
    """
    if run.state == models.RunState.ISSUED:
        raise InputError(f"{run.month} was issued on {run.issued_on}; chakka bill list shows it")
    if run.state != models.RunState.CHECKED:
        raise InputError(f"the run of {run.month} is a draft that was not checked; nothing is issued")
    while count := _issue_some(run, issuing):
        advance(count)
    run.state, run.issued_on = models.RunState.ISSUED, issuing.on
    run.save()


def _issue_some(run: models.BillingRun, issuing: Issuing) -> int:
    with transaction.atomic():
        # First the lock, then the drafts: what another process has issued meanwhile is no draft any more.
        series = locked_series(issuing.prefix)
        drafts = list(
            run.drafts.filter(problems="").select_related("subscriber").order_by("subscriber__code")[:CHUNK]
        )
        documents = [
            Document(body=body_of(draft.body), subscriber=draft.subscriber, run=run) for draft in drafts
        ]
        add(series, documents, issuing)
        models.Draft.objects.filter(pk__in=[draft.pk for draft in drafts]).delete()
    return len(drafts)
