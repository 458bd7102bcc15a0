"""A very small HTTP server for what the call plane shows: GET, one answer, connection closed.

It shares the loop with SIP, so what a client can make it do is bounded: connections, octets and time.
"""

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from chakka.config import Address

log = logging.getLogger("chakka.callplane")

_MOST_CONNECTIONS = 16
_LONGEST_REQUEST = 4_096
_PATIENCE_S = 5.0
# RFC 9112 §3; a path of ours has no query and nothing encoded.
_REQUEST_LINE = re.compile(rb"([!-~]{1,20}) (/[0-9A-Za-z/_-]{0,100}) HTTP/1\.[01]\r\n")


class Page(NamedTuple):
    """What is answered."""

    status: HTTPStatus
    content_type: str
    body: bytes


# The page of a path, None when there is none.
Pages = Callable[[str], Awaitable[Page | None]]


def plain(status: HTTPStatus, text: str) -> Page:
    """Return a page of text."""
    return Page(status, "text/plain; charset=utf-8", text.encode())


class StatusServer:
    """Answers over TCP or a Unix socket. `close` ends it."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._open: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}
        self._server: asyncio.Server | None = None

    async def listen(self, where: Address | Path) -> None:
        """Begin to answer. Raises: OSError if the address cannot be had."""
        if isinstance(where, Path):
            self._server = await asyncio.start_unix_server(self._serve, where, limit=_LONGEST_REQUEST)
            # Ladders are for this user alone.
            os.chmod(where, 0o600)
        else:
            self._server = await asyncio.start_server(self._serve, *where, limit=_LONGEST_REQUEST)

    async def close(self) -> None:
        """Take no more connections and end those that are open."""
        if self._server is not None:
            self._server.close()
        for writer in self._open.values():
            writer.transport.abort()
        await asyncio.gather(*(task for task in self._open if task is not None))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[asyncio.current_task()] = writer
        try:
            if len(self._open) <= _MOST_CONNECTIONS:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._answer(reader, writer)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            # Whoever does not ask or listen in time gets nothing.
            pass
        finally:
            del self._open[asyncio.current_task()]
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            page = await self._page(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.LimitOverrunError:
            page = plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too long\n")
        lines = (
            f"HTTP/1.1 {page.status} {page.status.phrase}",
            f"Content-Type: {page.content_type}",
            f"Content-Length: {len(page.body)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            *(("Allow: GET",) if page.status == HTTPStatus.METHOD_NOT_ALLOWED else ()),
            "Connection: close",
            "",
            "",
        )
        writer.write("\r\n".join(lines).encode() + page.body)
        writer.close()
        await writer.wait_closed()

    async def _page(self, head: bytes) -> Page:
        asked = _REQUEST_LINE.match(head)
        if asked is None:
            return plain(HTTPStatus.BAD_REQUEST, "no request for a page of ours\n")
        method, path = asked.groups()
        if method != b"GET":
            return plain(HTTPStatus.METHOD_NOT_ALLOWED, "GET alone is answered\n")
        return await self._pages(path.decode()) or plain(HTTPStatus.NOT_FOUND, "no such page\n")
