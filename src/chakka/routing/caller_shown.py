"""A calling number as people other than the called party may see it (reliability.md §1, §4)."""

from chakka.routing.attempt import Presentation

# Area code and last digits tell calls apart; the middle tells who it is.
_HEAD, _TAIL = 4, 2


def masked(number: str) -> str:
    """Return a number with its middle hidden: 0422511234 → 0422****34; short ones are hidden whole."""
    hidden = len(number) - _HEAD - _TAIL
    return number[:_HEAD] + "*" * hidden + number[-_TAIL:] if hidden >= 3 else "*" * len(number)


def caller_shown(number: str | None, presentation: Presentation) -> str:
    """Return the masked calling number, or 非通知 for one that was withheld, 表示圏外 for none to show."""
    if presentation is Presentation.WITHHELD:
        return "非通知"
    return masked(number) if number and presentation is Presentation.ALLOWED else "表示圏外"
