"""Invoices as CSV: for spreadsheets, without formulas, in UTF-8 or Windows-31J."""

import csv
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoice_examples import RECIPIENT, body, credit_of_e19, issued, line, month_of_october

from chakka.invoicing.csv_lines import Encoding, encoded, invoices_csv, lines_csv
from chakka.invoicing.model import Invoice


def rows(csv_bytes: bytes, encoding: str = "utf-8-sig") -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_bytes.decode(encoding), newline="")))


def addressed_to(name: str) -> Invoice:
    content = msgspec.structs.replace(
        body(line("基本料", 1000)), recipient=msgspec.structs.replace(RECIPIENT, name=name)
    )
    return issued(content)


def test_each_line_of_each_invoice_is_a_row_under_its_heading() -> None:
    heading, *content = rows(lines_csv([month_of_october(), credit_of_e19()]))
    assert len(content) == len(month_of_october().body.lines) + 1
    first = dict(zip(heading, content[0], strict=True))
    assert first["請求書番号"] == "2026-000041"
    assert first["着信課金番号"] == "0120123456"
    assert (first["利用開始日"], first["利用終了日"]) == ("2026-10-17", "2026-10-31")
    assert (first["税率(%)"], first["金額(税抜)"]) == ("10", "483")


def test_each_invoice_is_a_row_with_its_sums() -> None:
    heading, content = rows(invoices_csv([month_of_october()]))
    row = dict(zip(heading, content, strict=True))
    assert (row["税抜金額"], row["消費税額"], row["税込金額"]) == ("287437", "28743", "316180")
    assert (row["登録番号"], row["元の請求書番号"]) == ("T7000012050002", "")


def test_what_a_credit_gives_back_is_negative_so_that_columns_can_be_summed() -> None:
    heading, content = rows(invoices_csv([credit_of_e19()]))
    row = dict(zip(heading, content, strict=True))
    assert (row["税抜金額"], row["消費税額"], row["税込金額"]) == ("-128", "-13", "-141")
    assert row["元の請求書番号"] == "2026-000042"
    assert rows(lines_csv([credit_of_e19()]))[1][13] == "-128"


def test_utf_8_begins_with_a_byte_order_mark_and_lines_end_with_crlf() -> None:
    text = invoices_csv([month_of_october()])
    assert text.startswith(b"\xef\xbb\xbf")
    assert text.count(b"\r\n") == 2
    assert text.count(b"\n") == 2


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_name_that_a_spreadsheet_would_run_becomes_text(start: str) -> None:
    (name,) = [row[8] for row in rows(invoices_csv([addressed_to(f"{start}cmd|' /C calc'!A0")]))[1:]]
    assert name.startswith(f"'{start}")


def test_windows_31j_writes_geta_for_what_it_lacks_and_its_own_wave_dash() -> None:
    text = invoices_csv([addressed_to("𠮷野〜😀株式会社")], Encoding.WINDOWS_31J)
    assert rows(text, "cp932")[1][8] == "〓野～〓株式会社"


def test_quotes_commas_and_line_ends_stay_inside_their_cell() -> None:
    name = 'a "quoted", b\nc'
    assert rows(invoices_csv([addressed_to(name)]))[1][8] == name


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1), min_size=1))
def test_no_cell_of_text_ever_begins_a_formula(table: list[list[str]]) -> None:
    for encoding, codec in ((Encoding.UTF8_BOM, "utf-8-sig"), (Encoding.WINDOWS_31J, "cp932")):
        read = rows(encoded([tuple(row) for row in table], encoding), codec)
        assert [len(row) for row in read] == [len(row) for row in table]
        assert not [cell for row in read for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
