"""What reading and building SIP messages costs, in µs of CPU time, and how it grows with the length.

Each message has values of its own (tags, branch, Call-ID), as new calls have; nothing is remembered from
round to round but what real traffic repeats.
"""

import gc
import statistics
import time
from collections.abc import Callable

from chakka.sip.message import Malformed, Request, parse, respond
from chakka.sip.sdp import answer, narrowband

ROUNDS = 7
MESSAGES = 2_000

SDP = """v=0\r
o=caller 29739 7272939 IN IP4 192.0.2.20\r
s=-\r
c=IN IP4 192.0.2.20\r
t=0 0\r
m=audio {port} RTP/AVP 0 8 101\r
a=rtpmap:0 PCMU/8000\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:101 telephone-event/8000\r
a=fmtp:101 0-15\r
a=ptime:20\r
a=sendrecv\r
"""

INVITE = """INVITE sip:0120{n:06}@192.0.2.10:5060 SIP/2.0\r
Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-{n};rport\r
Max-Forwards: 70\r
From: "0312345678" <sip:0312345678@192.0.2.20;user=phone>;tag=f{n}\r
To: <sip:0120{n:06}@192.0.2.10>\r
Call-ID: {n}-29739@192.0.2.20\r
CSeq: 1 INVITE\r
Contact: <sip:0312345678@192.0.2.20:5060>\r
P-Asserted-Identity: <sip:+81312345678@192.0.2.20>\r
Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE\r
Supported: 100rel, timer\r
Session-Expires: 300;refresher=uac\r
Content-Type: application/sdp\r
Content-Length: {length}\r
\r
{sdp}"""

OK = """SIP/2.0 200 OK\r
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-{n}\r
From: <sip:0312345678@192.0.2.10>;tag=f{n}\r
To: <sip:0398765432@192.0.2.30>;tag=t{n}\r
Call-ID: {n}-b@192.0.2.10\r
CSeq: 1 INVITE\r
Contact: <sip:0398765432@192.0.2.30:5060>\r
Allow: INVITE, ACK, BYE, CANCEL, OPTIONS\r
Supported: timer\r
Content-Type: application/sdp\r
Content-Length: {length}\r
\r
{sdp}"""


def messages(template: str) -> list[bytes]:
    bodies = [SDP.format(port=10_000 + n % 20_000 * 2) for n in range(MESSAGES)]
    return [template.format(n=n, length=len(body), sdp=body).encode("ascii") for n, body in enumerate(bodies)]


def median_us(work: Callable[[], object], count: int) -> float:
    def once() -> float:
        gc.collect()
        started = time.process_time()
        work()
        return (time.process_time() - started) / count * 1e6

    return statistics.median(once() for _ in range(ROUNDS))


def hostile(length: int) -> list[bytes]:
    head = b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
    fillings = (b",", b";", b'"', b'\\"', b"<", b" ", b"\r\n ")
    return [head + b"Contact: " + filling * (length // len(filling)) + b"\r\n\r\n" for filling in fillings]


def refuse(octets: bytes) -> None:
    try:
        parse(octets)
    except Malformed:
        return
    raise AssertionError(octets[:200])


def refuse_all(length: int) -> None:
    for octets in hostile(length):
        refuse(octets)


def main() -> None:
    invites, oks = messages(INVITE), messages(OK)
    requests = [message for octets in invites if isinstance(message := parse(octets), Request)]
    offers = [request.body for request in requests]
    rows: tuple[tuple[str, Callable[[], object]], ...] = (
        ("parse INVITE with SDP", lambda: [parse(octets) for octets in invites]),
        ("parse 200 with SDP", lambda: [parse(octets) for octets in oks]),
        ("build INVITE", lambda: [request.to_bytes() for request in requests]),
        ("respond 180 and build", lambda: [respond(r, 180, to_tag="t").to_bytes() for r in requests]),
        ("strip an offer to G.711", lambda: [narrowband(offer) for offer in offers]),
        ("answer an offer", lambda: [answer(offer, "192.0.2.10", 4000) for offer in offers]),
    )
    for name, work in rows:
        print(f"{name:28}{median_us(work, MESSAGES):8.1f} µs")
    short, long = median_us(lambda: refuse_all(8_000), 1), median_us(lambda: refuse_all(64_000), 1)
    print(f"{'hostile, 64 kB / 8 kB':28}{long / short:8.1f} times (8 is linear)")


if __name__ == "__main__":
    main()
