"""A number as people and signalling write it, brought to the digits that were meant."""

import unicodedata

# The longest that means anything: a 5-digit carrier prefix, 010 and 15 digits (ITU-T E.164 §6.1), or
# 184 before it, each with separators. Longer text is no number, and is not worth scanning.
LONGEST_TEXT = 64

SEPARATORS = " \t\u3000-‐‑‒–—―−ー.()（）[]/"
_WITHOUT_SEPARATORS = {ord(mark): None for mark in unicodedata.normalize("NFKC", SEPARATORS) + SEPARATORS}


def dialled_digits(text: str) -> str | None:
    """Return the digits that were dialled, an international number after `+`; None if `text` is no number.

    text:   any script's writing of ASCII or full-width digits with spaces, hyphens, dots and brackets.
    Result: `+81` becomes the leading 0 and the international access 010 becomes `+`; 184 and 186 (withhold,
            present the number) before a number are dropped.
    Source: data/numbering/SOURCES.md, look-up.
    """
    if len(text) > LONGEST_TEXT:
        return None
    digits = text if text.isascii() and text.isdigit() else _unformatted(text)
    if not _is_number(digits):
        return None
    if digits[:3] in ("184", "186") and digits[3:4] in ("0", "+"):
        digits = digits[3:]
    return national(digits)


def national(digits: str) -> str:
    """Return `digits` as dialled within Japan: `+81422…` and `01081422…` as `0422…`, `0101…` as `+1…`."""
    if digits.startswith("010") and len(digits) > 3:
        digits = "+" + digits[3:]
    if digits.startswith("+81"):
        # `+81 (0)3 …` is a common way to write it; no number in Japan has a second leading 0.
        return "0" + digits[3:].removeprefix("0")
    return digits


def _unformatted(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_WITHOUT_SEPARATORS)


def _is_number(digits: str) -> bool:
    # A plus sign stands in front, or after the 184 or 186 of a call to abroad.
    head, plus, rest = digits.rpartition("+")
    return rest.isascii() and rest.isdigit() and (not plus or head in ("", "184", "186"))
