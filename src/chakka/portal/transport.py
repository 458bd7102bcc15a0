"""Encrypted transport only (service.md R7.3): Django's SecurityMiddleware sends plain requests to HTTPS."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class KeepsMethod:
    """Middleware: permanent redirects say 308, for after 301 a browser turns a POST into a GET."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request."""
        response = self._get_response(request)
        if response.status_code == HTTPStatus.MOVED_PERMANENTLY:
            response.status_code = HTTPStatus.PERMANENT_REDIRECT
        return response


def tls_page(request: HttpRequest) -> HttpResponse:
    """Return the page that says what encryption the portal asks for, also to those who cannot do it."""
    return render(request, "tls.html")
