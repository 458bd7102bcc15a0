"""Home: what happens to a call now, and what came today."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from chakka.clock import utc_ms
from chakka.localtime import DAY_MS, jst_day_and_minute, jst_instant_ms
from chakka.portal.access import subscriber_of
from chakka.portal.bar import choose, chosen
from chakka.portal.billing.ledger import opened_ledger
from chakka.portal.situation.now import now


@never_cache
@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show what happens to calls of the chosen number."""
    subscriber = subscriber_of(request)
    if "number" in request.GET:
        choose(request, request.GET["number"])
        return redirect("home")
    number = chosen(request)
    at_ms = utc_ms()
    if number is None:
        return render(request, "home.html", {"subscriber": subscriber})
    day, minute = jst_day_and_minute(at_ms)
    midnight_ms = jst_instant_ms(day, 0)
    with opened_ledger(settings.CONFIG) as ledger:
        counts = ledger.count_by_reason(number, midnight_ms, midnight_ms + DAY_MS)
    seen = {
        "subscriber": subscriber,
        "clock": f"{minute // 60}:{minute % 60:02}",
        "classes": now(number, at_ms),
        "counts": counts,
        "calls": sum(count.calls for count in counts),
        "answered": sum(count.answered for count in counts),
        "minutes": sum(count.conversation_ms for count in counts) // 60_000,
    }
    return render(request, "home.html", seen)
