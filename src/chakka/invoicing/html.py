"""An issued invoice as a page of Japanese HTML, from which the PDF is made. Pure: no font, no file."""

from collections.abc import Iterator
from html import escape
from itertools import groupby

import msgspec

from chakka.invoicing.model import Invoice, InvoiceKind, InvoiceLine, Party, TaxTotal
from chakka.invoicing.notation import (
    figure,
    freephone_number,
    japanese_date,
    japanese_period,
    percent,
    short_period,
    yen,
)
from chakka.invoicing.pint import require_original
from chakka.invoicing.style import STYLE

REDUCED = "AA"
# JIS X 4051: stands for a character that the printer does not have.
GETA = "〓"


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """What the issuer says on each invoice besides what the law requires; lines end with a newline."""

    payment: str = ""
    contact: str = ""


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of document speaks of itself."""

    title: str
    legal_name: str
    number: str
    total: str
    line_heading: str


WORDINGS = {
    InvoiceKind.INVOICE: Wording(
        title="請求書",
        legal_name="適格請求書",
        number="請求書番号",
        total="ご請求金額",
        line_heading="ご利用内容",
    ),
    InvoiceKind.CREDIT: Wording(
        title="返還請求書",
        legal_name="適格返還請求書",
        number="返還請求書番号",
        total="ご返還金額",
        line_heading="返還の内容",
    ),
    InvoiceKind.CORRECTED: Wording(
        title="修正請求書",
        legal_name="修正した適格請求書",
        number="請求書番号",
        total="修正後のご請求金額",
        line_heading="ご利用内容（修正後）",
    ),
}


def html(
    invoice: Invoice,
    original: Invoice | None = None,
    notes: Notes = Notes(),  # noqa: B008 (frozen)
    unprintable: frozenset[str] = frozenset(),
) -> str:
    """Return the whole page; the same text each time.

    original:    the invoice that a credit or a corrected invoice refers to.
    unprintable: characters that the font lacks; each becomes 〓 and is named at the end by its code point.
    Raises:      InputError if the document refers to another invoice.
    Source:      charging.md §5; 消費税法 第57条の4第1項, 第3項, 第4項.
    """
    require_original(invoice, original)
    wording = WORDINGS[invoice.body.kind]
    page = "".join(
        (
            _head(invoice, wording),
            _letterhead(invoice, wording),
            _reference(invoice, original),
            _summary(invoice, wording),
            _taxes(invoice),
            _lines(invoice, wording),
            _remarks(invoice, notes, unprintable),
            "</body></html>\n",
        )
    )
    return page.translate(dict.fromkeys(map(ord, unprintable), GETA))


def _head(invoice: Invoice, wording: Wording) -> str:
    title = f"{wording.title} {invoice.number}"
    return (
        '<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>"
        f'<meta name="author" content="{escape(invoice.body.issuer.name)}">'
        f'<meta name="description" content="{wording.legal_name}">'
        f'<meta name="dcterms.created" content="{invoice.issued_on}T00:00:00+09:00">'
        f'<meta name="dcterms.modified" content="{invoice.issued_on}T00:00:00+09:00">'
        f"<style>{STYLE}</style></head><body>"
        f'<p class="running">{escape(title)}</p>'
    )


def _letterhead(invoice: Invoice, wording: Wording) -> str:
    body = invoice.body
    facts = _facts((wording.number, invoice.number), ("発行日", japanese_date(invoice.issued_on)))
    return (
        f'<header><h1>{wording.title}</h1><p class="legal">{wording.legal_name}</p></header>'
        f'<div class="parties"><section class="recipient">{_recipient(body.recipient)}</section>'
        f'<section class="issuer">{facts}{_issuer(body.issuer)}</section></div>'
    )


def _facts(*facts: tuple[str, str]) -> str:
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts if value)
    return f"<dl>{rows}</dl>"


def _address(party: Party) -> str:
    postal = f"〒{party.postal_code}" if party.postal_code else ""
    lines = [line for line in (postal, *party.address.splitlines()) if line]
    return f"<p>{'<br>'.join(map(escape, lines))}</p>" if lines else ""


def _recipient(party: Party) -> str:
    reference = f'<p class="reference">お客様番号　{escape(party.reference)}</p>' if party.reference else ""
    name = f'<p class="name">{escape(party.name)}　<span class="honorific">御中</span></p>'
    return f"{_address(party)}{name}{reference}"


def _issuer(party: Party) -> str:
    return (
        f'<p class="name">{escape(party.name)}</p>{_address(party)}'
        f"<p>登録番号　{escape(party.registration_number)}</p>"
    )


def _reference(invoice: Invoice, original: Invoice | None) -> str:
    if original is None:
        return ""
    what = f"{japanese_date(original.issued_on)}発行の請求書 {escape(original.number)}"
    period = japanese_period(original.body.period_first, original.body.period_last)
    if invoice.body.kind is InvoiceKind.CREDIT:
        text = f"{what}（ご利用期間 {period}）について、次のとおり対価を返還いたします。"
    else:
        text = f"この請求書は、{what}（ご利用期間 {period}）を修正し、これに代わるものです。"
    return f'<p class="original">{text}</p>'


def _summary(invoice: Invoice, wording: Wording) -> str:
    body = invoice.body
    period = japanese_period(body.period_first, body.period_last)
    facts = [("ご利用期間", period)]
    if body.kind is InvoiceKind.CREDIT:
        facts.append(("返還日", japanese_date(invoice.issued_on)))
    else:
        facts.append(("お支払期限", japanese_date(invoice.due_on)))
    return (
        f'<section class="summary"><div class="total"><p>{wording.total}<small>（税込）</small></p>'
        f"<p><strong>{yen(body.total_yen)}</strong></p></div>{_facts(*facts)}</section>"
    )


def _taxes(invoice: Invoice) -> str:
    body = invoice.body
    rows = "".join(map(_tax_row, body.taxes))
    return (
        '<table class="taxes"><thead><tr><th scope="col">税率ごとの内訳</th><th scope="col">税抜金額</th>'
        f'<th scope="col">消費税額</th><th scope="col">税込金額</th></tr></thead><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row">合計</th><td>{figure(body.net_yen)}円</td>'
        f"<td>{figure(body.tax_yen)}円</td><td>{figure(body.total_yen)}円</td></tr></tfoot></table>"
    )


def _tax_row(tax: TaxTotal) -> str:
    return (
        f'<tr><th scope="row">{rate_name(tax.category, tax.permille)}</th><td>{figure(tax.net_yen)}円</td>'
        f"<td>{figure(tax.tax_yen)}円</td><td>{figure(tax.net_yen + tax.tax_yen)}円</td></tr>"
    )


def rate_name(category: str, permille: int) -> str:
    """Return how a tax rate is called on the invoice: `10%対象`, `8%対象（軽減税率）`, `対象外`."""
    if category == REDUCED:
        return f"{percent(permille)}%対象（軽減税率 ※）"
    names = {"O": "消費税対象外", "E": "非課税", "G": "輸出免税"}
    return names.get(category, f"{percent(permille)}%対象")


def _lines(invoice: Invoice, wording: Wording) -> str:
    groups = groupby(invoice.body.lines, key=lambda line: line.number)
    bodies = "".join(_group(number, tuple(lines)) for number, lines in groups)
    return (
        '<table class="lines"><colgroup><col class="what"><col class="period"><col class="quantity">'
        '<col class="rate"><col class="amount"></colgroup>'
        f'<thead><tr><th scope="col">{wording.line_heading}</th><th scope="col">期間</th>'
        '<th scope="col">数量</th><th scope="col">税率</th><th scope="col">金額（税抜）</th></tr></thead>'
        f"{bodies}</table>"
    )


def _group(number: str, lines: tuple[InvoiceLine, ...]) -> str:
    """Return the lines of one freephone number with their sum; those of no number are of the contract."""
    heading = freephone_number(number) if number else "ご契約全体"
    net_yen = sum(line.net_yen for line in lines)
    return (
        f'<tbody><tr class="number"><th colspan="5" scope="rowgroup">{escape(heading)}</th></tr>'
        f"{''.join(map(_line, lines))}"
        f'<tr class="subtotal"><th colspan="4" scope="row">小計</th><td>{figure(net_yen)}円</td></tr></tbody>'
    )


def _line(line: InvoiceLine) -> str:
    mark = " ※" if line.tax_category == REDUCED else ""
    rate = f"{percent(line.tax_permille)}%" if line.tax_category in ("S", REDUCED) else "―"
    return (
        f"<tr><td>{escape(line.description)}{mark}</td>"
        f"<td>{short_period(line.period_first, line.period_last)}</td><td>{figure(line.quantity)}</td>"
        f"<td>{rate}</td><td>{figure(line.net_yen)}円</td></tr>"
    )


def _remarks(invoice: Invoice, notes: Notes, unprintable: frozenset[str]) -> str:
    payment = "" if invoice.body.kind is InvoiceKind.CREDIT else _note("お支払方法", notes.payment)
    items = "".join(f"<li>{escape(text)}</li>" for text in _remark_texts(invoice, unprintable))
    return (
        f'<section class="remarks"><div class="notes">{payment}{_note("お問い合わせ", notes.contact)}</div>'
        f"<ul>{items}</ul></section>"
    )


def _remark_texts(invoice: Invoice, unprintable: frozenset[str]) -> Iterator[str]:
    if invoice.body.kind is InvoiceKind.CREDIT:
        yield "返還する消費税額は、元の請求書の消費税額から正しい消費税額を差し引いた額です。"
    else:
        yield "消費税額は、税率ごとの税抜金額の合計に税率を乗じ、1円未満を切り捨てて計算しています。"
    if any(line.tax_category == REDUCED for line in invoice.body.lines):
        yield "※は軽減税率の対象です。"
    if unprintable:
        codes = "、".join(f"U+{ord(character):04X}" for character in sorted(unprintable))
        yield f"{GETA}は印字できない文字（{codes}）です。添付の電子データには正しい文字が入っています。"


def _note(heading: str, text: str) -> str:
    if not text.strip():
        return ""
    lines = "<br>".join(map(escape, text.strip().splitlines()))
    return f"<section><h2>{heading}</h2><p>{lines}</p></section>"
