"""Our 2xx while its ACK is awaited."""

from typing import TYPE_CHECKING

from chakka.sip.transaction import ServerTransaction

if TYPE_CHECKING:  # A call answers, and is told when nobody acknowledges.
    from chakka.sip.call import Call


class UnackedAnswer:
    """A 2xx of ours, sent again from T1 up to every T2 until its ACK (RFC 3261 §13.3.1.4)."""

    __slots__ = ("_alarm", "_call", "_deadline", "_interval", "number", "transaction")

    def __init__(self, call: "Call", transaction: ServerTransaction, now: float) -> None:
        self._call = call
        self.transaction = transaction
        self.number = transaction.number
        self._interval = call.core.timers.t1
        timers = call.core.timers
        # Not longer than the transaction that sends it lives.
        self._deadline = now + min(timers.answer, timers.timer_l)
        self._alarm = call.core.alarms.start(now + self._interval, self, "2xx")

    def on_alarm(self, name: str, now: float) -> None:
        """Send the 2xx again, or give up."""
        if now >= self._deadline:
            self._call.on_ack_timeout(now)
            return
        core = self._call.core
        self.transaction.send(200, self.transaction.packet, now)
        self._interval = min(2 * self._interval, core.timers.t2)
        self._alarm = core.alarms.start(min(now + self._interval, self._deadline), self, name)

    def stop(self) -> None:
        """Stop sending: the ACK is here or the call over."""
        self._call.core.alarms.stop(self._alarm)
