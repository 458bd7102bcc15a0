"""The four transaction machines of RFC 3261 §17 as RFC 6026 corrects them: one table row per arrow.

A pair of state and input that has no row cannot happen; `transaction.py` raises if it does.
"""

from enum import StrEnum

__all__ = ["INVITE_CLIENT", "INVITE_SERVER", "OTHER_CLIENT", "OTHER_SERVER", "Effect", "Input", "State"]


class State(StrEnum):
    CALLING = "Calling"
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    ACCEPTED = "Accepted"
    COMPLETED = "Completed"
    CONFIRMED = "Confirmed"
    TERMINATED = "Terminated"


class Input(StrEnum):
    """A message received, a response given to send, or a timer due."""

    RESPONSE_1XX = "1xx"
    RESPONSE_2XX = "2xx"
    RESPONSE_FAILURE = "300-699"
    REQUEST = "request"
    ACK = "ACK"
    SEND_1XX = "send 1xx"
    SEND_2XX = "send 2xx"
    SEND_FAILURE = "send 300-699"
    TRANSPORT_ERROR = "transport error"
    TIMER_A = "Timer A"
    TIMER_B = "Timer B"
    TIMER_D = "Timer D"
    TIMER_E = "Timer E"
    TIMER_F = "Timer F"
    TIMER_G = "Timer G"
    TIMER_H = "Timer H"
    TIMER_I = "Timer I"
    TIMER_J = "Timer J"
    TIMER_K = "Timer K"
    TIMER_L = "Timer L"
    TIMER_M = "Timer M"


class Effect(StrEnum):
    """What a transition does. A retransmission timer restarted waits twice as long, E and G at most T2."""

    SEND = "send the message given"
    RESEND = "send the last message again"
    SEND_ACK = "acknowledge the failure"
    REPORT = "tell the user of the response"
    TELL_TIMEOUT = "tell the user of the timeout"
    TELL_UNREACHABLE = "tell the user of the transport error"
    TELL_ACK = "tell the user of the ACK"
    STOP = "stop both timers"
    SLOW = "retransmit every T2 from now on"
    RESTART = "start the retransmission timer again"
    START_D = "start Timer D"
    START_G_H = "start Timers G and H"
    START_I = "start Timer I"
    START_J = "start Timer J"
    START_K = "start Timer K"
    START_L = "start Timer L"
    START_M = "start Timer M"


Table = dict[tuple[State, Input], tuple[State, tuple[Effect, ...]]]

S, I, E = State, Input, Effect  # noqa: E741 - the columns of the tables below

# RFC 3261 §17.1.1, figure 5; RFC 6026 §7.2, figure 5. Timers A and B run from the start.
INVITE_CLIENT: Table = {
    (S.CALLING, I.TIMER_A): (S.CALLING, (E.RESEND, E.RESTART)),
    (S.CALLING, I.TIMER_B): (S.TERMINATED, (E.TELL_TIMEOUT,)),
    (S.CALLING, I.TRANSPORT_ERROR): (S.TERMINATED, (E.TELL_UNREACHABLE,)),
    (S.CALLING, I.RESPONSE_1XX): (S.PROCEEDING, (E.STOP, E.REPORT)),
    (S.CALLING, I.RESPONSE_2XX): (S.ACCEPTED, (E.STOP, E.START_M, E.REPORT)),
    (S.CALLING, I.RESPONSE_FAILURE): (S.COMPLETED, (E.STOP, E.SEND_ACK, E.START_D, E.REPORT)),
    (S.PROCEEDING, I.TRANSPORT_ERROR): (S.PROCEEDING, ()),
    (S.PROCEEDING, I.RESPONSE_1XX): (S.PROCEEDING, (E.REPORT,)),
    (S.PROCEEDING, I.RESPONSE_2XX): (S.ACCEPTED, (E.START_M, E.REPORT)),
    (S.PROCEEDING, I.RESPONSE_FAILURE): (S.COMPLETED, (E.SEND_ACK, E.START_D, E.REPORT)),
    (S.COMPLETED, I.TRANSPORT_ERROR): (S.TERMINATED, ()),
    (S.COMPLETED, I.RESPONSE_1XX): (S.COMPLETED, ()),
    # RFC 3261 §16.7: a forking proxy passes a 2xx on even after a failure; the user must end that branch.
    (S.COMPLETED, I.RESPONSE_2XX): (S.COMPLETED, (E.REPORT,)),
    (S.COMPLETED, I.RESPONSE_FAILURE): (S.COMPLETED, (E.SEND_ACK,)),
    (S.COMPLETED, I.TIMER_D): (S.TERMINATED, ()),
    (S.ACCEPTED, I.TRANSPORT_ERROR): (S.ACCEPTED, ()),
    (S.ACCEPTED, I.RESPONSE_1XX): (S.ACCEPTED, ()),
    (S.ACCEPTED, I.RESPONSE_2XX): (S.ACCEPTED, (E.REPORT,)),
    (S.ACCEPTED, I.RESPONSE_FAILURE): (S.ACCEPTED, ()),
    (S.ACCEPTED, I.TIMER_M): (S.TERMINATED, ()),
}

