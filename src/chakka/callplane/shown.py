"""Text of peers as people may see it: on one line, cut, without numbers that are not theirs to see."""

import re
from collections.abc import Collection

LONGEST = 160
_HIDDEN = "***"
# RFC 3261 §25.1: what stands between a scheme and the host may name a person.
_USER = re.compile(r"\b(sips?|tel):([^@\s;>]*)(@?)", re.IGNORECASE)
# Shorter runs of digits are ports, versions and parts of addresses.
_DIGITS = re.compile(r"[0-9]{7,}")


def printable(text: str, longest: int = LONGEST) -> str:
    """Return a text in which nothing ends a line or moves a cursor, cut to a length.

    Line ends, ESC, other controls, lone surrogates and marks that turn the direction of writing are escaped.
    """
    cut = text if len(text) <= longest else f"{text[:longest]}…"
    if cut.isprintable():
        return cut
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in cut)


def start_line(octets: bytes, numbers: Collection[str] = ()) -> str:
    """Return the first line of a message with every user part and number hidden that is not in `numbers`.

    octets: a message, or what came in place of one. numbers: dialled number and line numbers of the call.
    """
    line = octets[:LONGEST].lstrip(b"\r\n").partition(b"\r\n")[0].decode("utf-8", "backslashreplace")
    hidden = _USER.sub(lambda match: _without_user(match, numbers), line)
    shown = _DIGITS.sub(lambda match: match[0] if match[0] in numbers else _HIDDEN, hidden)
    return printable(shown)


def _without_user(match: re.Match[str], numbers: Collection[str]) -> str:
    scheme, user, at = match.groups()
    is_user = bool(at) or scheme.lower() == "tel"
    shown = user if not is_user or user in numbers else _HIDDEN
    return f"{scheme}:{shown}{at}"
