"""What invoices rest on, computed again from the journal up, beside what is kept (charging.md §4)."""

from collections.abc import Iterator

from chakka.cli.digest import conservation_text, difference_lines
from chakka.errors import Problem
from chakka.ingest.recompute import compare
from chakka.portal.billing import models
from chakka.portal.billing.books import accounts
from chakka.portal.billing.drafting import Drafting, drafts_of
from chakka.portal.billing.jobs import Advance
from chakka.stores.ledger import Ledger


def ledger_problems(books: Ledger, scratch: Ledger) -> Iterator[Problem]:
    """Yield the first rows of each table in which the ledger is not what was computed again."""
    for table in compare(books, scratch, None):
        for line in difference_lines((table,)):
            yield Problem(code="ledger", where=table.table, message=line.strip())
    calls = books.conservation()
    if not calls.holds:
        yield Problem(code="conservation", where="finals", message=conservation_text(calls))


def draft_problems(run: models.BillingRun, drafting: Drafting, advance: Advance) -> Iterator[Problem]:
    """Yield the subscribers whose draft is not what it would be now."""
    issued = set(run.invoices.values_list("subscriber_id", flat=True))
    for batch in accounts(drafting.view):
        waiting = [account for account in batch if account.subscriber.pk not in issued]
        codes = {account.subscriber.pk: account.subscriber.code for account in waiting}
        kept = {draft.subscriber_id: _said(draft) for draft in run.drafts.filter(subscriber__in=codes)}
        now = {draft.subscriber_id: _said(draft) for draft in drafts_of(run, waiting, drafting)}
        for key in sorted(codes):
            if kept.get(key) != now.get(key):
                message = f"the draft of {codes[key]} for {run.month} is not what it would be now"
                yield Problem(code="draft", where=codes[key], message=message)
        advance(len(batch))


def _said(draft: models.Draft) -> tuple[str, str]:
    return draft.body, draft.problems
