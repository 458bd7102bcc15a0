"""The demo's telephone, when the other side vanishes."""

import asyncio
import socket
from pathlib import Path

from chakka.cli.demo_telephone import Telephone
from chakka.media.control import Close, Open, read_command
from chakka.sip import events
from chakka.sip.sdp import offer


def invite(port: int) -> bytes:
    body = offer("127.0.0.1", 4000)
    head = (
        "INVITE sip:line@127.0.0.1 SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK1",
        "Max-Forwards: 70",
        "From: <sip:a@127.0.0.1>;tag=1",
        "To: <sip:line@127.0.0.1>",
        "Call-ID: c",
        "CSeq: 1 INVITE",
        f"Contact: <sip:a@127.0.0.1:{port}>",
        "Content-Type: application/sdp",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode() + body


def test_a_call_whose_other_side_has_vanished_gives_its_stream_back(tmp_path: Path) -> None:
    async def run() -> list[object]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as media:
            media.bind(str(tmp_path / "media"))
            media.settimeout(5)
            telephone = Telephone(("127.0.0.1", 0), tmp_path / "media", tmp_path / "own")
            telephone._media.start()
            media.recv(65_535)
            telephone._agent.receive(invite(5061), ("127.0.0.1", 5061), 0.0)
            (asked,) = telephone._agent.take_events()
            assert isinstance(asked, events.IncomingInvite)
            telephone._on_event(asked)
            (talk,) = telephone._talks.values()
            telephone._pick_up(talk.identity)
            telephone._on_event(events.SessionExpired(asked.call))
            told = [read_command(media.recv(65_535)) for _ in range(2)]
            assert not telephone._talks
            telephone._media.close()
            telephone._socket.close()
            return told

    assert [type(command) for command in asyncio.run(run())] == [Open, Close]