# RFC 3261 §17.1.2, figure 6. Timers E and F run from the start, through Proceeding too.
OTHER_CLIENT: Table = {
    (S.TRYING, I.TIMER_E): (S.TRYING, (E.RESEND, E.RESTART)),
    (S.TRYING, I.TIMER_F): (S.TERMINATED, (E.TELL_TIMEOUT,)),
    (S.TRYING, I.TRANSPORT_ERROR): (S.TERMINATED, (E.TELL_UNREACHABLE,)),
    (S.TRYING, I.RESPONSE_1XX): (S.PROCEEDING, (E.SLOW, E.REPORT)),
    (S.TRYING, I.RESPONSE_2XX): (S.COMPLETED, (E.STOP, E.START_K, E.REPORT)),
    (S.TRYING, I.RESPONSE_FAILURE): (S.COMPLETED, (E.STOP, E.START_K, E.REPORT)),
    (S.PROCEEDING, I.TIMER_E): (S.PROCEEDING, (E.RESEND, E.RESTART)),
    (S.PROCEEDING, I.TIMER_F): (S.TERMINATED, (E.TELL_TIMEOUT,)),
    (S.PROCEEDING, I.TRANSPORT_ERROR): (S.TERMINATED, (E.TELL_UNREACHABLE,)),
    (S.PROCEEDING, I.RESPONSE_1XX): (S.PROCEEDING, (E.REPORT,)),
    (S.PROCEEDING, I.RESPONSE_2XX): (S.COMPLETED, (E.STOP, E.START_K, E.REPORT)),
    (S.PROCEEDING, I.RESPONSE_FAILURE): (S.COMPLETED, (E.STOP, E.START_K, E.REPORT)),
    (S.COMPLETED, I.TRANSPORT_ERROR): (S.COMPLETED, ()),
    (S.COMPLETED, I.RESPONSE_1XX): (S.COMPLETED, ()),
    (S.COMPLETED, I.RESPONSE_2XX): (S.COMPLETED, ()),
    (S.COMPLETED, I.RESPONSE_FAILURE): (S.COMPLETED, ()),
    (S.COMPLETED, I.TIMER_K): (S.TERMINATED, ()),
}

# RFC 3261 §17.2.1, figure 7; RFC 6026 §7.1, figure 3. A transport error leaves the state as it is
# (RFC 6026 §7.1 replaces RFC 3261 §17.2.4), so servers have no such input.
INVITE_SERVER: Table = {
    (S.PROCEEDING, I.REQUEST): (S.PROCEEDING, (E.RESEND,)),
    (S.PROCEEDING, I.ACK): (S.PROCEEDING, ()),
    (S.PROCEEDING, I.SEND_1XX): (S.PROCEEDING, (E.SEND,)),
    (S.PROCEEDING, I.SEND_2XX): (S.ACCEPTED, (E.SEND, E.START_L)),
    (S.PROCEEDING, I.SEND_FAILURE): (S.COMPLETED, (E.SEND, E.START_G_H)),
    (S.COMPLETED, I.REQUEST): (S.COMPLETED, (E.RESEND,)),
    (S.COMPLETED, I.ACK): (S.CONFIRMED, (E.STOP, E.START_I)),
    (S.COMPLETED, I.TIMER_G): (S.COMPLETED, (E.RESEND, E.RESTART)),
    (S.COMPLETED, I.TIMER_H): (S.TERMINATED, ()),
    (S.CONFIRMED, I.REQUEST): (S.CONFIRMED, ()),
    (S.CONFIRMED, I.ACK): (S.CONFIRMED, ()),
    (S.CONFIRMED, I.TIMER_I): (S.TERMINATED, ()),
    (S.ACCEPTED, I.REQUEST): (S.ACCEPTED, ()),
    # An ACK with the branch of its INVITE, as some peers send for a 2xx: it belongs to the dialog.
    (S.ACCEPTED, I.ACK): (S.ACCEPTED, (E.TELL_ACK,)),
    (S.ACCEPTED, I.SEND_2XX): (S.ACCEPTED, (E.SEND,)),
    (S.ACCEPTED, I.TIMER_L): (S.TERMINATED, ()),
}

# RFC 3261 §17.2.2, figure 8.
OTHER_SERVER: Table = {
    (S.TRYING, I.REQUEST): (S.TRYING, ()),
    (S.TRYING, I.SEND_1XX): (S.PROCEEDING, (E.SEND,)),
    (S.TRYING, I.SEND_2XX): (S.COMPLETED, (E.SEND, E.START_J)),
    (S.TRYING, I.SEND_FAILURE): (S.COMPLETED, (E.SEND, E.START_J)),
    (S.PROCEEDING, I.REQUEST): (S.PROCEEDING, (E.RESEND,)),
    (S.PROCEEDING, I.SEND_1XX): (S.PROCEEDING, (E.SEND,)),
    (S.PROCEEDING, I.SEND_2XX): (S.COMPLETED, (E.SEND, E.START_J)),
    (S.PROCEEDING, I.SEND_FAILURE): (S.COMPLETED, (E.SEND, E.START_J)),
    (S.COMPLETED, I.REQUEST): (S.COMPLETED, (E.RESEND,)),
    (S.COMPLETED, I.TIMER_J): (S.TERMINATED, ()),
}
