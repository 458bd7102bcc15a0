"""Errors by blame: a user's data, a caller of our functions, a remote peer. All else is our bug."""

from collections.abc import Iterable

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One fault in a user's data, said so that the user can mend it.

    code:    one of the words listed in docs (plan-format: `syntax`, `unknown_key`, …).
    where:   the place, as a path: `groups[1].origin.prefectures[0]`; "" is the whole document.
    message: a sentence that names the offending value and the rule.
    """

    where: str
    code: str
    message: str


class InputError(Exception):
    """What was asked for cannot be done because of what was given; lists every problem found."""

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class PeerError(Exception):
    """A remote party's mistake; the edge turns it into the SIP or HTTP answer `status`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
