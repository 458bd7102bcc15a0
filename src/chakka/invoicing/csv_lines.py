"""Invoices as CSV for spreadsheets and accounting programs: one row a line, or one row an invoice."""

import csv
import io
from collections.abc import Iterable
from enum import StrEnum

from chakka.invoicing.model import Invoice, InvoiceKind
from chakka.invoicing.notation import percent

# Spreadsheets run a cell that begins so as a formula; after an apostrophe it is text.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# What Shift_JIS writes by another code point than Unicode prefers (JIS X 0208 against Windows-31J).
WINDOWS_31J = str.maketrans({"〜": "～", "−": "－", "‖": "∥", "—": "―", "¢": "￠", "£": "￡", "¬": "￢"})
# JIS X 4051: stands for a character that the printer does not have.
GETA = "〓"

KIND_NAMES = {
    InvoiceKind.INVOICE: "請求書",
    InvoiceKind.CREDIT: "返還請求書",
    InvoiceKind.CORRECTED: "修正請求書",
}
LINE_HEADINGS = (
    "請求書番号",
    "種別",
    "発行日",
    "お客様番号",
    "宛名",
    "着信課金番号",
    "区分",
    "内容",
    "利用開始日",
    "利用終了日",
    "数量",
    "税率(%)",
    "税区分",
    "金額(税抜)",
    "明細キー",
)
INVOICE_HEADINGS = (
    "請求書番号",
    "種別",
    "元の請求書番号",
    "発行日",
    "支払期限",
    "利用開始日",
    "利用終了日",
    "お客様番号",
    "宛名",
    "税抜金額",
    "消費税額",
    "税込金額",
    "登録番号",
    "ハッシュ",
)

Row = tuple[str | int, ...]


class Encoding(StrEnum):
    """How a CSV file is written: with a byte order mark, which spreadsheets need, or as Windows-31J."""

    UTF8_BOM = "utf-8"
    WINDOWS_31J = "cp932"


def lines_csv(invoices: Iterable[Invoice], encoding: Encoding = Encoding.UTF8_BOM) -> bytes:
    """Return one row for each line; what credits give back is negative, so that columns can be summed."""
    rows = (row for invoice in invoices for row in _line_rows(invoice))
    return encoded([LINE_HEADINGS, *rows], encoding)


def invoices_csv(invoices: Iterable[Invoice], encoding: Encoding = Encoding.UTF8_BOM) -> bytes:
    """Return one row for each invoice; what credits give back is negative, so that columns can be summed."""
    return encoded([INVOICE_HEADINGS, *map(_invoice_row, invoices)], encoding)


def encoded(rows: Iterable[Row], encoding: Encoding) -> bytes:
    """Return rows as CSV (RFC 4180: CRLF, quotes doubled) in which no text is a formula.

    Integers are numbers and stay as they are, a negative one too.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    if encoding is Encoding.UTF8_BOM:
        return buffer.getvalue().encode("utf-8-sig")
    return b"".join(map(_in_windows_31j, buffer.getvalue().translate(WINDOWS_31J)))


def _cell(value: str | int) -> str | int:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def _in_windows_31j(character: str) -> bytes:
    try:
        return character.encode("cp932")
    except UnicodeEncodeError:
        return GETA.encode("cp932")


def _sign(invoice: Invoice) -> int:
    return -1 if invoice.body.kind is InvoiceKind.CREDIT else 1


def _line_rows(invoice: Invoice) -> Iterable[Row]:
    body = invoice.body
    for line in body.lines:
        yield (
            invoice.number,
            KIND_NAMES[body.kind],
            invoice.issued_on.isoformat(),
            body.recipient.reference,
            body.recipient.name,
            line.number,
            line.kind.value,
            line.description,
            line.period_first.isoformat(),
            line.period_last.isoformat(),
            line.quantity,
            percent(line.tax_permille),
            line.tax_category,
            _sign(invoice) * line.net_yen,
            line.key,
        )


def _invoice_row(invoice: Invoice) -> Row:
    body = invoice.body
    return (
        invoice.number,
        KIND_NAMES[body.kind],
        body.refers_to or "",
        invoice.issued_on.isoformat(),
        invoice.due_on.isoformat(),
        body.period_first.isoformat(),
        body.period_last.isoformat(),
        body.recipient.reference,
        body.recipient.name,
        _sign(invoice) * body.net_yen,
        _sign(invoice) * body.tax_yen,
        _sign(invoice) * body.total_yen,
        body.issuer.registration_number,
        invoice.hash,
    )
