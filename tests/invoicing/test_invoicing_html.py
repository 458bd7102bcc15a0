"""The page from which the PDF is made says what the law requires, and nothing that its texts smuggle in."""

from html.parser import HTMLParser

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
from chakka.invoicing.html import Notes, html
from chakka.invoicing.notation import figure, freephone_number, japanese_period, percent, short_period, yen
from chakka.invoicing.period import first_day, last_day


class Reader(HTMLParser):
    """Collects what a page shows, and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.tags[-1] not in ("style", "title"):
            self.shown.append(data)


def shown(page: str) -> str:
    return "|".join(Reader(page).shown)


@pytest.mark.parametrize(
    "item",
    [
        "請求書",
        "適格請求書",
        ISSUER.name,
        "登録番号　T7000012050002",
        "2026年11月5日",
        "2026年10月1日〜10月31日",
        RECIPIENT.name,
        "御中",
        "基本料",
        "10%対象|287,437円|28,743円|316,180円",
        "2026-000041",
        "2026年11月30日",
        "¥316,180",
        "0120-123-456",
        "0800-123-4567",
        "2026/10/17〜10/31",
        "284,360円",
    ],
)
def test_an_invoice_says_every_mandatory_item(item: str) -> None:
    assert item in shown(html(month_of_october()))


def test_a_credit_names_the_day_period_and_number_of_what_it_takes_back() -> None:
    text = shown(html(credit_of_e19(), wrong_invoice_of_e19()))
    assert "適格返還請求書" in text
    assert "2026年11月5日発行の請求書 2026-000042（ご利用期間 2026年10月1日〜10月31日）について" in text
    assert "10%対象|128円|13円|141円" in text
    assert "お支払期限" not in text


def test_a_credit_asks_for_no_payment() -> None:
    notes = Notes(payment="見本銀行へお振り込みください。", contact="料金担当")
    assert "見本銀行" not in html(credit_of_e19(), wrong_invoice_of_e19(), notes)
    assert "料金担当" in html(credit_of_e19(), wrong_invoice_of_e19(), notes)
    assert "見本銀行" in html(month_of_october(), notes=notes)


def test_a_corrected_invoice_says_which_one_it_replaces() -> None:
    text = shown(html(corrected_of_e19(), wrong_invoice_of_e19()))
    assert "2026-000042" in text
    assert "修正し、これに代わるものです" in text


def test_a_credit_without_its_original_is_refused() -> None:
    with pytest.raises(InputError, match="refers to 2026-000042, not to none"):
        html(credit_of_e19())


def test_each_rate_has_its_sums_and_reduced_supplies_are_marked() -> None:
    lines = (
        line("基本料", 1000),
        line("新聞", 999, tax_permille=80, tax_category="AA"),
        line("旧税率", 100, tax_permille=80),
        line("保険", 7, tax_permille=0, tax_category="E"),
    )
    text = shown(html(issued(body(*lines))))
    assert "10%対象|1,000円|100円|1,100円" in text
    assert "8%対象（軽減税率 ※）|999円|79円|1,078円" in text
    assert "8%対象|100円|8円|108円" in text
    assert "非課税|7円|0円|7円" in text
    assert "新聞 ※" in text
    assert "※は軽減税率の対象です。" in text


def test_texts_are_never_markup() -> None:
    evil = '<script>alert("1")</script>&amp;<img src=x onerror=y>'
    party = msgspec.structs.replace(RECIPIENT, name=evil, address=evil, reference=evil)
    content = msgspec.structs.replace(
        body(line(evil, 1)), recipient=party, issuer=msgspec.structs.replace(ISSUER, name=evil, address=evil)
    )
    page = html(issued(content, number=evil), notes=Notes(payment=evil, contact=evil))
    assert not {"script", "img", "link", "iframe"} & set(Reader(page).tags)
    assert evil in "".join(Reader(page).shown)


def test_what_the_typeface_lacks_is_printed_as_geta_and_named() -> None:
    page = html(issued(body(line("𠮷野家", 1))), unprintable=frozenset("𠮷"))
    assert "𠮷" not in page
    assert "〓野家" in page
    assert "U+20BB7" in page


def test_the_page_loads_nothing() -> None:
    page = html(month_of_october(), notes=Notes(payment="x", contact="y"))
    assert "url(" not in page
    assert "http" not in page
    assert "src=" not in page


def test_lines_of_each_number_have_their_own_sum() -> None:
    text = shown(html(month_of_october()))
    assert "小計|286,402円" in text
    assert "小計|1,035円" in text


def test_periods_are_written_short_within_a_year_and_whole_across() -> None:
    january = first_day("2027-01")
    assert japanese_period(first_day("2026-12"), last_day("2026-12")) == "2026年12月1日〜12月31日"
    assert japanese_period(first_day("2026-12"), january) == "2026年12月1日〜2027年1月1日"
    assert japanese_period(january, january) == "2027年1月1日"
    assert short_period(first_day("2026-12"), january) == "2026/12/01〜2027/01/01"


def test_figures_are_written_as_on_japanese_invoices() -> None:
    assert (yen(1234567), yen(0), yen(-1234)) == ("¥1,234,567", "¥0", "−¥1,234")
    assert (figure(1234567), figure(0), figure(-1234)) == ("1,234,567", "0", "−1,234")
    assert (percent(100), percent(85), percent(0)) == ("10", "8.5", "0")
    assert (freephone_number("0120123456"), freephone_number("08001234567")) == (
        "0120-123-456",
        "0800-123-4567",
    )
    assert freephone_number("117") == "117"
