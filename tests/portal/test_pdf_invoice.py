"""The invoice as PDF, read back by poppler: its text, its fonts, its attachment."""

import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from invoice_examples import (
    ISSUER,
    RECIPIENT,
    body,
    corrected_of_e19,
    credit_of_e19,
    issued,
    line,
    month_of_october,
    wrong_invoice_of_e19,
)

from chakka.errors import InputError
from chakka.invoicing.html import Notes
from chakka.invoicing.model import Invoice
from chakka.invoicing.pint import pint
from chakka.portal.billing import pdf

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed"),
]


def poppler(program: str, document: bytes, directory: Path, *arguments: str) -> str:
    path = directory / "invoice.pdf"
    path.write_bytes(document)
    command = [program, *arguments, path, *(["-"] if program == "pdftotext" else [])]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def printed(document: bytes, directory: Path) -> str:
    """Return the text of a PDF as poppler lays it out, without spaces."""
    return re.sub(r"[ \n　]", "", poppler("pdftotext", document, directory, "-layout"))


def test_the_pdf_says_every_mandatory_item(tmp_path: Path) -> None:
    text = printed(pdf.invoice_pdf(month_of_october(), notes=Notes(payment="見本銀行 本店")), tmp_path)
    for item in (
        ISSUER.name,
        "登録番号T7000012050002",
        "2026年11月5日",
        "2026年10月1日〜10月31日",
        RECIPIENT.name,
        "10%対象287,437円28,743円316,180円",
        "2026-000041",
        "2026年11月30日",
        "¥316,180",
        "0120-123-456",
        "ユニバーサルサービス料2026/10/01〜10/31110%2円",
        "見本銀行本店",
        "1/1ページ",
    ):
        assert item in text


def test_a_credit_and_a_corrected_invoice_name_the_original(tmp_path: Path) -> None:
    original = wrong_invoice_of_e19()
    credit = printed(pdf.invoice_pdf(credit_of_e19(), original), tmp_path)
    assert "適格返還請求書" in credit
    assert "請求書2026-000042（ご利用期間2026年10月1日〜10月31日）について" in credit
    assert "¥141" in credit
    corrected = printed(pdf.invoice_pdf(corrected_of_e19(), original), tmp_path)
    assert "修正後のご請求金額" in corrected
    assert "2026-000042" in corrected


def test_every_font_is_embedded_and_is_the_invoice_typeface(tmp_path: Path) -> None:
    rows = poppler("pdffonts", pdf.invoice_pdf(month_of_october()), tmp_path).splitlines()[2:]
    assert {re.sub(r"^[A-Z]{6}\+", "", row.split()[0]) for row in rows} == {
        "BIZ-UDPGothic",
        "BIZ-UDPGothic-Bold",
    }
    assert all(row.split()[-5:-2] == ["yes", "yes", "yes"] for row in rows)


def test_a_character_without_glyph_is_printed_as_geta_and_not_as_a_box(tmp_path: Path) -> None:
    name = "𠮷野家😀"
    invoice = issued(
        msgspec.structs.replace(
            body(line("ﾊﾝｶｸ ①㈱髙﨑", 1)), recipient=msgspec.structs.replace(RECIPIENT, name=name)
        )
    )
    document = pdf.invoice_pdf(invoice)
    text = printed(document, tmp_path)
    assert "〓野家〓" in text
    assert "U+1F600、U+20BB7" in text
    assert "ﾊﾝｶｸ①㈱髙﨑" in text
    fonts = poppler("pdffonts", document, tmp_path)
    assert len(fonts.splitlines()) == 4


def test_many_lines_go_over_pages_with_heads_and_page_numbers(tmp_path: Path) -> None:
    lines = [line(f"通話料 {i:03}", i, number=f"0120{i // 40:06}", key=str(i)) for i in range(120)]
    document = pdf.invoice_pdf(issued(body(*lines)))
    pages = poppler("pdftotext", document, tmp_path, "-layout").split("\f")[:-1]
    assert len(pages) >= 4
    for number, page in enumerate(pages, start=1):
        assert f"{number} / {len(pages)} ページ" in page
        assert "2026-000042" in page
    assert [page.count("金額（税抜）") for page in pages[:-1]] == [1] * (len(pages) - 1)
    assert "0120-000-000" in pages[1].splitlines()[0]
    everything = "".join(pages)
    assert all(f"通話料 {i:03}" in everything for i in range(120))


def test_the_pdf_is_archivable_tagged_and_carries_its_xml(tmp_path: Path) -> None:
    invoice = month_of_october()
    document = pdf.invoice_pdf(invoice)
    facts = poppler("pdfinfo", document, tmp_path)
    assert re.search(r"Tagged: +yes", facts)
    assert re.search(r"Title: +請求書 2026-000041", facts)
    assert re.search(r"Author: +デモ電話株式会社", facts)
    metadata = poppler("pdfinfo", document, tmp_path, "-meta")
    assert 'pdfaid:part="3"' in metadata
    assert 'pdfaid:conformance="A"' in metadata
    poppler("pdfdetach", document, tmp_path, "-save", "1", "-o", str(tmp_path / "attached.xml"))
    assert (tmp_path / "attached.xml").read_bytes() == pint(invoice)


def documents() -> list[tuple[Invoice, Invoice | None]]:
    return [(month_of_october(), None), (credit_of_e19(), wrong_invoice_of_e19())]


@pytest.mark.parametrize(("invoice", "original"), documents(), ids=["invoice", "credit"])
def test_the_same_invoice_makes_the_same_bytes(invoice: Invoice, original: Invoice | None) -> None:
    assert pdf.invoice_pdf(invoice, original) == pdf.invoice_pdf(invoice, original)


def test_a_missing_typeface_is_said_with_the_package_that_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pdf, "FONT_DIRECTORIES", (tmp_path,))
    pdf.held_glyphs.cache_clear()
    with pytest.raises(InputError, match="fonts-morisawa-bizud-gothic"):
        pdf.invoice_pdf(month_of_october())
