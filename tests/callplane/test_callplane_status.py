"""The status pages over real sockets: figures, health, ladders, and clients that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

import msgspec
import pytest
from exchange import Exchange
from routing_contracts import TOKYO, contract, to

from chakka import clock
from chakka.callplane.plane import CallPlane
from chakka.callplane.status_server import Page, StatusServer, plain
from chakka.callplane.watch import Watch
from chakka.config import Address
from chakka.errors import InputError
from chakka.localtime import usage_month
from chakka.media.client import MediaClient
from chakka.media.mailbox import Mailbox
from chakka.stores.group_commit import GroupCommit
from chakka.stores.journal import Journal
from chakka.stores.keys import KeyStore

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def fetch(where: Address | Path, request: bytes) -> tuple[int, str]:
    """Return status and body of what is answered; 0 when nothing is."""
    if isinstance(where, Path):
        reader, writer = await asyncio.open_unix_connection(where)
    else:
        reader, writer = await asyncio.open_connection(*where)
    writer.write(request)
    answer = b""
    with contextlib.suppress(ConnectionError):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head.split()[1]), body.decode()) if head else (0, "")


async def hello(path: str) -> Page | None:
    return plain(HTTPStatus.OK, "hello\n") if path == "/hello" else None


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def over_tcp(test: Callable[[Address], Awaitable[None]]) -> None:
    """Run a test against a server of one page."""

    async def run() -> None:
        where = ("127.0.0.1", free_port())
        server = StatusServer(hello)
        await server.listen(where)
        await test(where)
        await server.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (GET % b"/hello", 200),
        (GET % b"/other", 404),
        (GET % b"/../etc/passwd", 400),
        (GET % b"/hello?x=1", 400),
        (b"POST /hello HTTP/1.1\r\n\r\n", 405),
        (b"HEAD /hello HTTP/1.0\r\n\r\n", 405),
        (b"INVITE sip:0120123456@192.0.2.9 SIP/2.0\r\n\r\n", 400),
        (b"\x16\x03\x01\r\n\r\n", 400),
        (b"GET /hello HTTP/1.1\r\nX: " + b"x" * 10_000 + b"\r\n\r\n", 431),
    ],
)
def test_get_of_a_page_alone_is_answered(request_: bytes, status: int) -> None:
    async def test(where: Address) -> None:
        assert (await fetch(where, request_))[0] == status

    over_tcp(test)


def test_a_client_that_says_nothing_holds_no_more_than_its_place() -> None:
    async def test(where: Address) -> None:
        silent = [await asyncio.open_connection(*where) for _ in range(16)]
        assert await fetch(where, GET % b"/hello") == (0, "")
        silent[0][1].close()
        await asyncio.sleep(0.05)
        assert (await fetch(where, GET % b"/hello"))[0] == 200

    over_tcp(test)


def test_a_request_that_comes_in_pieces_is_answered() -> None:
    async def test(where: Address) -> None:
        reader, writer = await asyncio.open_connection(*where)
        for octet in GET % b"/hello":
            writer.write(bytes([octet]))
            await asyncio.sleep(0)
        assert (await reader.read()).endswith(b"hello\n")
        writer.close()

    over_tcp(test)


class Node:
    """A watch over a call plane on a simulated network, with a real journal, real sockets and a mailbox
    where the media process would be."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.exchange = Exchange(contract(to(TOKYO)))
        self.http = ("127.0.0.1", free_port())

    @property
    def plane(self) -> CallPlane:
        return self.exchange.plane.plane

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Watch]:
        changes = {"directory": self.directory, "http": self.http}
        self.config = msgspec.structs.replace(self.plane.config, **changes)  # type: ignore[arg-type]
        self.media_process = Mailbox(self.config.media_socket)
        self.media_process.open()
        KeyStore(self.config.keys).make(usage_month(clock.utc_ms()))
        journal = GroupCommit(Journal.open(self.config.journal, "node1"), asyncio.get_running_loop())
        journal.start()
        media = MediaClient(self.config.media_socket, self.directory / "own.sock", lambda event: None)
        media.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as self.sip:
            watch = Watch(self.config, self.plane, self.sip, journal, media)
            await watch.start()
            yield watch
            await watch.close()
        media.close()
        journal.close()
        self.media_process.close()


