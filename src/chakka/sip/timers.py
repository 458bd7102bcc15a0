"""The timers of RFC 3261 Table 4, RFC 6026 and RFC 3262."""

from dataclasses import dataclass, fields

DERIVED = -1.0
"""Stands for "computed from T1, T2 and T4" in a field of Timers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """Every duration of the protocol in seconds; those left at DERIVED follow from T1 and T4.

    Source: RFC 3261 Table 4; RFC 6026 §7.1 (L), §7.2 (M); RFC 3262 §3; signalling.md §3 (repeats);
            reliability.md §2 (orphans) and RFC 4028 §4 (the two of sessions).
    """

    t1: float = 0.5  # estimate of the round trip
    t2: float = 4.0  # longest interval between retransmissions
    t4: float = 5.0  # how long a message may stay in the network
    timer_b: float = DERIVED  # an INVITE without any response is given up
    timer_d: float = 32.0  # repeated failures of our INVITE are still ACKed
    timer_f: float = DERIVED  # another request without a final response is given up
    timer_h: float = DERIVED  # a failure that we sent is not repeated any more without its ACK
    timer_i: float = DERIVED  # repeated ACKs are absorbed
    timer_j: float = DERIVED  # a repeated request still gets the same response
    timer_k: float = DERIVED  # repeated responses are absorbed
    timer_l: float = DERIVED  # repeated INVITEs are absorbed after our 2xx
    timer_m: float = DERIVED  # 2xx of other branches are still taken
    answer: float = DERIVED  # a 2xx is repeated until its ACK (§13.3.1.4)
    reliable: float = DERIVED  # a reliable provisional is repeated until its PRACK
    cancelled: float = DERIVED  # a cancelled INVITE that gets no final response is given up (§9.1)
    provisional_repeats: tuple[float, ...] = (0.5, 1.0, 2.0)  # after the first sending, when not reliable
    session: int = 300  # a session not refreshed for so long is over, unless the peer wants it shorter
    session_minimum: int = 90  # the shortest session that we agree to
    provisional_refresh: float = 60.0  # §13.3.1.1: every minute, so that no proxy's timer C ends the call

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.default == DERIVED and getattr(self, field.name) == DERIVED:
                by_t4 = field.name in ("timer_i", "timer_k")
                object.__setattr__(self, field.name, self.t4 if by_t4 else 64 * self.t1)
