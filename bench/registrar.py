"""Registrations per second on one core: parse, authenticate, change, answer; and what keeping them costs.

Each registration is what a telephone sends every hour: a REGISTER with credentials for a known nonce. The
ceiling beside it is the same datagrams only parsed.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

from chakka.callplane import bindings
from chakka.callplane.credentials import Authentication
from chakka.callplane.instant import Instant
from chakka.callplane.registrar import Registrar
from chakka.config import Config, LineAddress
from chakka.sip import digest, digest_client
from chakka.sip.digest import Algorithm, Credentials, Use
from chakka.sip.message import Request, parse, respond
from chakka.stores.live_store import KeepRegistration, LiveStore

LINES = 1_000
ROUNDS = 5
_branches = count()


def number(place: int) -> str:
    return f"03520{place:05}"


def register(place: int, cseq: int, authorization: str = "") -> bytes:
    credentials = f"Authorization: {authorization}\r\n" if authorization else ""
    return (
        "REGISTER sip:192.0.2.9 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.31:5060;branch=z9hG4bK{next(_branches)};rport\r\n"
        f"From: <sip:{number(place)}@192.0.2.9>;tag=1\r\nTo: <sip:{number(place)}@192.0.2.9>\r\n"
        f"Call-ID: call{place}\r\nCSeq: {cseq} REGISTER\r\nMax-Forwards: 70\r\n"
        f"Contact: <sip:{number(place)}@192.0.2.31:5060>\r\nExpires: 3600\r\n"
        f"{credentials}Content-Length: 0\r\n\r\n"
    ).encode()


def signed(registrar: Registrar, algorithm: Algorithm, cseq: int, now: Instant) -> list[bytes]:
    """Return a REGISTER of every line that answers its challenge."""
    packets = []
    for place in range(LINES):
        request = parse(register(place, cseq))
        assert isinstance(request, Request)
        reply, _ = registrar.register(request, ("192.0.2.31", 5060), now)
        asked = [one for _, line in reply.headers if (one := digest.parse_challenge(line))]
        chosen = [one for one in asked if one.algorithm is algorithm]
        who = Credentials(username=f"user{place}", realm="chakka", password="himitsu")
        line = digest_client.answer(chosen, who, "REGISTER", request.uri, Use(count=1, cnonce="c"))
        packets.append(register(place, cseq, line or ""))
    return packets


def take(registrar: Registrar, packets: list[bytes], now: Instant, expected: int = 200) -> None:
    for packet in packets:
        request = parse(packet)
        assert isinstance(request, Request)
        reply, _ = registrar.register(request, ("192.0.2.31", 5060), now)
        respond(request, reply.status, to_tag="1", headers=reply.headers).to_bytes()
        assert reply.status == expected


def per_second(act: Callable[[], object]) -> float:
    started = time.process_time()
    act()
    return LINES / (time.process_time() - started)


def new_registrar() -> Registrar:
    lines = {
        number(place): LineAddress(
            number=number(place), register=True, user=f"user{place}", password="himitsu"
        )
        for place in range(LINES)
    }
    config = Config(lines=lines)
    return Registrar(config, Authentication(config, b"0123456789abcdef"))


def kept_per_second(registrar: Registrar, now: Instant, batch: int) -> float:
    changes = [
        KeepRegistration(number=number(place), octets=bindings.encode(registrar.bindings(number(place), now)))
        for place in range(LINES)
    ]
    with tempfile.TemporaryDirectory() as directory, LiveStore.open(Path(directory)) as store:
        started = time.monotonic()
        for start in range(0, LINES, batch):
            store.apply(changes[start : start + batch])
        return LINES / (time.monotonic() - started)


def registered_per_second(algorithm: Algorithm, now: Instant) -> float:
    registrar = new_registrar()
    figures = []
    for turn in range(ROUNDS):
        packets = signed(registrar, algorithm, 2 + turn, now)
        figures.append(per_second(partial(take, registrar, packets, now)))
    return statistics.median(figures)


def main() -> None:
    now = Instant(1000.0, 1_800_000_000_000)
    registrar = new_registrar()
    unsigned = [register(place, 1) for place in range(LINES)]
    parsed = statistics.median(
        per_second(lambda: [parse(packet) for packet in unsigned]) for _ in range(ROUNDS)
    )
    print(f"parsed only               {parsed:9,.0f} per second of one core")
    asked = statistics.median(per_second(lambda: take(registrar, unsigned, now, 401)) for _ in range(ROUNDS))
    print(f"challenged                {asked:9,.0f}   {parsed / asked:4.1f} times the parse")
    for algorithm in Algorithm:
        taken = registered_per_second(algorithm, now)
        print(f"registered with {algorithm:9} {taken:9,.0f}   {parsed / taken:4.1f} times the parse")
    filled = new_registrar()
    take(filled, signed(filled, Algorithm.SHA_256, 2, now), now)
    for batch in (1, 64):
        print(f"kept, {batch:2} a transaction     {kept_per_second(filled, now, batch):9,.0f}   on this disk")


if __name__ == "__main__":
    main()