def on_node(directory: Path, test: Callable[[Node, Watch], Awaitable[None]]) -> None:
    """Run a test on a node that is up."""

    async def run() -> None:
        node = Node(directory)
        async with node.running() as watch:
            await test(node, watch)

    asyncio.run(run())


def test_a_node_that_is_well_says_so(tmp_path: Path) -> None:
    async def test(node: Node, _: Watch) -> None:
        assert await fetch(node.http, GET % b"/healthz") == (200, "ok\n")

    on_node(tmp_path, test)


def test_every_fault_is_a_line_of_503(tmp_path: Path) -> None:
    def unreadable(number: str) -> bytes:
        raise InputError(f"plan of {number}: the file is damaged")

    async def test(node: Node, _: Watch) -> None:
        node.media_process.close()
        node.sip.close()
        (node.config.keys / f"{usage_month(clock.utc_ms())}.key").unlink()
        sources = node.plane._sources
        node.plane._sources = type(sources)(
            table=sources.table, read_plan=unreadable, randomness=sources.randomness
        )
        status, body = await fetch(node.http, GET % b"/healthz")
        assert status == 503
        assert [line.partition(":")[0] for line in body.splitlines()] == ["sip", "media", "keys", "plans"]

    on_node(tmp_path, test)


def test_figures_are_shown_and_computed_once_a_second(tmp_path: Path) -> None:
    async def test(node: Node, _: Watch) -> None:
        node.exchange.dial()
        node.exchange.run(3.0)
        status, body = await fetch(node.http, GET % b"/metrics")
        assert status == 200
        assert 'chakka_calls{state="up"} 1\n' in body
        assert "chakka_journal_has_room 1\n" in body
        node.exchange.dial()
        assert (await fetch(node.http, GET % b"/metrics"))[1] == body

    on_node(tmp_path, test)


def test_ladders_are_for_this_user_alone(tmp_path: Path) -> None:
    async def test(node: Node, _: Watch) -> None:
        node.exchange.dial()
        call_id = node.exchange.plane.shown[0]["call_id"]
        page = GET % f"/ladders/{call_id}".encode()
        local = node.config.status_socket
        status, body = await fetch(local, page)
        assert status == 200
        assert json.loads(body)["messages"][0]["start"].startswith("INVITE")
        assert local.stat().st_mode & 0o777 == 0o600
        assert (await fetch(node.http, page))[0] == 404
        assert (await fetch(local, GET % b"/ladders/NOSUCHCALL"))[0] == 404
        assert (await fetch(local, GET % b"/healthz"))[0] == 200

    on_node(tmp_path, test)


def test_events_are_written_as_lines_at_the_latest_when_the_node_stops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def test(node: Node, watch: Watch) -> None:
        watch.show({"kind": "ringing", "call_id": "C", "destination": "0352001234\r\nforged"})

    on_node(tmp_path, test)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["destination"] == "0352001234\\r\\nforged"


def test_an_address_that_is_taken_does_not_stop_calls(tmp_path: Path) -> None:
    async def run() -> None:
        node = Node(tmp_path)
        with socket.create_server(node.http):
            async with node.running():
                assert (await fetch(node.config.status_socket, GET % b"/healthz"))[0] == 200

    asyncio.run(run())


def test_what_waits_for_the_disk_is_seen_as_lag(tmp_path: Path) -> None:
    async def run() -> None:
        journal = GroupCommit(Journal.open(tmp_path, "node1"), asyncio.get_running_loop())
        began = clock.monotonic_s()
        assert journal.lag_s(began) == 0
        journal.append(b"entry")
        assert journal.waiting == 1
        assert journal.lag_s(began + 10.0) == pytest.approx(10.0, abs=0.5)
        journal.start()
        journal.close()
        assert (journal.waiting, journal.lag_s(began + 10.0)) == (0, 0)
        assert journal.last_sync_s > 0

    asyncio.run(run())
