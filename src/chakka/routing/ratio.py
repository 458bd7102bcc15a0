"""Ratio distribution: an exact draw, not a random one (service.md R4.1)."""

from functools import lru_cache
from math import gcd

# Enough for every ratio that a node's busy contracts use; a table is at most 288 bytes.
REMEMBERED_TABLES = 4096


@lru_cache(maxsize=REMEMBERED_TABLES)
def draw_table(weights: tuple[int, ...]) -> bytes:
    """Return one period of the draw: the member's place for each running number of the sequence.

    weights: integers ≥ 0, at least one above 0; the period is their sum over their common divisor.
    Result:  at every prefix every member's count is less than 1 away from its share.
    Source:  the quota method of apportionment (Balinski and Young 1975; Still 1979; Tijdeman's chairman
             assignment 1980): seats go by earliest deadline to those whose upper quota allows one more.
    """
    divisor = gcd(*weights)
    shares = [weight // divisor for weight in weights]
    period = sum(shares)
    counts = [0] * len(shares)
    table = bytearray()
    for drawn in range(1, period + 1):
        member = _next_member(shares, counts, drawn, period)
        counts[member] += 1
        table.append(member)
    return bytes(table)


def _next_member(shares: list[int], counts: list[int], drawn: int, period: int) -> int:
    """Return the member due at this draw: the earliest deadline among those still under their upper quota.

    Under its upper quota: count < drawn·share/period, so that one more stays less than 1 above the share.
    Deadline: the last draw at which the next one may come without falling 1 below, ⌈(count+1)·period/share⌉.
    Of equal deadlines the member furthest behind its share comes first: the calls spread more evenly.
    """
    behind = [drawn * share - count * period for share, count in zip(shares, counts, strict=True)]
    return min(
        (member for member in range(len(shares)) if behind[member] > 0),
        key=lambda member: (-(-(counts[member] + 1) * period // shares[member]), -behind[member]),
    )
