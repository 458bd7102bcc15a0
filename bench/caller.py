"""Median time of the caller facts of one INVITE. Run: .venv/bin/python bench/caller.py"""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from chakka.caller.facts import facts
from chakka.caller.profile import TrunkProfile
from chakka.facts import numbering_table
from chakka.sip.message import Request, parse

CORPUS = Path(__file__).resolve().parents[1] / "tests" / "caller" / "corpus"
ROUNDS = 100
CARRIER = TrunkProfile(name="carrier", trusted=True)
STRANGER = TrunkProfile(name="stranger")
GOAL_US = 40

Item = TypeVar("Item")


def median_us(function: Callable[[Item], object], items: Sequence[Item]) -> float:
    """Return the median over rounds of the time of one call, in microseconds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter_ns()
        for item in items:
            function(item)
        times.append((time.perf_counter_ns() - started) / len(items) / 1000)
    return statistics.median(times)


def invites() -> list[bytes]:
    """Return the INVITEs of the corpus."""
    texts = [path.read_text().partition("\n\n")[2] for path in sorted(CORPUS.glob("*.invite"))]
    return [text.replace("\n", "\r\n").encode() for text in texts]


def callers(count: int) -> list[bytes]:
    """Return INVITEs of as many callers, so that no remembered header helps."""
    return [_every_fact(place) for place in range(count)]


def _every_fact(place: int) -> bytes:
    number = f"+8190{place:08}"
    lines = [
        "INVITE sip:0120123456@192.0.2.10 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{place}",
        f"From: <sip:{number}@carrier.example>;tag={place}",
        "To: <sip:0120123456@192.0.2.10>",
        f"Call-ID: {place}",
        "CSeq: 1 INVITE",
        "Privacy: none",
        f"P-Asserted-Identity: <sip:{number};cpc=ordinary@carrier.example;user=phone>, <tel:{number}>",
        f'P-Charging-Vector: icid-value={place};ttc-charging-params="cai=66000;apc=mobile1:1;carrier=2001"',
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def main() -> None:
    """Print the medians."""
    table = numbering_table()
    for name, profile, octets in (
        ("corpus, trusted trunk", CARRIER, invites()),
        ("corpus, untrusted trunk", STRANGER, invites()),
        ("every fact, 1,000 callers", CARRIER, callers(1_000)),
    ):
        requests = [request for request in map(parse, octets) if isinstance(request, Request)]
        reading = median_us(parse, octets)
        found = median_us(lambda request, profile=profile: facts(request, profile, table, 0), requests)
        print(
            f"{name:<28} facts {found:6.1f} µs   (goal {GOAL_US}), on top of {reading:6.1f} µs for the parse"
        )


if __name__ == "__main__":
    main()
