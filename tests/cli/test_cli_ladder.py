"""`chakka ladder` and `chakka health`, asked of a status socket."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest

from chakka.callplane.status_server import Page, StatusServer, plain
from chakka.cli.ladder import as_lines
from chakka.cli.main import main
from chakka.records.entries import encode
from chakka.records.model import Boot
from chakka.stores.journal import Journal
from chakka.stores.ledger import Ledger

CALL = "01M7Q6BARJB7KHM7FBJ1CSQ77V"


def message(ms: int, leg: int, sent: bool, start: str, cseq: str, **more: object) -> dict[str, object]:
    peer = {0: "192.0.2.1:5060", 1: "192.0.2.21:5060", 2: "192.0.2.22:5061"}[leg]
    given = {"ms": ms, "leg": leg, "sent": sent, "peer": peer, "transport": "udp", "start": start}
    return {**given, "cseq": cseq, "body": False, **more}


LADDER = {
    "call_id": CALL,
    "called_number": "0120123456",
    "calling_number": "0422****34",
    "began_at": "2026-11-24T10:00:00.000+09:00",
    "legs": ["caller", "0352001234", "0662001234"],
    "messages": [
        message(0, 0, False, "INVITE sip:0120123456@192.0.2.9 SIP/2.0", "1 INVITE", body=True),
        message(0, 0, True, "SIP/2.0 100 Trying", "1 INVITE"),
        message(1, 1, True, "INVITE sip:0352001234@192.0.2.21 SIP/2.0", "1 INVITE", body=True),
        message(20, 1, False, "SIP/2.0 486 Busy Here", "1 INVITE"),
        message(21, 2, True, "INVITE sip:0662001234@192.0.2.22 SIP/2.0", "1 INVITE", transport="tls"),
        message(12345, 2, False, "SIP/2.0 200 OK", "1 INVITE", body=True, transport="tls"),
    ],
    "left_out": 2,
}
TEXT = """\
call 01M7Q6BARJB7KHM7FBJ1CSQ77V  0422****34 → 0120123456  2026-11-24T10:00:00.000+09:00
        ms    caller                        chakka                        0352001234                    0662001234
              192.0.2.1:5060 udp                                          192.0.2.21:5060 udp           192.0.2.22:5061 tls
         0    |------ INVITE + body ------->|                             |                             |
         0    |<--- 100 Trying (INVITE) ----|                             |                             |
         1    |                             |------ INVITE + body ------->|                             |
        20    |                             |<-- 486 Busy Here (INVITE) --|                             |
        21    |                             |------------------------- INVITE ------------------------->|
     12345    |                             |<----------------- 200 OK (INVITE) + body -----------------|
and 2 more messages
"""  # noqa: E501 - a ladder is as wide as it is


@contextmanager
def call_plane(directory: Path, pages: dict[str, Page]) -> Iterator[None]:
    """A status socket that serves pages from another thread, as another process would."""
    loop = asyncio.new_event_loop()
    server = StatusServer(lambda path: _page(pages, path))
    loop.run_until_complete(server.listen(directory / "status.sock"))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _page(pages: dict[str, Page], path: str) -> Page | None:
    return pages.get(path)


def ladder_page() -> dict[str, Page]:
    return {f"/ladders/{CALL}": Page(HTTPStatus.OK, "application/json", json.dumps(LADDER).encode())}


def test_a_ladder_is_drawn_with_a_lifeline_for_each_party() -> None:
    drawn = list(as_lines(json.dumps(LADDER).encode()))
    assert "\n".join(drawn) == TEXT.rstrip("\n")


def test_the_ladder_of_a_call_is_fetched_from_the_running_call_plane(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with call_plane(tmp_path, ladder_page()):
        assert main(["ladder", CALL, "--data", str(tmp_path)]) == 0
        assert capsys.readouterr().out == TEXT
        assert main(["ladder", CALL, "--data", str(tmp_path), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == LADDER


def test_a_call_that_is_not_kept_is_said_to_be_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with call_plane(tmp_path, {}):
        assert main(["ladder", CALL, "--data", str(tmp_path)]) == 1
    assert CALL in capsys.readouterr().err


@pytest.mark.parametrize("call", ["", "../healthz", "01m7q6barjb7khm7fbj1csq77v", "X" * 27, "é" * 26])
def test_what_is_no_call_id_is_refused(call: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder", call, "--data", str(tmp_path)]) == 2
    assert "is no call id" in capsys.readouterr().err


def test_without_a_call_plane_the_command_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder", CALL, "--data", str(tmp_path)]) == 2
    assert "is chakka running?" in capsys.readouterr().err


def well() -> dict[str, Page]:
    return {"/healthz": plain(HTTPStatus.OK, "ok\n")}


def written(directory: Path, at_ms: int) -> None:
    """A journal of one entry, and a ledger that has nothing of it."""
    journal = Journal.open(directory / "journal", "node1")
    journal.append(encode(Boot(at_ms=at_ms, monotonic_ms=0, version="0")))
    journal.commit()
    journal.close()
    Ledger.open(directory / "ledger.sqlite").close()


def test_a_ledger_that_is_far_behind_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, at_ms=0)
    with call_plane(tmp_path, well()):
        assert main(["health", "--data", str(tmp_path), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ingest"] == {"entries": 1, "oldest_ms": 0}
    assert "1 journal entries are not in the ledger" in said["faults"][0]


def test_a_node_that_is_well_is_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Journal.open(tmp_path / "journal", "node1").close()
    Ledger.open(tmp_path / "ledger.sqlite").close()
    with call_plane(tmp_path, well()):
        assert main(["health", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "ok\n"


def test_every_fault_of_the_node_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sick = {"/healthz": plain(HTTPStatus.SERVICE_UNAVAILABLE, "media: away\nplans: damaged\n")}
    with call_plane(tmp_path, sick):
        assert main(["health", "--data", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["media: away", "plans: damaged"]
    assert lines[2].startswith("ingest: no ledger")
