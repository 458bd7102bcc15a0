"""Invoices as the tests of documents use them; the issuer bears a published number of a public body."""

from collections import Counter
from datetime import date

import msgspec

from chakka.invoicing.model import (
    Invoice,
    InvoiceBody,
    InvoiceKind,
    InvoiceLine,
    LineKind,
    Party,
    TaxTotal,
)

# 国税庁, 総務省: corporate numbers of public bodies, published in the corporate number list.
ISSUER = Party(
    name="デモ電話株式会社",
    postal_code="100-0000",
    address="東京都千代田区見本町1丁目2番3号\n見本ビル4階",
    registration_number="T7000012050002",
)
RECIPIENT = Party(
    name="株式会社デモ商店",
    postal_code="530-0000",
    address="大阪府大阪市北区見本2丁目3番4号",
    registration_number="T2000012020001",
    reference="S-000123",
)
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))


def line(description: str, net_yen: int, **changes: object) -> InvoiceLine:
    """Return a monthly line of October for 0120123456, changed as asked."""
    plain = InvoiceLine(
        key=f"0120123456/{description}/{net_yen}",
        kind=LineKind.MONTHLY,
        number="0120123456",
        item="basic",
        description=description,
        period_first=OCTOBER[0],
        period_last=OCTOBER[1],
        quantity=1,
        net_yen=net_yen,
        tax_permille=100,
    )
    return msgspec.structs.replace(plain, **changes)


def body(
    *lines: InvoiceLine, kind: InvoiceKind = InvoiceKind.INVOICE, refers_to: str | None = None
) -> InvoiceBody:
    """Return a body whose sums follow from its lines, tax floored once per rate."""
    nets: Counter[tuple[str, int]] = Counter()
    for each in lines:
        nets[each.tax_category, each.tax_permille] += each.net_yen
    taxes = tuple(
        TaxTotal(permille=permille, category=category, net_yen=net, tax_yen=net * permille // 1000)
        for (category, permille), net in nets.items()
    )
    net_yen, tax_yen = sum(tax.net_yen for tax in taxes), sum(tax.tax_yen for tax in taxes)
    return InvoiceBody(
        kind=kind,
        issuer=ISSUER,
        recipient=RECIPIENT,
        period_first=OCTOBER[0],
        period_last=OCTOBER[1],
        lines=lines,
        taxes=taxes,
        net_yen=net_yen,
        tax_yen=tax_yen,
        total_yen=net_yen + tax_yen,
        refers_to=refers_to,
    )


def issued(content: InvoiceBody, number: str = "2026-000042") -> Invoice:
    """Return a body as it is issued on 5 November 2026."""
    return Invoice(
        number=number,
        issued_on=date(2026, 11, 5),
        due_on=date(2026, 11, 30),
        body=content,
        previous_hash="00" * 32,
        hash="5a" * 32,
    )


def month_of_october() -> Invoice:
    """Return an ordinary invoice: fees prorated from the 17th, calls, construction and levies (E06)."""
    since = {"period_first": date(2026, 10, 17)}
    return issued(
        body(
            line("基本料", 483, **since),
            line("複数回線管理機能", 169, **since),
            line("話中時迂回機能", 387, **since, quantity=2),
            line(
                "着信通話料　固定 1,204通話　携帯 3,310通話　公衆 6通話",
                284_360,
                kind=LineKind.CALLS,
                quantity=4520,
            ),
            line(
                "工事費（オプション設定）",
                1000,
                kind=LineKind.ONE_OFF,
                period_first=date(2026, 10, 17),
                period_last=date(2026, 10, 17),
            ),
            line("ユニバーサルサービス料", 2, kind=LineKind.LEVY),
            line("電話リレーサービス料", 1, kind=LineKind.LEVY),
            line(
                "着信通話料（9月分の追加）",
                35,
                kind=LineKind.ADJUSTMENT,
                quantity=3,
                number="08001234567",
                period_first=date(2026, 9, 1),
                period_last=date(2026, 9, 30),
            ),
            line("基本料", 1000, number="08001234567"),
        ),
        number="2026-000041",
    )


def credit_of_e19() -> Invoice:
    """Return what E19 gives back: 128 yen and 13 yen of tax, because 1,160 became 1,032."""
    content = body(
        line("着信通話料の訂正（携帯として計算した固定からの通話）", 128, kind=LineKind.CALLS),
        kind=InvoiceKind.CREDIT,
        refers_to="2026-000042",
    )
    tax = msgspec.structs.replace(content.taxes[0], tax_yen=13)
    return issued(
        msgspec.structs.replace(content, taxes=(tax,), tax_yen=13, total_yen=141), number="2026-000077"
    )


def corrected_of_e19() -> Invoice:
    """Return the invoice that E19 puts in the place of the wrong one."""
    lines = (line("基本料", 1000), line("着信通話料", 32, kind=LineKind.CALLS))
    return issued(body(*lines, kind=InvoiceKind.CORRECTED, refers_to="2026-000042"), number="2026-000078")


def wrong_invoice_of_e19() -> Invoice:
    """Return the invoice in which a fixed caller was charged as a mobile."""
    return issued(body(line("基本料", 1000), line("着信通話料", 160, kind=LineKind.CALLS)))
