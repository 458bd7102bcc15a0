"""`chakka bill run`, `draft`, `issue`: a month from draft to invoices."""

import argparse

import msgspec
from django.db.models import Sum

from chakka.errors import InputError
from chakka.portal.billing import models
from chakka.portal.billing.checks import open_blockers
from chakka.portal.billing.commands.deciding import show_blockers
from chakka.portal.billing.commands.words import bar, day, issuing, month, opened
from chakka.portal.billing.documents import body_of


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions."""
    run = subparsers.add_parser("run", help="draft, check and issue a month")
    run.add_argument("--month", type=month, required=True)
    run.add_argument("--until", choices=["draft", "check", "issue"], default="issue")
    run.add_argument("--date", type=day, help="of the invoices; left out: today")
    run.set_defaults(run=run_month)
    draft = subparsers.add_parser("draft", help="compute the drafts of a month and show them")
    draft.add_argument("--month", type=month, required=True)
    draft.add_argument("--json", action="store_true")
    draft.set_defaults(run=draft_month)
    issue = subparsers.add_parser("issue", help="issue a month that was checked, or go on issuing it")
    issue.add_argument("--month", type=month, required=True)
    issue.add_argument("--date", type=day, help="of the invoices; left out: today")
    issue.set_defaults(run=issue_month)


def run_month(arguments: argparse.Namespace) -> int:
    """Go through the stages; what stands against issuing stops before it."""
    with opened(arguments.month) as billing:
        run = billing.draft(bar)
        print(_summary(run))
        if arguments.until == "draft":
            return 0
        found = billing.check(run)
        if found:
            show_blockers(found, as_json=False)
            print(f"standing against issuing {run.month}: {len(found)}; mend each, or chakka bill decide")
            return 1
        if arguments.until == "issue":
            billing.issue(run, issuing(arguments), bar)
            print(_issued(run))
    return 0


def draft_month(arguments: argparse.Namespace) -> int:
    """Compute the drafts and print them."""
    with opened(arguments.month) as billing:
        run = billing.draft(bar)
    if not arguments.json:
        print(_summary(run))
    for draft in run.drafts.select_related("subscriber").order_by("subscriber__code"):
        print(_json(draft) if arguments.json else _text(draft))
    return 1 if run.drafts.exclude(problems="").exists() else 0


def issue_month(arguments: argparse.Namespace) -> int:
    """Issue what was checked."""
    run = models.BillingRun.objects.filter(month=arguments.month).first()
    if run is None:
        raise InputError(f"{arguments.month} has no drafts; begin with chakka bill run")
    with opened(arguments.month) as billing:
        found = open_blockers(billing.standing_blockers())
        if found:
            show_blockers(found, as_json=False)
            return 1
        billing.issue(run, issuing(arguments), bar)
    print(_issued(run))
    return 0


def _summary(run: models.BillingRun) -> str:
    drafts = run.drafts.filter(problems="")
    total = drafts.aggregate(Sum("total_yen"))["total_yen__sum"] or 0
    faulty = run.drafts.exclude(problems="").count()
    with_problems = f", {faulty} that cannot be made" if faulty else ""
    return f"{run.month}: {drafts.count()} drafts, {total:,} yen with tax{with_problems}"


def _issued(run: models.BillingRun) -> str:
    invoices = run.invoices.filter(kind="invoice")
    total = invoices.aggregate(Sum("total_yen"))["total_yen__sum"] or 0
    return f"{run.month}: {invoices.count()} invoices issued, {total:,} yen with tax"


def _json(draft: models.Draft) -> str:
    row = {
        "subscriber": draft.subscriber.code,
        "body": body_of(draft.body) if draft.body else None,
        "problems": msgspec.json.decode(draft.problems) if draft.problems else [],
    }
    return msgspec.json.encode(row).decode()


def _text(draft: models.Draft) -> str:
    if draft.problems:
        messages = "; ".join(problem["message"] for problem in msgspec.json.decode(draft.problems))
        return f"{draft.subscriber.code}  {draft.subscriber.name}: {messages}"
    body = body_of(draft.body)
    lines = (f"    {line.net_yen:>10,}  {line.number}  {line.description}" for line in body.lines)
    return "\n".join((f"{draft.subscriber.code}  {draft.subscriber.name}  {body.total_yen:,} yen", *lines))
