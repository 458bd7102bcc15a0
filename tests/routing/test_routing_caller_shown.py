"""How a calling number is shown to people other than the called party."""

import pytest

from chakka.routing.attempt import Presentation
from chakka.routing.caller_shown import caller_shown


@pytest.mark.parametrize(
    ("number", "presentation", "shown"),
    [
        ("0422511234", Presentation.ALLOWED, "0422****34"),
        ("0422511234", Presentation.WITHHELD, "非通知"),
        # The network has the number, of a payphone for instance, and gives a reason for not showing it.
        ("0422511234", Presentation.UNAVAILABLE, "表示圏外"),
        (None, Presentation.UNAVAILABLE, "表示圏外"),
        ("110", Presentation.ALLOWED, "***"),
    ],
)
def test_a_number_is_shown_masked_and_only_if_it_may_be(
    number: str | None, presentation: Presentation, shown: str
) -> None:
    assert caller_shown(number, presentation) == shown
