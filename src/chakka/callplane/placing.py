"""What is known of a call when it comes in, and what becomes of it.

Calls to freephone numbers are decided by their plans. No plan decides calls of trunks to line numbers, which
stay normal numbers (R2.8), nor the other calls that lines make (signalling.md §4).
"""

from collections.abc import Callable

import msgspec

from chakka.caller.facts import facts
from chakka.caller.offer import described, g711
from chakka.caller.presentation import asks_to_hide, no_number_reason
from chakka.callplane.call import Setup
from chakka.callplane.callers import CallingLine
from chakka.callplane.dialling import NOTIFICATION_OFF, NOTIFICATION_ON, Dialled, Wish, dialled, is_freephone
from chakka.callplane.instant import Instant
from chakka.callplane.notification import Notification
from chakka.callplane.outbound import outbound
from chakka.config import Config, Trunk
from chakka.errors import InputError
from chakka.numbering.table import NumberingTable
from chakka.records.model import CallKind
from chakka.routing import planless
from chakka.routing.attempt import IDLE, CallAttempt, Presentation, attempt_of
from chakka.routing.decide import decide
from chakka.routing.decision import Decision
from chakka.routing.plan import CompiledPlan
from chakka.sip.message import Request

Decide = Callable[[CallAttempt, Instant], tuple[CompiledPlan | None, Decision]]

# How calls of lines are treated where trunks differ. 1351 and 1350 are answered; what is refused is not.
_LINE = Trunk(name="")
_ANSWERED_LINE = msgspec.structs.replace(_LINE, early_media=False)


class Placing:
    """Says what becomes of calls. decide: what the plan in force says, None when a number has none."""

    def __init__(
        self, config: Config, table: NumberingTable, notification: Notification, decide: Decide
    ) -> None:
        self._config = config
        self._table = table
        self._notification = notification
        self._decide = decide

    def setup(self, request: Request, caller: Trunk | CallingLine, now: Instant) -> Setup:
        """Return what is known of a call."""
        if isinstance(caller, CallingLine):
            return self._by_line(request, caller.number, now)
        attempt = facts(request, caller.profile, self._table, now.utc_ms)
        if attempt.called_number in self._config.lines:
            return _direct(_setup(request, attempt, caller))
        return self._decided(_setup(request, attempt, caller), now)

    def _decided(self, setup: Setup, now: Instant) -> Setup:
        """Return what the number's plan says, or that it has none."""
        try:
            plan, decision = self._decide(setup.attempt, now)
        except InputError:
            return setup._replace(is_unreadable=True)
        return setup._replace(decision=decision, plan=plan)

    # -- what a line dials

    def _by_line(self, request: Request, line: str, now: Instant) -> Setup:
        asked = dialled(request.uri)
        called = _setup(request, self._attempt(request, line, asked, now), _LINE)._replace(line=line)
        if asked.number in (NOTIFICATION_ON, NOTIFICATION_OFF):
            return self._notifying(called._replace(kind=CallKind.NOTIFICATION), line)
        if is_freephone(asked.number):
            # A line is a caller like any other, as if its call had come from a trunk.
            decided = self._decided(called, now)
            if decided.plan is not None or decided.is_unreadable:
                return decided
        return self._outgoing(called._replace(kind=CallKind.OUTGOING), line, asked)

    def _attempt(self, request: Request, line: str, asked: Dialled, now: Instant) -> CallAttempt:
        """Return the facts of a line's call: all that is believed of it is which line it is."""
        return msgspec.structs.replace(
            attempt_of(self._table.lookup(line), asked.number, now.utc_ms),
            presentation=Presentation.WITHHELD if _is_withheld(request, asked) else Presentation.ALLOWED,
            has_g711=not request.body or bool(g711(described(request))),
        )

    def _notifying(self, called: Setup, line: str) -> Setup:
        freephone = self._notification.may_present(line)
        if not called.attempt.has_g711:
            return called._replace(decision=planless.no_g711())
        if freephone is None:
            return called._replace(decision=planless.notification_refused(line))
        is_on = called.attempt.called_number == NOTIFICATION_ON
        decision = planless.notification_set(line, freephone, is_on=is_on)
        return called._replace(decision=decision, trunk=_ANSWERED_LINE, notifies=freephone if is_on else "")

    def _outgoing(self, called: Setup, line: str, asked: Dialled) -> Setup:
        trunk = self._config.outbound
        if not called.attempt.has_g711:
            return called._replace(decision=planless.no_g711())
        if not asked.number:
            return called
        if trunk is None:
            return called._replace(decision=planless.no_trunk())
        call = outbound(
            trunk,
            line,
            asked,
            is_withheld=called.attempt.presentation is Presentation.WITHHELD,
            freephone=self._notification.presented(line),
        )
        decision = planless.outgoing(line, asked.number, trunk.name, call.presented)
        return called._replace(decision=decision, outbound=call)


def _direct(called: Setup) -> Setup:
    """Return a trunk's call to a line number, which stays a normal number (R2.8)."""
    number = called.attempt.called_number
    decision = planless.direct(number) if called.attempt.has_g711 else planless.no_g711()
    return called._replace(decision=decision, kind=CallKind.DIRECT)


def _setup(request: Request, attempt: CallAttempt, trunk: Trunk) -> Setup:
    """Return a call as it came: to a number that is not in service, as long as nothing else is known."""
    # RFC 3261 §8.1.1.6: 70 hops when the request does not say.
    hops = 70 if request.max_forwards is None else request.max_forwards
    not_in_service = decide(None, attempt, {}, IDLE)
    return Setup(attempt=attempt, decision=not_in_service, trunk=trunk, offer=described(request), hops=hops)


def _is_withheld(request: Request, asked: Dialled) -> bool:
    """184 withholds the number, 186 shows it whatever the telephone asks for otherwise."""
    hides = (
        asks_to_hide(request)
        or no_number_reason(request.from_.display) is not None
        or "@anonymous." in request.from_.uri.lower()
    )
    return asked.wish is Wish.WITHHOLD or (hides and asked.wish is not Wish.PRESENT)
