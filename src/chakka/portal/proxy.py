"""Whose word is taken on where a request comes from and whether it came encrypted."""

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse


class BehindProxy:
    """Middleware: REMOTE_ADDR and the scheme as a proxy of `[portal] proxies` reports them.

    Of X-Forwarded-For only the last address counts, which the proxy wrote itself; what the browser sent in
    front of it can be anything.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request."""
        forwarded_for = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        forwarded_proto = request.META.pop("HTTP_X_FORWARDED_PROTO", "")
        if request.META.get("REMOTE_ADDR") in settings.PORTAL.proxies:
            last = forwarded_for.rpartition(",")[2].strip()
            if _is_address(last):
                request.META["REMOTE_ADDR"] = last
            if forwarded_proto.strip() == "https" and isinstance(request, WSGIRequest):
                request.environ["wsgi.url_scheme"] = "https"
        return self._get_response(request)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
