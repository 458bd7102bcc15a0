"""Invoices of a subscriber: the list, and each as PDF."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from chakka.portal import access

_PRINTING_LASTS_S = 60


@never_cache
@login_required
@require_GET
def invoices(request: HttpRequest) -> HttpResponse:
    """List the viewer's invoices."""
    return render(request, "invoices.html", {"invoices": access.invoices(request)})


@never_cache
@login_required
@require_GET
def invoice_pdf(request: HttpRequest, number: str) -> FileResponse:
    """Give an invoice as PDF."""
    issued = access.invoice(request, number)
    return FileResponse(
        _printed(issued.number).open("rb"), as_attachment=True, filename=f"{issued.number}.pdf"
    )


def _printed(number: str) -> Path:
    """Return the file of an invoice, printed when it is first asked for; an issued invoice never changes.

    In a process of its own: WeasyPrint takes its time and its memory with it.
    """
    directory: Path = settings.CONFIG.directory / "invoices"
    file = directory / f"{number}.pdf"
    if file.exists():
        return file
    directory.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        draft = Path(scratch) / file.name
        command = (sys.executable, "-m", "chakka.portal", "bill", "pdf", number, "-o", str(draft))
        subprocess.run(command, check=True, timeout=_PRINTING_LASTS_S, env=os.environ)
        draft.replace(file)
    return file
