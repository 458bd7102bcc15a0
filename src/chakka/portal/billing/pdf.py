"""Invoices as PDF: archivable (PDF/A-3a, tagged), the typeface embedded, the JP PINT XML attached.

The only importer of WeasyPrint, which takes half a second to import and 0.3 s a page: import this
module in jobs and commands, not where pages are served.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont
from weasyprint import HTML, Attachment
from weasyprint.urls import URLFetcher

from chakka.errors import InputError
from chakka.invoicing.html import Notes, html
from chakka.invoicing.model import Invoice
from chakka.invoicing.pint import STANDARD, PintProfile, pint
from chakka.localtime import JST

FONT_DIRECTORIES = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
)
FONT_FILES = ("BIZUDPGothic-Regular.ttf", "BIZUDPGothic-Bold.ttf")
NO_NOTES = Notes()


# WeasyPrint has no types.
class _NothingOutside(URLFetcher):  # type: ignore[misc]
    """Refuses every address: an invoice is made of its own text alone."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> object:
        raise ValueError(f"an invoice loads nothing, not {url}")


def invoice_pdf(
    invoice: Invoice,
    original: Invoice | None = None,
    notes: Notes = NO_NOTES,
    profile: PintProfile = STANDARD,
) -> bytes:
    """Return the PDF of an issued document; the same bytes each time with the same libraries.

    A character that the typeface lacks is printed as 〓 and named by its code point, never as an empty box.

    Raises: InputError if the typeface is not installed, or if the document refers to another invoice.
    """
    unprintable = frozenset(_unprintable(html(invoice, original, notes)))
    page = html(invoice, original, notes, unprintable)
    document = HTML(string=page, url_fetcher=_NothingOutside())
    pdf: bytes = document.write_pdf(
        pdf_variant="pdf/a-3a",
        pdf_tags=True,
        pdf_identifier=bytes.fromhex(invoice.hash)[:16],
        attachments=[_attached(pint(invoice, original, profile), invoice)],
    )
    return pdf


def _attached(xml: bytes, invoice: Invoice) -> Attachment:
    issued_at = datetime.combine(invoice.issued_on, datetime.min.time(), JST).astimezone(UTC)
    return Attachment(
        string=xml,
        name=f"{invoice.number}.xml",
        description="JP PINT (UBL 2.1)",
        created=issued_at,
        modified=issued_at,
        relationship="Alternative",
    )


def _unprintable(page: str) -> Iterator[str]:
    """Yield the characters of a page that the typeface lacks; line ends and tabs are not printed."""
    glyphs = held_glyphs()
    return (character for character in set(page) if ord(character) not in glyphs and character not in "\n\t")


@cache
def held_glyphs() -> frozenset[int]:
    """Return the code points that both weights of the typeface have."""
    held = [frozenset(TTFont(_font(name), lazy=True).getBestCmap()) for name in FONT_FILES]
    return frozenset.intersection(*held)


def _font(name: str) -> Path:
    for directory in FONT_DIRECTORIES:
        for path in directory.rglob(name):
            return path
    raise InputError(
        f"the typeface BIZ UDPGothic is not installed ({name}): install the Debian package "
        "fonts-morisawa-bizud-gothic"
    )
