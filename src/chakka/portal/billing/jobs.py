"""Long work: how far it is, kept where everybody can see it, and what becomes of it when it is stopped."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import msgspec
from django.utils import timezone

from chakka.portal.billing.models import Job, JobState

# Called with how many more are done.
Advance = Callable[[int], None]
# Shows work to whoever waits for it: its name and how many there are to do.
Show = Callable[[str, int], AbstractContextManager[Advance]]


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """Names long work: what is done, to what, for which period. There is one job of each name."""

    kind: str
    subject: str
    period: str


@contextmanager
def working(work: Work, total: int, show: Show) -> Iterator[Advance]:
    """Give the function that says how many more are done; work that ends early is left as `stopped`."""
    job, _ = Job.objects.update_or_create(
        kind=work.kind,
        subject=work.subject,
        period=work.period,
        defaults={
            "state": JobState.RUNNING,
            "done": 0,
            "total": total,
            "updated_at": timezone.now(),
            "message": "",
        },
        create_defaults={
            "state": JobState.RUNNING,
            "total": total,
            "started_at": timezone.now(),
            "updated_at": timezone.now(),
        },
    )

    try:
        with show(work.kind, total) as shown:
            yield partial(_advance, job, shown)
    except BaseException as fault:
        job.state, job.message = JobState.STOPPED, f"{type(fault).__name__}: {fault}"[:500]
        _save(job)
        raise
    job.state = JobState.DONE
    _save(job)


def _advance(job: Job, shown: Advance, count: int) -> None:
    job.done += count
    _save(job)
    shown(count)


def _save(job: Job) -> None:
    job.updated_at = timezone.now()
    job.save()
