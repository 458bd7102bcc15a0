"""The demo's telephone: rings for a second, answers, speaks, and hangs up when it has said its text.

A SIP user agent on an address of its own, so that the demo's calls cross the network as real ones do.
"""

import argparse
import asyncio
import secrets
import signal
import socket
import sys
from functools import partial
from pathlib import Path

from chakka import clock
from chakka.config import Address
from chakka.media import control, prompts
from chakka.media.client import MediaClient
from chakka.sip import events
from chakka.sip.agent import UserAgent
from chakka.sip.call import Call
from chakka.sip.call_incoming import IncomingCall
from chakka.sip.grammar import Malformed
from chakka.sip.message import respond
from chakka.sip.sdp import RemoteAudio, answer, remote_media
from chakka.sip.timers import Timers

_RING_S = 1.0


class Talk:
    """One call to the telephone: who listens, once that is known."""

    def __init__(self, identity: str, call: IncomingCall, offer: bytes, listener: RemoteAudio) -> None:
        self.identity = identity
        self.call = call
        self.offer = offer
        self.listener = listener


class Telephone:
    """Answers every call with its text."""

    def __init__(self, listen: Address, media: Path, own: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(listen)
        address = f"{listen[0]}:{listen[1]}"
        self._agent = UserAgent(
            contact=f"sip:{address}",
            via_host=address,
            timers=Timers(),
            token=partial(secrets.token_hex, 8),
            product="chakka-demo-telephone",
        )
        self._media = MediaClient(media, own, self._on_media)
        self._talks: dict[str, Talk] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Answer until told to stop."""
        self._media.start()
        self._loop.add_reader(self._socket.fileno(), self._readable)
        await stopping.wait()
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._media.close()

    def _readable(self) -> None:
        try:
            data, source = self._socket.recvfrom(65_535)
        except OSError:
            return
        self._agent.receive(data, source[:2], clock.monotonic_s())
        self._settle()

    def _settle(self) -> None:
        for event in self._agent.take_events():
            self._on_event(event)
        for data, destination in self._agent.take_datagrams():
            self._socket.sendto(data, destination)
        due = self._agent.next_timer()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if due is None else self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._agent.handle_timer(clock.monotonic_s())
        self._settle()

    def _on_event(self, event: events.Event) -> None:
        now = clock.monotonic_s()
        if isinstance(event, events.IncomingInvite):
            self._ring(event, now)
        elif isinstance(event, events.Cancelled):
            self._end(event.call)
            event.call.reject(now, 487)
        elif isinstance(event, events.Bye | events.SessionExpired):
            self._end(event.call)
        elif isinstance(event, events.Reinvite):
            event.call.refuse(event.transaction, 488, now)
        elif isinstance(event, events.OtherRequest):
            self._agent.respond(event.transaction, respond(event.request, 200), now)

    def _ring(self, event: events.IncomingInvite, now: float) -> None:
        try:
            listener = remote_media(event.request.body)
        except Malformed:
            listener = None
        if listener is None:
            event.call.reject(now, 488)
            return
        talk = Talk(secrets.token_hex(8), event.call, event.request.body, listener)
        event.call.owner = talk
        self._talks[talk.identity] = talk
        event.call.progress(now, 180)
        self._loop.call_later(_RING_S, self._pick_up, talk.identity)

    def _pick_up(self, identity: str) -> None:
        if identity in self._talks:
            self._media.send(control.Open(id=identity))

    def _on_media(self, event: control.Event) -> None:
        talk = self._talks.get(event.id)
        if talk is None:
            return
        now = clock.monotonic_s()
        if isinstance(event, control.Opened):
            talk.call.answer(now, answer(talk.offer, event.host, event.port) or b"")
            self._media.send(_text(talk))
        else:
            self._end(talk.call)
            if talk.call.dialog is None:
                talk.call.reject(now, 480)
            else:
                talk.call.bye(now)
        self._settle()

    def _end(self, call: Call) -> None:
        talk, call.owner = call.owner, None
        if isinstance(talk, Talk):
            self._talks.pop(talk.identity, None)
            self._media.send(control.Close(id=talk.identity))


def _text(talk: Talk) -> control.Play:
    return control.Play(
        id=talk.identity,
        host=talk.listener.host,
        port=talk.listener.port,
        law=talk.listener.law.value,
        payload_type=talk.listener.payload_type,
        clips=("pause_400", *prompts.script("demo_line")),
        repeat=3,
        pause_ms=2_000,
    )


async def _serve(listen: Address, media: Path, own: Path) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await Telephone(listen, media, own).run(stopping)


def main() -> int:
    """Run the telephone; return the exit code."""
    parser = argparse.ArgumentParser(prog="chakka.cli.demo_telephone", description="The demo's telephone.")
    parser.add_argument("--listen", required=True, help="address and UDP port")
    parser.add_argument("--media", type=Path, required=True, help="socket of the media process")
    parser.add_argument("--own", type=Path, required=True, help="socket to bind for its answers")
    arguments = parser.parse_args()
    host, _, port = arguments.listen.rpartition(":")
    asyncio.run(_serve((host, int(port)), arguments.media, arguments.own))
    return 0


if __name__ == "__main__":
    sys.exit(main())
