"""TCP and TLS connections on real sockets: reuse, limits, slow and silent peers, certificates."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from certificates import Authority
from sip_peer import OFFER, request_text

from chakka.callplane.transport import Peers, StreamLimits, Streams
from chakka.callplane.transport_identity import identities, is_identified
from chakka.config import TlsSettings
from chakka.sip.address import Flow

HERE = "127.0.0.1"
INVITE = request_text(body=OFFER)
BYE = request_text("BYE", number=2)


class Listener:
    """What a node would do with its streams: it keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, Flow]] = []
        self.failed: list[Flow] = []
        self.turns = 0

    def on_stream_message(self, message: bytes, source: Flow) -> None:
        self.messages.append((message, source))

    def on_stream_failed(self, destination: Flow) -> None:
        self.failed.append(destination)

    def on_stream_turn(self) -> None:
        self.turns += 1


class Node:
    def __init__(self, streams: Streams, listener: Listener, port: int) -> None:
        self.streams = streams
        self.listener = listener
        self.port = port


@asynccontextmanager
async def node(
    *,
    tls: TlsSettings | None = None,
    known: bool = True,
    names: Callable[[str], str | None] = lambda host: None,
    **limits: float,
) -> AsyncIterator[Node]:
    listener = Listener()
    peers = Peers(is_known=lambda host: known, tls_name=names)
    bounds = StreamLimits(sweep=0.05, **limits)  # type: ignore[arg-type]
    streams = Streams(listener, peers, tls or TlsSettings(), HERE, bounds)
    port = await streams.listen("tls" if tls else "tcp", HERE, 0)
    try:
        yield Node(streams, listener, port)
    finally:
        await streams.close()
        await asyncio.sleep(0)


async def until(condition: Callable[[], object], seconds: float = 3.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def is_closed(reader: asyncio.StreamReader, seconds: float = 3.0) -> bool:
    """Return whether the other side closes, all that it still says being read."""
    try:
        async with asyncio.timeout(seconds):
            while await reader.read(65_536):
                pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 20.0))  # type: ignore[arg-type]


# Messages and connections.


def test_messages_come_whole_and_answers_go_back_by_the_same_connection() -> None:
    async def scenario() -> None:
        async with node() as here:
            reader, writer = await asyncio.open_connection(HERE, here.port)
            for octet in INVITE:
                writer.write(bytes([octet]))
            writer.write(BYE)
            await until(lambda: len(here.listener.messages) == 2)
            (invite, source), (bye, _) = here.listener.messages
            assert (invite, bye) == (INVITE, BYE)
            assert source[:2] == writer.get_extra_info("sockname")[:2]
            here.streams.send(b"SIP/2.0 100 Trying", source._replace(otherwise=1))
            assert await reader.readexactly(18) == b"SIP/2.0 100 Trying"
            writer.close()

    run(scenario)


