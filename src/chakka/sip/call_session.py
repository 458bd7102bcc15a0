"""The session timer of one leg as it runs: our refreshes, and the end when the peer is not there any more."""

from typing import TYPE_CHECKING, Final, Literal

from chakka.sip.alarms import Alarm
from chakka.sip.grammar import Malformed
from chakka.sip.headers import parse_retry_after
from chakka.sip.message import Response
from chakka.sip.session_timer import Agreement, agreed_as_client, interval_after_422
from chakka.sip.transaction import ClientTransaction

if TYPE_CHECKING:  # A call has its session timer, which refreshes it.
    from chakka.sip.call import Call

# A refresh that another request is in the way of, or that was put off, is tried again so much later.
_AGAIN_S: Final = 5.0
_LONGEST_WAIT_S: Final = 32.0
# RFC 5057 §5: these say that the dialog is no more.
GONE: Final = frozenset({408, 481})
# These say that the peer does not know UPDATE, or not here.
_NO_UPDATE: Final = frozenset({405, 415, 420, 501})


class SessionTimer:
    """Refreshes at half the interval, or waits for the peer's refresh; without any the session is lost.

    agreement:     None until the answer. asked: the interval that our requests ask for.
    minimum:       Min-SE of our requests, once a 422 has taught us one, else 0.
    allows_update: whether UPDATE can be used; else the same session is offered again by re-INVITE.
    """

    __slots__ = ("_alarm", "_call", "_deadline", "agreement", "allows_update", "asked", "minimum")

    def __init__(self, call: "Call", asked: int) -> None:
        self._call = call
        self._alarm: Alarm | None = None
        self._deadline = 0.0
        self.agreement: Agreement | None = None
        self.allows_update = False
        self.asked = asked
        self.minimum = 0

    def begin(self, agreement: Agreement, now: float) -> None:
        """Count from `now`: the session has been begun or refreshed."""
        self.agreement = agreement
        self._deadline = now + agreement.patience
        if agreement.we_refresh:
            self._ring("refresh", now + agreement.interval / 2)
        else:
            self._ring("expiry", self._deadline)

    def stop(self) -> None:
        """Count no more: the call is over."""
        self._call.core.alarms.stop(self._alarm)

    def lines(self) -> str:
        """Return the header lines of our next request that refreshes, whatever else it does."""
        return "" if self.agreement is None else self.agreement.request_lines(self.minimum)

    def on_alarm(self, name: str, now: float) -> None:
        """Refresh, or take it that the session is lost."""
        if now >= self._deadline:
            self._call.on_session_lost(now)
        elif self._call.is_busy:
            self._later(_AGAIN_S, now)
        else:
            self._ring("expiry", self._deadline)
            self._refresh(now)

    def on_refreshed(self, response: Response, now: float) -> None:
        """Take the 2xx to a request of ours with our `lines`."""
        self.begin(agreed_as_client(response, self.asked, self._call.core.timers), now)

    def on_refused(self, status: int, response: Response | None, now: float) -> None:
        """Take a failure of our refresh: the dialog may be gone, or the refresh must be another or later."""
        if status in GONE:
            self._call.on_session_lost(now)
        elif self.is_lengthened_by(response):
            self._refresh(now)
        elif status in _NO_UPDATE and self.allows_update:
            self.allows_update = False
            self._refresh(now)
        else:
            self._later(_wait_of(response), now)

    def is_lengthened_by(self, response: Response | None) -> bool:
        """Ask for a longer interval from now on if a 422 wants it; return whether it does."""
        if response is None or response.status != 422:
            return False
        longer = interval_after_422(response, self.asked)
        if longer is None:
            return False
        self.asked = self.minimum = longer
        if self.agreement is not None:
            self.agreement = Agreement(longer, self.agreement.we_refresh)
        return True

    def on_response(self, transaction: ClientTransaction, response: Response, now: float) -> None:
        """Take a response to our UPDATE."""
        if self._call.is_ended or response.status < 200:
            return
        if response.status < 300:
            self.on_refreshed(response, now)
        else:
            self.on_refused(response.status, response, now)

    def on_failure(
        self, transaction: ClientTransaction, cause: Literal["timeout", "transport"], now: float
    ) -> None:
        """Take it that our UPDATE was not answered."""
        if not self._call.is_ended:
            self.on_refused(408 if cause == "timeout" else 503, None, now)

    def _refresh(self, now: float) -> None:
        if self.allows_update or not self._call.session_body:
            self._update(now)
        else:
            self._call.offer_again(now)

    def _update(self, now: float) -> None:
        """Send UPDATE without SDP: a sign of life and no more (RFC 4028 §7.4, RFC 3311 §5.1)."""
        call, core = self._call, self._call.core
        if call.dialog is None:
            return
        branch = core.branch()
        head = call.dialog.head(core, branch, call.dialog.next_number())
        packet = head.request("UPDATE", f"{call.contact}{core.user_agent_line()}{self.lines()}")
        ClientTransaction(core, branch, "UPDATE", self).start(head, packet, call.dialog.next_hop(), now)

    def _later(self, wait: float, now: float) -> None:
        self._ring("refresh", min(now + wait, self._deadline))

    def _ring(self, name: str, due: float) -> None:
        alarms = self._call.core.alarms
        alarms.stop(self._alarm)
        self._alarm = alarms.start(due, self, name)


def _wait_of(response: Response | None) -> float:
    """Return how long to wait before a refresh is tried again: Retry-After, if there is one."""
    line = None if response is None else response.headers.get("Retry-After")
    try:
        return _AGAIN_S if line is None else min(max(1.0, parse_retry_after(line)), _LONGEST_WAIT_S)
    except Malformed:
        return _AGAIN_S
