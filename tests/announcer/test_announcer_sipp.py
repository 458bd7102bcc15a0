"""SIPp asks the announcer, as a proxy would; what its caller hears is counted on the wire."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from peer_ear import Ear, from_ulaw, talkspurts

from chakka.media.library import PromptLibrary
from chakka.media.speech import is_current, read_texts, render, source_of, speaker, write_library

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("sipp") is None, reason="not installed: sipp"),
]

SERVER, CALLER = "127.80.0.1", "127.80.0.2"
REPOSITORY = Path(__file__).resolve().parents[2]

HEAD = """Via: SIP/2.0/UDP [local_ip]:[local_port];branch=z9hG4bK[pid]-[call_number]-{branch}
From: <sip:proxy@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:annc@[remote_ip]:[remote_port]>{to_tag}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:proxy@[local_ip]:[local_port]>
Max-Forwards: 70"""
BODY = """v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 {host}
t=0 0
m=audio {port} RTP/AVP 0 101
a=rtpmap:101 telephone-event/8000"""


def send(
    method: str, uri: str, cseq: str, *, to_tag: str = "[peer_tag_param]", more: str = "", body: str = ""
) -> str:
    """Return the step that sends a request.

    cseq: its number; a word behind it makes another branch, as the ACK of a 200 has (RFC 3261 §13.2.2.4).
    """
    head = HEAD.format(branch=cseq.replace(" ", ""), to_tag=to_tag, cseq=cseq.split()[0], method=method)
    kind = "Content-Type: application/sdp\n" if body else ""
    text = f"{method} {uri} SIP/2.0\n{head}\n{more}{kind}Content-Length: [len]\n\n{body}"
    return f"<send><![CDATA[\n{text}\n]]></send>"


def invite(parameters: str, port: int, more: str = "", host: str = "[local_ip]") -> str:
    uri = f"sip:annc@[remote_ip]:[remote_port];{parameters}"
    return send("INVITE", uri, "1", to_tag="", more=more, body=BODY.format(port=port, host=host))


def hear(status: int, action: str = "", *, optional: bool = False) -> str:
    wish = 'optional="true"' if optional else ""
    return f'<recv response="{status}" rrs="true" {wish}>{action}</recv>'


ANSWER_BYE = """<recv request="BYE"/><send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>"""


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ready = REPOSITORY / "var" / "prompts"
    if is_current(ready, source_of()):
        return ready
    directory = tmp_path_factory.mktemp("prompts")
    write_library(directory, render(read_texts(), speaker()), source_of())
    return directory


@pytest.fixture
def server(tmp_path: Path, clips: Path) -> Iterator[int]:
    """Return the UDP port of an announcer with its media process; the caller's host is a peer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((SERVER, 0))
        port = int(probe.getsockname()[1])
    media = (
        "--socket",
        "media.sock",
        "--prompts",
        str(clips),
        "--rtp-host",
        SERVER,
        "--rtp-ports",
        "30000-30099",
    )
    annc = ("--listen", f"{SERVER}:{port}", "--media", "media.sock", "--own", "own.sock", "--peer", CALLER)
    children = []
    for module, arguments in (("chakka.media", media), ("chakka.announcer", annc)):
        children.append(subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=tmp_path))
        awaited = tmp_path / ("media.sock" if module == "chakka.media" else "own.sock")
        for _ in range(500):
            if awaited.exists():
                break
            time.sleep(0.01)
    yield port
    for child in reversed(children):
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 0


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear(CALLER)
    yield ear
    ear.close()


def call(directory: Path, port: int, *steps: str, host: str = CALLER) -> str:
    """Run a scenario; return what went over the wire."""
    body = "\n".join(steps)
    (directory / "steps.xml").write_text(
        f'<?xml version="1.0"?>\n<scenario name="proxy">\n{body}\n</scenario>\n'
    )
    command = (
        *("sipp", f"{SERVER}:{port}", "-sf", "steps.xml", "-i", host, "-m", "1", "-nostdin"),
        *("-trace_msg", "-message_file", "messages", "-timeout", "40s", "-timeout_error", "-skip_rlimit"),
    )
    done = subprocess.run(command, cwd=directory, capture_output=True, timeout=60, check=False)
    messages = (directory / "messages").read_text(errors="replace")
    assert done.returncode == 0, messages
    return messages


def duration_ms(clips: Path, *names: str) -> int:
    sounds = PromptLibrary.load(clips).clips
    return sum(len(sounds[name]) for name in names) // 8


def packets(milliseconds: int) -> int:
    return -(-milliseconds // 20)


def test_the_plain_form_is_answered_played_once_and_hung_up(
    tmp_path: Path, server: int, ear: Ear, clips: Path
) -> None:
    acknowledged = send("ACK", "[next_url]", "1 ack")
    call(
        tmp_path,
        server,
        invite("play=blocked", ear.port),
        hear(100, optional=True),
        hear(200),
        acknowledged,
        ANSWER_BYE,
    )
    assert len(ear.packets) == packets(400 + duration_ms(clips, "blocked"))
    assert len({packet.ssrc for packet in ear.packets}) == 1
    assert {(b.sequence - a.sequence) % 65_536 for a, b in pairwise(ear.packets)} == {1}


def test_r5_3_early_media_with_prack_then_status_and_reason(
    tmp_path: Path, server: int, ear: Ear, clips: Path
) -> None:
    find = '<ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" check_it="true" assign_to="rseq"/>'
    asked = "play=off_hours;param1=0120123456;repeat=2;delay=1000;early=480;cause=31"
    messages = call(
        tmp_path,
        server,
        invite(asked, ear.port, "Supported: 100rel\n"),
        hear(100, optional=True),
        hear(183, f"<action>{find}</action>"),
        send("PRACK", "[next_url]", "2", more="RAck: [$rseq] 1 INVITE\n"),
        hear(200),
        hear(480),
        send("ACK", "sip:annc@[remote_ip]:[remote_port]", "1"),
    )
    assert "Reason: Q.850;cause=31" in messages
    spurts = talkspurts(from_ulaw(b"".join(packet.sound for packet in ear.packets)), 0.8)
    assert len(spurts) == 2
    assert spurts[1][0] - spurts[0][1] == pytest.approx(1.0, abs=0.2)


def test_a_stranger_gets_neither_the_early_form_nor_sound_for_somebody_else(
    tmp_path: Path, server: int, ear: Ear
) -> None:
    refused = send("ACK", "sip:annc@[remote_ip]:[remote_port]", "1")
    for place, (asked, status, host) in enumerate(
        [("play=blocked;early=480", 403, "[local_ip]"), ("play=blocked", 488, CALLER)]
    ):
        directory = tmp_path / str(place)
        directory.mkdir()
        call(directory, server, invite(asked, ear.port, host=host), hear(status), refused, host="127.80.0.9")
    assert ear.packets == []