def test_a_keepalive_is_answered() -> None:
    async def scenario() -> None:
        async with node() as here:
            reader, writer = await asyncio.open_connection(HERE, here.port)
            writer.write(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"\r\n"
            writer.close()

    run(scenario)


def test_one_connection_is_opened_for_all_requests_to_one_address() -> None:
    async def scenario() -> None:
        async with node() as here, node() as there:
            to = Flow(HERE, there.port, "tcp")
            for message in (INVITE, BYE, INVITE):
                here.streams.send(message, to)
            await until(lambda: len(there.listener.messages) == 3)
            here.streams.send(BYE, to)
            await until(lambda: len(there.listener.messages) == 4)
            assert [message for message, _ in there.listener.messages] == [INVITE, BYE, INVITE, BYE]
            assert len({source for _, source in there.listener.messages}) == 1
            # And the other side answers by it.
            there.streams.send(b"SIP/2.0 200 OK\r\nl: 0\r\n\r\n", there.listener.messages[0][1])
            await until(lambda: here.listener.messages)
            assert here.listener.messages[0][1] == to

    run(scenario)


def test_a_response_whose_connection_is_gone_goes_to_the_port_of_its_via() -> None:
    async def scenario() -> None:
        async with node() as here, node() as there:
            gone = Flow(HERE, 1, "tcp", otherwise=there.port)
            here.streams.send(INVITE, gone)
            await until(lambda: there.listener.messages)

    run(scenario)


def test_a_stranger_is_never_called_back() -> None:
    async def scenario() -> None:
        async with node(known=False) as here, node() as there:
            here.streams.send(INVITE, Flow(HERE, 1, "tcp", otherwise=there.port))
            await asyncio.sleep(0.1)
            assert there.listener.messages == []
            assert here.listener.failed == []

    run(scenario)


def test_a_connection_that_is_refused_is_reported_once() -> None:
    async def scenario() -> None:
        async with node() as here:
            async with node() as there:
                nobody = Flow(HERE, there.port, "tcp")
            here.streams.send(INVITE, nobody)
            here.streams.send(BYE, nobody)
            await until(lambda: here.listener.failed)
            assert here.listener.failed == [nobody]

    run(scenario)


def test_a_connection_that_ends_is_reported_and_opened_anew_when_needed() -> None:
    async def scenario() -> None:
        async with node() as here, node() as there:
            to = Flow(HERE, there.port, "tcp")
            here.streams.send(INVITE, to)
            await until(lambda: there.listener.messages)
            for connection in list(there.streams._connections.values()):
                connection.drop("test")
            await until(lambda: here.listener.failed == [to])
            here.streams.send(BYE, to)
            await until(lambda: len(there.listener.messages) == 2)

    run(scenario)


# What nobody may do to us.


def test_a_stream_that_is_no_sip_is_closed_after_its_answer() -> None:
    async def scenario() -> None:
        async with node() as here:
            reader, writer = await asyncio.open_connection(HERE, here.port)
            writer.write(BYE.replace(b"Content-Length: 0", b"Content-Length: x"))
            assert await is_closed(reader)
            assert len(here.listener.messages) == 1
            assert here.streams.counts["unreadable stream"] == 1
            writer.close()

    run(scenario)


def test_a_message_that_does_not_end_is_not_waited_for() -> None:
    async def scenario() -> None:
        async with node(message=0.3) as here:
            reader, writer = await asyncio.open_connection(HERE, here.port)
            writer.write(BYE + INVITE[:50])
            dripping = asyncio.create_task(drip(writer))
            assert await is_closed(reader)
            dripping.cancel()
            assert len(here.listener.messages) == 1
            writer.close()

    async def drip(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.1)

    run(scenario)


@pytest.mark.parametrize(("known", "closed"), [(False, True), (True, False)])
def test_a_stranger_that_says_nothing_is_hung_up_and_a_peer_is_not(known: bool, closed: bool) -> None:
    async def scenario() -> None:
        async with node(known=known, message=0.3) as here:
            reader, writer = await asyncio.open_connection(HERE, here.port)
            writer.write(b"\r\n")
            assert await is_closed(reader, 0.6) == closed
            writer.close()

    run(scenario)


def test_an_idle_connection_is_closed() -> None:
    async def scenario() -> None:
        async with node(idle=0.3) as here:
            reader, writer = await asyncio.open_connection(HERE, here.port)
            assert await is_closed(reader)
            writer.close()

    run(scenario)


@pytest.mark.parametrize(
    ("known", "word"), [(True, "too many connections"), (False, "too many connections of strangers")]
)
def test_there_are_only_so_many_connections(known: bool, word: str) -> None:
    async def scenario() -> None:
        async with node(known=known, connections=3 if known else 10, of_strangers=3) as here:
            ends = [await asyncio.open_connection(HERE, here.port) for _ in range(4)]
            await until(lambda: here.streams.counts[word] == 1)
            assert await is_closed(ends[3][0])
            for _, writer in ends:
                writer.close()

    run(scenario)


def test_a_peer_that_does_not_read_is_dropped_before_it_costs_memory() -> None:
    async def scenario() -> None:
        async with node(unsent=100_000) as here:
            _, writer = await asyncio.open_connection(HERE, here.port)
            writer.transport.pause_reading()
            writer.write(INVITE)
            await until(lambda: here.listener.messages)
            source = here.listener.messages[0][1]
            for _ in range(2_000):
                here.streams.send(b"x" * 10_000, source)
                if here.listener.failed:
                    break
                await asyncio.sleep(0)
            assert here.listener.failed == [source]
            writer.close()

    run(scenario)


# TLS.


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("alternative", ["URI:sip:carrier.example", "DNS:carrier.example", ""])
def test_both_sides_of_tls_are_checked_by_their_names(authority: Authority, alternative: str) -> None:
    async def scenario() -> None:
        ours = authority.certified("chakka.example", "URI:sip:chakka.example")
        theirs = authority.certified("carrier.example", alternative)
        async with (
            node(tls=ours, names=lambda host: "carrier.example") as here,
            node(tls=theirs, names=lambda host: "chakka.example") as there,
        ):
            here.streams.send(INVITE, Flow(HERE, there.port, "tls"))
            await until(lambda: there.listener.messages)
            assert there.listener.messages[0][1].transport == "tls"
            there.streams.send(b"SIP/2.0 200 OK\r\nl: 0\r\n\r\n", there.listener.messages[0][1])
            await until(lambda: here.listener.messages)

    run(scenario)


@pytest.mark.parametrize("name", ["other.example", "sub.carrier.example"])
def test_a_server_that_proves_to_be_somebody_else_gets_nothing(authority: Authority, name: str) -> None:
    async def scenario() -> None:
        ours = authority.certified("a", "DNS:chakka.example")
        theirs = authority.certified("b", "DNS:carrier.example,DNS:*.carrier.example")
        async with node(tls=ours, names=lambda host: name) as here, node(tls=theirs) as there:
            to = Flow(HERE, there.port, "tls")
            here.streams.send(INVITE, to)
            await until(lambda: here.listener.failed)
            assert here.listener.failed == [to]
            assert here.streams.counts["certificate of another domain"] == 1
            await asyncio.sleep(0.05)
            assert there.listener.messages == []

    run(scenario)


def test_a_server_of_an_authority_that_we_do_not_trust_gets_nothing(
    authority: Authority, tmp_path: Path
) -> None:
    async def scenario() -> None:
        ours = authority.certified("c", "DNS:chakka.example")
        theirs = Authority(tmp_path).certified("d", "DNS:carrier.example")
        async with (
            node(tls=ours, names=lambda host: "carrier.example") as here,
            node(tls=theirs) as there,
        ):
            here.streams.send(INVITE, Flow(HERE, there.port, "tls"))
            await until(lambda: here.listener.failed)
            assert there.listener.messages == []

    run(scenario)


def test_a_peer_without_a_name_to_check_is_not_called_over_tls(authority: Authority) -> None:
    async def scenario() -> None:
        ours = authority.certified("e", "DNS:chakka.example")
        async with node(tls=ours) as here, node(tls=ours) as there:
            here.streams.send(INVITE, Flow(HERE, there.port, "tls"))
            await until(lambda: here.listener.failed)
            assert there.listener.messages == []

    run(scenario)


@pytest.mark.parametrize("shown", ["nothing", "another name", "its name"])
def test_a_trunk_must_show_its_certificate(authority: Authority, shown: str) -> None:
    async def scenario() -> None:
        ours = authority.certified("f", "DNS:chakka.example")
        context = ssl.create_default_context(cafile=authority.ca)
        context.check_hostname = False
        if shown != "nothing":
            name = "carrier.example" if shown == "its name" else "crook.example"
            files = authority.certified(name, f"URI:sip:{name}")
            context.load_cert_chain(files.certificate or "", files.key)
        async with node(tls=ours, names=lambda host: "carrier.example") as here:
            reader, writer = await asyncio.open_connection(HERE, here.port, ssl=context, server_hostname="x")
            writer.write(INVITE)
            if shown == "its name":
                await until(lambda: here.listener.messages)
            else:
                assert await is_closed(reader)
                assert here.listener.messages == []
                assert here.streams.counts["certificate of another domain"] == 1
            writer.close()

    run(scenario)


def test_tls_before_1_2_is_refused(authority: Authority) -> None:
    async def scenario() -> None:
        ours = authority.certified("g", "DNS:chakka.example")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        async with node(tls=ours) as here:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await asyncio.open_connection(HERE, here.port, ssl=context, server_hostname="x")

    with pytest.warns(DeprecationWarning):
        run(scenario)


def test_a_handshake_that_does_not_end_is_given_up(authority: Authority) -> None:
    async def scenario() -> None:
        ours = authority.certified("h", "DNS:chakka.example")
        async with node(tls=ours, opening=0.3) as here:
            reader, writer = await asyncio.open_connection(HERE, here.port)
            assert await is_closed(reader)
            writer.close()

    run(scenario)


def test_a_missing_certificate_is_found_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        run(partial(started_with, TlsSettings(ca=tmp_path / "none.pem")))


async def started_with(tls: TlsSettings) -> None:
    async with node(tls=tls):
        pass


@pytest.mark.parametrize(
    ("certificate", "found"),
    [
        ({"subjectAltName": (("URI", "sip:A.example"), ("DNS", "b.example"))}, ("a.example",)),
        ({"subjectAltName": (("URI", "sip:user@a.example"), ("DNS", "B.example"))}, ("b.example",)),
        ({"subjectAltName": (("URI", "https://a.example"), ("DNS", "b.example"))}, ("b.example",)),
        ({"subjectAltName": (("URI", "sips:a.example"), ("email", "b@c.example"))}, ()),
        ({"subjectAltName": (("URI", "sip:a b"),), "subject": ((("commonName", "c.example"),),)}, ()),
        ({"subject": ((("countryName", "JP"),), (("commonName", "C.example"),))}, ("c.example",)),
        ({}, ()),
    ],
)
def test_identities_of_a_certificate_are_those_of_rfc_5922(
    certificate: object, found: tuple[str, ...]
) -> None:
    assert identities(certificate) == found  # type: ignore[arg-type]


def test_a_wildcard_identifies_nobody_else() -> None:
    certificate = {"subjectAltName": (("DNS", "*.carrier.example"),)}
    assert not is_identified(certificate, "a.carrier.example")
    assert is_identified({"subjectAltName": (("DNS", "Carrier.example"),)}, "carrier.EXAMPLE")
