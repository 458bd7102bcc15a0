"""The style sheet of invoices: A4, one typeface in two weights, figures in right-aligned columns."""

STYLE = """
@page {
  size: A4; margin: 16mm 18mm 18mm; font: 7.5pt "BIZ UDPGothic"; color: #555;
  @top-right { content: string(number, start); }
  @bottom-left { content: string(running); }
  @bottom-right { content: counter(page) " / " counter(pages) " ページ"; }
}
@page :first { @top-right { content: none; } }
* { margin: 0; padding: 0; box-sizing: border-box; }
html { font: 9pt/1.6 "BIZ UDPGothic"; color: #1a1a1a; font-variant-numeric: tabular-nums; }
.running { string-set: running content(); height: 0; overflow: hidden; font-size: 0; line-height: 0; }
header { display: flex; align-items: baseline; border-bottom: 1.2pt solid #16324f; padding-bottom: 2mm; }
h1 { font-size: 21pt; line-height: 1.2; letter-spacing: 0.28em; color: #16324f; flex: 1; }
.legal { font-size: 8.5pt; color: #555; }
.parties { display: flex; margin-top: 5mm; }
.recipient { width: 54%; padding-right: 8mm; overflow-wrap: anywhere; }
.recipient .name { font-size: 13pt; font-weight: bold; line-height: 1.45; margin-top: 2mm; }
.honorific { font-size: 10.5pt; font-weight: normal; white-space: nowrap; }
.reference { margin-top: 1.5mm; color: #444; }
.issuer { width: 46%; overflow-wrap: anywhere; }
.issuer .name { font-size: 10.5pt; font-weight: bold; margin-top: 3mm; }
dl { display: grid; grid-template-columns: max-content auto; column-gap: 5mm; }
dt { color: #555; white-space: nowrap; }
.original { margin-top: 5mm; padding: 2.5mm 3.5mm; border-left: 2.2pt solid #b4540a; background: #fdf4ea; }
.summary { display: flex; align-items: center; margin-top: 5mm; padding: 3.5mm 5mm; background: #eef3f8; }
.total { width: 52%; }
.total p { line-height: 1.3; }
.total small { font-size: 8pt; color: #555; }
.total strong { font-size: 22pt; letter-spacing: 0.01em; color: #16324f; }
.summary dl { width: 48%; }
.summary dd { white-space: nowrap; font-weight: bold; }
table { width: 100%; border-collapse: collapse; margin-top: 5mm; }
th, td { padding: 0.95mm 2mm; text-align: right; vertical-align: baseline; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { font-size: 8pt; color: #16324f; border-bottom: 0.8pt solid #16324f; }
.taxes tbody th { font-weight: normal; }
.taxes tbody tr { border-bottom: 0.3pt solid #c4ccd4; }
tfoot th, tfoot td { font-weight: bold; border-top: 0.8pt solid #16324f; }
.lines { margin-top: 7mm; table-layout: fixed; }
.what { width: 76mm; }
.period { width: 40mm; }
.quantity { width: 17mm; }
.rate { width: 14mm; }
.amount { width: 27mm; }
.lines td:first-child { white-space: normal; overflow-wrap: anywhere; padding-left: 5mm; }
.lines td:nth-child(2), .lines thead th:nth-child(2) { text-align: left; }
.lines tr { break-inside: avoid; }
.lines tbody tr + tr { border-top: 0.3pt solid #d5dbe1; }
.lines .number { break-after: avoid; }
.lines .number th { font-size: 10pt; padding-top: 2.6mm; string-set: number content(); }
.lines .subtotal { break-before: avoid; }
.lines .subtotal th { text-align: right; font-weight: normal; color: #555; }
.lines .subtotal td { text-align: right; font-weight: bold; }
.remarks { margin-top: 6mm; string-set: number ""; break-inside: avoid; }
.notes { display: flex; }
.notes section { width: 50%; padding-right: 6mm; overflow-wrap: anywhere; }
h2 { font-size: 8.5pt; color: #16324f; }
.notes p { font-size: 8pt; }
ul { margin-top: 3mm; padding-left: 4mm; font-size: 7.5pt; line-height: 1.6; color: #555; }
"""
