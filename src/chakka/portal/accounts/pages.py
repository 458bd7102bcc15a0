"""Pages of entry: login, unlock request, logout, change of password."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from chakka.clock import utc_ms
from chakka.portal.accounts.entering import Attempt, Entered, Outcome, enter, new_form
from chakka.portal.accounts.mail import tell_of_wrong_entry
from chakka.portal.accounts.models import User
from chakka.portal.accounts.unlocking import open_lock, request_unlock

_STATUS = {Outcome.THROTTLED: 429, Outcome.NO_LOGIN_ID: 422, Outcome.WRONG: 422, Outcome.LOCKED: 422}


@never_cache
@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Show the login form, or take it."""
    if request.method == "GET":
        return _login_form(request, None)
    attempt = Attempt(
        login_id=request.POST.get("login_id", ""),
        password=request.POST.get("password", ""),
        form=request.POST.get("form", ""),
        address=request.META["REMOTE_ADDR"],
        agent=request.headers.get("User-Agent", ""),
    )
    entered = enter(attempt, now(), settings.PORTAL)
    if entered.outcome is Outcome.IN and entered.user is not None:
        # A new session id, whatever the browser had before.
        request.session.flush()
        auth.login(request, entered.user)
        return redirect(_wanted(request))
    if entered.user is not None and entered.wrong_entries:
        tell_of_wrong_entry(entered.user, attempt.address)
    return _login_form(request, entered)


@never_cache
@require_http_methods(["GET", "POST"])
def unlock(request: HttpRequest) -> HttpResponse:
    """Show the form of the unlock request, or take it; the answer is the same whoever has which id."""
    if request.method == "POST":
        request_unlock(request.POST.get("login_id", ""), request.POST.get("text", ""), now())
    return render(request, "unlock.html", {"is_sent": request.method == "POST"})


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the session."""
    auth.logout(request)
    return redirect("login")


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change the password; every other session of the login ends."""
    user = request.user
    assert isinstance(user, User)
    form = PasswordChangeForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        auth.update_session_auth_hash(request, user)
        return render(request, "password.html", {"is_changed": True})
    status = 422 if request.method == "POST" else 200
    return render(request, "password.html", {"form": form}, status=status)


def now() -> datetime:
    """Return the instant."""
    return datetime.fromtimestamp(utc_ms() / 1000, UTC)


def _login_form(request: HttpRequest, entered: Entered | None) -> HttpResponse:
    outcome = None if entered is None else entered.outcome
    lock = (
        open_lock(entered.user)
        if entered is not None and outcome is Outcome.LOCKED and entered.user
        else None
    )
    seen = {
        "outcome": outcome,
        "lock": lock,
        "form": new_form(),
        "login_id": request.POST.get("login_id", ""),
        "next": request.GET.get("next", request.POST.get("next", "")),
    }
    return render(request, "login.html", seen, status=200 if outcome is None else _STATUS.get(outcome, 422))


def _wanted(request: HttpRequest) -> str:
    """Return where the person was going, as long as that is here."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return settings.LOGIN_REDIRECT_URL
